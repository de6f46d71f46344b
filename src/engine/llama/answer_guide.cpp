#include "engine/llama/answer_guide.hpp"

#include "base/utf8.hpp"
#include "engine/llama/tool_text.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace antiphon::engine::llama {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostCalls = 8;
/// About how many tokens the model needs for the shortest arguments.
int tokens_of(const OfferedTool& tool) { return static_cast<int>(tool.grammar.shortest * 2 / 3) + 8; }

bool is_prefix(std::string_view text, std::string_view of) { return of.starts_with(text); }

/// The model goes round in a circle: the end is the same few characters, at least four times over.
bool circles(std::string_view text) {
    constexpr std::size_t kLongestRound = 48;
    for (std::size_t round = 1; round <= kLongestRound; ++round) {
        const std::size_t length = std::max<std::size_t>(4 * round, 32);
        if (text.size() < length) return false;
        const std::string_view end = text.substr(text.size() - length);
        if (end.substr(round) == end.substr(0, length - round)) return true;
    }
    return false;
}

}  // namespace

AnswerGuide::AnswerGuide(const ChatFormat& format, const llama_vocab& vocabulary, ToolPlan plan, int limit)
    : format_(format), vocabulary_(vocabulary), plan_(std::move(plan)), limit_(limit), known_(plan_.answered) {
    if (plan_.tools.empty()) return;
    const auto single = [&](const char* text) {
        const auto tokens = format_.plain(text);
        return tokens.size() == 1 ? tokens.front() : LLAMA_TOKEN_NULL;
    };
    quote_ = single("\"");
    for (const char* text : {"}", "]", "\"", ","})
        if (const llama_token token = single(text); token != LLAMA_TOKEN_NULL) closers_.push_back(token);
}

std::string AnswerGuide::begin() {
    if (!plan_.from_start || plan_.tools.empty()) return {};
    return std::string(kCallOpen) + open_call();
}

void AnswerGuide::judge(llama_token_data_array& candidates) const {
    for (std::size_t i = 0; i < candidates.size; ++i) {
        llama_token_data& candidate = candidates.data[i];
        const bool ends = format_.ends_answer(candidate.id);
        const std::string text = ends ? std::string() : format_.text_of(candidate.id);
        bool fits = true;
        switch (state_) {
            case State::words:
                fits = ends || fits_words(text);
                break;
            case State::name:
                fits = !text.empty() && std::any_of(plan_.tools.begin(), plan_.tools.end(), [&](const auto& tool) {
                    return is_prefix(name_ + text, tool.name + '"');
                });
                break;
            case State::arguments:
                fits = !text.empty();
                break;
            case State::between:
                fits = ends || (!text.empty() &&
                                is_prefix(between_ + text, std::string(kBetweenCalls) + std::string(kCallOpen)));
                break;
        }
        if (!fits) candidate.logit = -INFINITY;
    }
    if (state_ == State::arguments) llama_sampler_apply(grammar_.get(), &candidates);
}

/// Of the form's marks only the one that begins a call may be written, and nothing in the same token after it.
bool AnswerGuide::fits_words(std::string_view text) const {
    const std::string all = held_ + std::string(text);
    for (const std::string_view mark : {std::string_view("<tool"), std::string_view("</tool")}) {
        const auto at = all.find(mark);
        if (at == std::string::npos) continue;
        if (plan_.tools.empty() || !is_prefix(std::string_view(all).substr(at), kCallOpen)) return false;
    }
    return true;
}

std::vector<llama_token> AnswerGuide::preferred() const {
    if (state_ != State::arguments || escaped_ || arguments_.empty()) return {};
    if (limit_ - taken_ > tokens_of(*tool_) && !circles(arguments_)) return {};
    if (!in_string_) return closers_;
    return quote_ == LLAMA_TOKEN_NULL ? std::vector<llama_token>{} : std::vector<llama_token>{quote_};
}

std::string AnswerGuide::take(llama_token token, std::string_view text) {
    ++taken_;
    switch (state_) {
        case State::words:
            take_words(text);
            return state_ == State::name ? open_call() : std::string();
        case State::name: return take_name(text);
        case State::arguments:
            llama_sampler_accept(grammar_.get(), token);
            return take_arguments(text);
        case State::between: return take_between(text);
    }
    return {};
}

void AnswerGuide::take_words(std::string_view text) {
    held_ += text;
    std::size_t out = base::whole_characters(held_);
    const auto open = plan_.tools.empty() ? std::string::npos : held_.find(kCallOpen);
    if (open != std::string::npos) {
        const auto last = held_.find_last_not_of(kSpace, open == 0 ? std::string::npos : open - 1);
        out = open == 0 || last == std::string::npos ? 0 : last + 1;
        state_ = State::name;
    } else {
        // A mark may have begun; and when calls are possible, so may the white space before one.
        if (const auto mark = held_.rfind('<'); mark != std::string::npos) {
            const std::string_view rest = std::string_view(held_).substr(mark);
            if (is_prefix(rest, kCallOpen) || is_prefix(rest, "</tool")) out = std::min(out, mark);
        }
        if (!plan_.tools.empty()) {
            const auto last = held_.find_last_not_of(kSpace, out == 0 ? 0 : out - 1);
            out = out == 0 || last == std::string::npos ? 0 : std::min(out, last + 1);
        }
    }
    given_out_ = given_out_ || out > 0;
    if (out > 0) pieces_.push_back({base::to_utf8(std::string_view(held_).substr(0, out)), std::nullopt, {}});
    if (state_ == State::name) held_.clear();
    else held_.erase(0, out);
}

