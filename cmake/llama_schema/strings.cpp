// The three functions of llama.cpp's common/common.cpp that its schema converter uses: that file itself
// would bring the rest of common/ with it.
#include "common.h"

std::string string_join(const std::vector<std::string>& values, const std::string& separator) {
    std::string joined;
    for (const std::string& value : values) {
        if (&value != &values.front()) joined += separator;
        joined += value;
    }
    return joined;
}

std::vector<std::string> string_split(const std::string& text, const std::string& delimiter) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (auto end = text.find(delimiter); end != std::string::npos; end = text.find(delimiter, start)) {
        parts.push_back(text.substr(start, end - start));
        start = end + delimiter.size();
    }
    parts.push_back(text.substr(start));
    return parts;
}

std::string string_repeat(const std::string& text, std::size_t count) {
    std::string repeated;
    repeated.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) repeated += text;
    return repeated;
}
