#include "engine/llama/chat_format.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::engine::llama {
namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";

const char* name_of(Role role) {
    switch (role) {
        case Role::system: return "system";
        case Role::user: return "user";
        case Role::assistant: return "assistant";
        case Role::tool: return "user";  // within marks
    }
    return "user";
}

std::size_t leading_space(std::string_view text) {
    const auto first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos ? text.size() : first;
}

/// Stands for turn `index` while the template is applied. No template has these control characters.
std::string mark(std::size_t index) { return '\x02' + std::to_string(index) + '\x03'; }

void append(std::vector<llama_token>& all, const std::vector<llama_token>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

ChatFormat::ChatFormat(const llama_vocab& vocabulary, std::string chat_template)
    : vocabulary_(&vocabulary), template_(std::move(chat_template)) {}

base::Result<ChatFormat> ChatFormat::open(const llama_model& model, const std::string& chat_template) {
    std::string source = chat_template;
    if (source.empty()) {
        const char* own = llama_model_chat_template(&model, nullptr);
        if (own == nullptr)
            return base::error(base::Errc::unsupported,
                               "the model carries no chat template; name one in the settings, for example chatml");
        source = own;
    }
    ChatFormat format(*llama_model_get_vocab(&model), std::move(source));
    const auto sample = format.render(
        turns({{Role::system, "a"}, {Role::user, "b"}, {Role::assistant, "c"}, {Role::user, "d"}}, {}));
    if (!sample)
        return base::error(base::Errc::unsupported, "llama.cpp does not know this chat template: " +
                                                        format.template_.substr(0, 60));
    const auto insert_special = [&](std::unordered_set<llama_token>& into, std::string_view text) {
        for (const llama_token token : format.tokenized(text, true)) {
            const auto attributes = llama_vocab_get_attr(format.vocabulary_, token);
            if ((attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED)) != 0) into.insert(token);
        }
    };
    for (const Piece& piece : *sample)
        if (!piece.turn) insert_special(format.structure_, piece.text);
    for (const std::string_view mark : kMarks) insert_special(format.marks_, mark);
    return format;
}

std::vector<ChatFormat::Turn> ChatFormat::turns(const std::vector<Message>& messages, const std::vector<Tool>& tools) {
    std::vector<Turn> turns;
    if (!tools.empty() && (messages.empty() || messages.front().role != Role::system)) {
        turns.push_back({Role::system, {}});
        describe_tools(turns.back().parts, tools);
    }
    for (const Message& message : messages) {
        if (message.role == Role::tool) {
            if (turns.empty() || !turns.back().results) turns.push_back({Role::tool, {}, true});
            append_result(turns.back().parts, message.text);
            continue;
        }
        turns.push_back({message.role, {}});
        Parts& parts = turns.back().parts;
        if (!message.text.empty()) parts.push_back({base::to_utf8(message.text), false});
        if (&message == &messages.front() && message.role == Role::system && !tools.empty())
            describe_tools(parts, tools);
        append_calls(parts, message.calls);
    }
    return turns;
}

std::optional<std::vector<ChatFormat::Piece>> ChatFormat::render(const std::vector<Turn>& turns) const {
    std::vector<std::string> marks;
    for (std::size_t i = 0; i < turns.size(); ++i) marks.push_back(mark(i));
    std::vector<llama_chat_message> chat;
    for (std::size_t i = 0; i < turns.size(); ++i) chat.push_back({name_of(turns[i].role), marks[i].c_str()});

    const int length = llama_chat_apply_template(template_.c_str(), chat.data(), chat.size(), true, nullptr, 0);
    if (length < 0) return std::nullopt;
    std::string rendered(static_cast<std::size_t>(length), '\0');
    llama_chat_apply_template(template_.c_str(), chat.data(), chat.size(), true, rendered.data(), length);

    std::vector<Piece> pieces;
    std::size_t at = 0;
    while (at < rendered.size()) {
        const auto begin = rendered.find('\x02', at);
        const auto end = rendered.find('\x03', at);
        if (begin == std::string::npos || end == std::string::npos) break;
        if (begin > at) pieces.push_back({rendered.substr(at, begin - at), std::nullopt});
        const std::size_t index = std::stoul(rendered.substr(begin + 1, end - begin - 1));
        pieces.push_back({{}, index});
        at = end + 1;
    }
    if (at < rendered.size()) pieces.push_back({rendered.substr(at), std::nullopt});
    return pieces;
}

