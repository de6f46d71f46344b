#include "engine/token_estimate.hpp"

namespace antiphon::engine {
namespace {

constexpr std::size_t kLettersPerToken = 6;
constexpr std::size_t kDigitsPerToken = 3;
constexpr std::size_t kMarksPerMessage = 5;
constexpr std::size_t kMarksPerTool = 24;

}  // namespace

std::size_t estimate_tokens(std::string_view text) {
    std::size_t tokens = 0;
    std::size_t letters = 0;
    std::size_t digits = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const char lower = static_cast<char>(c | 0x20);
        const bool letter = lower >= 'a' && lower <= 'z';
        const bool digit = c >= '0' && c <= '9';
        letters = letter ? letters + 1 : 0;
        digits = digit ? digits + 1 : 0;
        const bool first_byte = (byte & 0xC0U) != 0x80U;  // of a character
        if (letter) tokens += letters % kLettersPerToken == 1 ? 1U : 0U;
        else if (digit) tokens += digits % kDigitsPerToken == 1 ? 1U : 0U;
        else if (c != ' ' && first_byte) ++tokens;
    }
    return tokens;
}

std::size_t estimate_tokens(const GenerationRequest& request) {
    std::size_t tokens = 0;
    for (const Message& message : request.messages) {
        tokens += kMarksPerMessage + estimate_tokens(message.text);
        for (const ToolCall& call : message.calls)
            tokens += kMarksPerTool + estimate_tokens(call.name) + estimate_tokens(call.arguments);
    }
    for (const Tool& tool : request.tools)
        tokens += kMarksPerTool + estimate_tokens(tool.name) + estimate_tokens(tool.description) +
                  estimate_tokens(tool.parameters);
    return tokens;
}

}  // namespace antiphon::engine
