#include "think/item.hpp"

namespace antiphon::think {

std::string words_of(const Item& item) {
    std::string words;
    for (const Content& content : item.content) {
        if (!content.text || content.text->empty()) continue;
        if (!words.empty()) words += ' ';
        words += *content.text;
    }
    return words;
}

}  // namespace antiphon::think