/// After the mark: the name, as far as there is no choice.
std::string AnswerGuide::open_call() {
    state_ = State::name;
    name_.clear();
    return std::string(kCallHead) + take_name("");
}

std::string AnswerGuide::take_name(std::string_view text) {
    name_ += text;
    const OfferedTool* meant = nullptr;
    for (const OfferedTool& tool : plan_.tools) {
        if (!is_prefix(name_, tool.name + '"')) continue;
        if (meant != nullptr) return {};
        meant = &tool;
    }
    if (meant == nullptr) throw std::logic_error("a tool that was not offered");
    std::string rest = (meant->name + std::string(kCallArguments)).substr(name_.size());
    return rest + begin_arguments(*meant);
}

std::string AnswerGuide::begin_arguments(const OfferedTool& tool) {
    tool_ = &tool;
    grammar_.reset(llama_sampler_init_grammar(&vocabulary_, tool.grammar.text.c_str(), "root"));
    if (!grammar_) throw std::logic_error("a grammar that llama.cpp cannot read");
    arguments_.clear();
    given_ = 0;
    depth_ = 0;
    in_string_ = false;
    escaped_ = false;
    state_ = State::arguments;
    return {};
}

std::string AnswerGuide::take_arguments(std::string_view text) {
    std::size_t at = 0;
    bool whole = false;
    for (; at < text.size() && !whole; ++at) {
        const char c = text[at];
        if (depth_ == 0 && c != '{') continue;  // the space before the object
        arguments_ += c;
        if (escaped_) escaped_ = false;
        else if (in_string_ && c == '\\') escaped_ = true;
        else if (c == '"') in_string_ = !in_string_;
        else if (!in_string_ && (c == '{' || c == '[')) ++depth_;
        else if (!in_string_ && (c == '}' || c == ']')) whole = --depth_ == 0;
    }
    const std::pair<std::string, std::string> call{tool_->name, arguments_};
    const bool again = whole && std::find(known_.begin(), known_.end(), call) != known_.end();
    const std::size_t ready = given_ + base::whole_characters(std::string_view(arguments_).substr(given_));
    if (ready > given_ && !again && (whole || !may_be_known())) {
        pieces_.push_back({arguments_.substr(given_, ready - given_), calls_,
                           given_ == 0 ? tool_->name : std::string()});
        given_ = ready;
    }
    if (!whole) return {};
    state_ = State::between;
    between_.clear();
    if (again) {
        done_ = true;
        again_ = calls_ == 0;
        return {};
    }
    known_.push_back(call);
    ++calls_;
    int most = 0;
    for (const OfferedTool& tool : plan_.tools) most = std::max(most, tokens_of(tool));
    done_ = !plan_.parallel || calls_ == kMostCalls || limit_ - taken_ < most + 8;  // some for the name
    return std::string(kCallClose.substr(text.size() - at));
}

/// Whether the arguments begin like those of a call that is not to be made again: they are held back then.
bool AnswerGuide::may_be_known() const {
    return std::any_of(known_.begin(), known_.end(), [this](const auto& call) {
        return call.first == tool_->name && is_prefix(arguments_, call.second);
    });
}

bool AnswerGuide::begins_again() {
    if (!again_ || given_out_) return false;
    again_ = false;
    done_ = false;
    state_ = State::words;
    taken_ = 0;
    plan_.tools.clear();
    tool_ = nullptr;
    return true;
}

std::string AnswerGuide::take_between(std::string_view text) {
    between_ += text;
    const std::string rest = (std::string(kBetweenCalls) + std::string(kCallOpen)).substr(between_.size());
    return rest + open_call();
}

FinishReason AnswerGuide::end(bool chosen) {
    if (state_ == State::words) {
        // The beginning of a mark is no word.
        std::string_view left = held_;
        if (const auto mark = left.rfind('<'); mark != std::string_view::npos && left.size() - mark >= 5)
            if (is_prefix(left.substr(mark), kCallOpen) || is_prefix(left.substr(mark), "</tool"))
                left = left.substr(0, mark);
        left = left.substr(0, base::whole_characters(left));
        if (!left.empty()) pieces_.push_back({base::to_utf8(left), std::nullopt, {}});
        held_.clear();
        return chosen ? FinishReason::stop : FinishReason::length;
    }
    if (state_ == State::between) return calls_ > 0 ? FinishReason::tool_calls : FinishReason::stop;
    return FinishReason::length;
}

}  // namespace antiphon::engine::llama
