#include "app/caller_captions.hpp"

#include "base/utf8.hpp"

namespace antiphon::app {
namespace {

/// A server's text must not move the cursor or colour the terminal.
std::string printable(std::string_view text) {
    std::string clean;
    for (const char32_t point : base::code_points(text)) {
        const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
        base::append_utf8(clean, control ? U' ' : point);
    }
    return clean;
}

}  // namespace

void CallerCaptions::grow(std::string_view speaker, std::string_view text) {
    if (text.empty()) return;
    if (speaker_ != speaker) {
        end_line();
        const auto begin = text.find_first_not_of(" \n");
        if (begin == std::string_view::npos) return;
        text.remove_prefix(begin);
        speaker_ = speaker;
        out_ << speaker_ << ": ";
    }
    out_ << printable(text) << std::flush;
}

void CallerCaptions::line(std::string_view speaker, std::string_view text) {
    end_line();
    out_ << speaker << ": " << printable(base::trimmed(text)) << '\n' << std::flush;
}

void CallerCaptions::end_line() {
    if (!speaker_.empty()) out_ << '\n' << std::flush;
    speaker_.clear();
}

}  // namespace antiphon::app