Prompt ChatFormat::prompt(const std::vector<Message>& messages, const std::vector<Answer>& known,
                          const std::vector<Tool>& tools) const {
    Prompt prompt;
    const auto turns = ChatFormat::turns(messages, tools);
    const auto pieces = render(turns).value_or(std::vector<Piece>{});  // open() has tried the template
    bool before_callers = true;
    for (const Piece& piece : pieces) {
        if (!piece.turn) {
            append(prompt.tokens, tokenized(piece.text, true));
        } else if (const Turn& turn = turns[*piece.turn]; turn.role == Role::assistant) {
            const std::size_t place = prompt.answers.size();
            prompt.answers.push_back(answer(turn.parts, place < known.size() ? &known[place] : nullptr));
            append(prompt.tokens, prompt.answers.back().tokens);
        } else {
            append(prompt.tokens, tokens_of(turn.parts, 0));
        }
        if (piece.turn && turns[*piece.turn].role != Role::system) before_callers = false;
        if (before_callers) prompt.shared = prompt.tokens.size();
    }
    const llama_token first = llama_vocab_bos(vocabulary_);
    if (llama_vocab_get_add_bos(vocabulary_) && first != LLAMA_TOKEN_NULL &&
        (prompt.tokens.empty() || prompt.tokens.front() != first)) {
        prompt.tokens.insert(prompt.tokens.begin(), first);
        ++prompt.shared;
    }
    return prompt;
}

/// The tokens of what comes after the first `from` bytes.
std::vector<llama_token> ChatFormat::tokens_of(const Parts& parts, std::size_t from) const {
    std::vector<llama_token> tokens;
    for (const Part& part : parts) {
        const std::size_t skipped = std::min(from, part.text.size());
        from -= skipped;
        const std::string_view rest = std::string_view(part.text).substr(skipped);
        append(tokens, part.mark ? marked(rest) : plain(rest));
    }
    return tokens;
}

Answer ChatFormat::answer(const Parts& parts, const Answer* known) const {
    std::string text;
    for (const Part& part : parts) text += part.text;
    Answer answer{text, {}, {}};
    std::size_t at = 0;  // how far `text` has its tokens
    if (known != nullptr) {
        const std::size_t here = leading_space(text);
        const std::size_t there = leading_space(known->text);
        const auto differ = std::mismatch(text.begin() + static_cast<std::ptrdiff_t>(here), text.end(),
                                          known->text.begin() + static_cast<std::ptrdiff_t>(there), known->text.end());
        const auto same = static_cast<std::size_t>(differ.second - known->text.begin());  // bytes of `known`
        std::size_t count = 0;
        while (count < known->ends.size() && known->ends[count] <= same) ++count;
        if (count > 0 && known->ends[count - 1] >= there) {
            // Kept with the known text's own white space, which the tokens stand for.
            answer.tokens.assign(known->tokens.begin(), known->tokens.begin() + static_cast<std::ptrdiff_t>(count));
            answer.ends.assign(known->ends.begin(), known->ends.begin() + static_cast<std::ptrdiff_t>(count));
            at = here + known->ends[count - 1] - there;
            answer.text = known->text.substr(0, known->ends[count - 1]) + text.substr(at);
        }
    }
    std::size_t end = answer.ends.empty() ? 0 : answer.ends.back();
    for (const llama_token token : tokens_of(parts, at)) {
        end += text_of(token).size();
        answer.tokens.push_back(token);
        answer.ends.push_back(end);
    }
    return answer;
}

std::vector<llama_token> ChatFormat::plain(std::string_view text) const {
    std::vector<llama_token> tokens = tokenized(text, false);
    const auto special = [this](llama_token token) { return means_something(token); };
    if (std::none_of(tokens.begin(), tokens.end(), special)) return tokens;
    // Some vocabularies list a template's tokens, or a mark, as ordinary words. Taken apart they lose their meaning.
    std::vector<llama_token> harmless;
    for (const llama_token token : tokens) {
        const std::string bytes = special(token) ? bytes_of(token, true) : std::string();
        if (bytes.size() < 2) {
            harmless.push_back(token);
            continue;
        }
        append(harmless, plain(std::string_view(bytes).substr(0, 1)));
        append(harmless, plain(std::string_view(bytes).substr(1)));
    }
    return harmless;
}

std::vector<llama_token> ChatFormat::marked(std::string_view text) const { return tokenized(text, true); }

std::string ChatFormat::text_of(llama_token token) const { return bytes_of(token, marks_.contains(token)); }

bool ChatFormat::ends_answer(llama_token token) const {
    return llama_vocab_is_eog(vocabulary_, token) ||
           (structure_.contains(token) && (llama_vocab_get_attr(vocabulary_, token) & LLAMA_TOKEN_ATTR_CONTROL) != 0);
}

std::vector<llama_token> ChatFormat::tokenized(std::string_view text, bool with_control) const {
    if (text.empty()) return {};
    std::vector<llama_token> tokens(text.size() + 2);  // a token stands for at least a byte
    const int count = llama_tokenize(vocabulary_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                     static_cast<std::int32_t>(tokens.size()), false, with_control);
    tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
    return tokens;
}

std::string ChatFormat::bytes_of(llama_token token, bool with_control) const {
    std::string bytes(64, '\0');
    const auto write = [&] {
        return llama_token_to_piece(vocabulary_, token, bytes.data(), static_cast<std::int32_t>(bytes.size()), 0,
                                    with_control);
    };
    int length = write();
    if (length < 0) {  // that many bytes are needed
        bytes.resize(static_cast<std::size_t>(-length));
        length = write();
    }
    bytes.resize(static_cast<std::size_t>(std::max(length, 0)));
    return bytes;
}

}  // namespace antiphon::engine::llama
