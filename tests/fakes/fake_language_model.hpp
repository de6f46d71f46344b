// A language model that says what the test tells it to, word by word.
//
// thread-safe, and without threads of its own: generate() runs where it is called. A word with the white
// space before it is one token, in the arguments of a tool call as well. Without a script it answers
// "You said: " and the last message's text, or where a tool is required calls that with {}.
#pragma once

#include "engine/language_model.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::fakes {

class FakeLanguageModel final : public engine::LanguageModel {
public:
    explicit FakeLanguageModel(std::size_t parallel = 8, std::size_t context_tokens = 4096)
        : parallel_(parallel), context_tokens_(context_tokens) {}

    // ---- the script

    /// The next answer that has none yet. Answers are used up in the order of the calls.
    void answer_with(std::string text) { answer_with_calls(std::move(text), {}); }

    /// The next answer: words, which may be empty, and then these calls (their ids are not looked at). Of
    /// several only the first is made where the request does not allow more, and none with ToolUse::none.
    void answer_with_calls(std::string text, std::vector<engine::ToolCall> calls) {
        const std::lock_guard lock(mutex_);
        answers_.push_back({std::move(text), std::move(calls)});
    }

    /// The next call gives `words` words of its answer and then fails so.
    void fail_with(base::Error failure, std::size_t words = 0) {
        const std::lock_guard lock(mutex_);
        failure_ = Failure{std::move(failure), words};
    }

    /// From now on every answer waits before its word `words` (0: the first) until release() or its stop.
    void hold_after(std::size_t words) {
        const std::lock_guard lock(mutex_);
        hold_ = words;
        changed_.notify_all();
    }
    void release() {
        const std::lock_guard lock(mutex_);
        hold_.reset();
        changed_.notify_all();
    }

    /// Blocks until so many answers are held: where a test meets the thread that called generate().
    void await_held(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_ >= count; });
    }

    // ---- what happened

    std::size_t started() const { return read(started_); }      ///< calls that were not refused
    std::size_t finished() const { return read(finished_); }    ///< of these, with an answer to its end
    std::size_t cancelled() const { return read(cancelled_); }  ///< of these, stopped
    std::size_t held() const { return read(held_); }            ///< waiting right now
    std::vector<engine::GenerationRequest> requests() const { return read(requests_); }  ///< all, in order
    std::vector<engine::ConversationId> forgotten() const { return read(forgotten_); }

    // ---- the interface

    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        requests_.push_back(request);
        if (request.messages.empty() || request.max_tokens < 1)
            return base::error(base::Errc::invalid, "the conversation is empty", "messages");
        if (auto wrong = fault_of_tools(request)) return *std::move(wrong);
        const auto prompt = prompt_of(request);
        if (prompt.size() >= context_tokens_)
            return base::error(base::Errc::invalid, "the conversation has " + std::to_string(prompt.size()) +
                                                        " tokens, and the model takes fewer than " +
                                                        std::to_string(context_tokens_));
        if (busy_.contains(request.conversation))
            return base::error(base::Errc::conflict, "this conversation is being answered already");
        if (busy_.size() == parallel_)
            return base::error(base::Errc::overloaded, "all places of the language model are answering");
        busy_.insert(request.conversation);
        ++started_;
        auto result = answer(request, prompt, sink, stop, lock);
        busy_.erase(request.conversation);
        if (result) ++finished_;
        else if (result.error().code == base::Errc::cancelled) ++cancelled_;
        return result;
    }

    void forget(engine::ConversationId conversation) override {
        const std::lock_guard lock(mutex_);
        kept_.erase(conversation);
        forgotten_.push_back(conversation);
    }

    std::size_t parallel() const noexcept override { return parallel_; }
    std::size_t context_tokens() const noexcept override { return context_tokens_; }
    std::size_t count_tokens(std::string_view text) const override { return words_of(text).size(); }

private:
    struct Failure {
        base::Error error;
        std::size_t words;
    };
    using Words = std::vector<std::string>;
    struct Answer {
        std::string text;
        std::vector<engine::ToolCall> calls;
    };
    /// A fragment to be: a token.
    struct Piece {
        std::string text;
        std::optional<std::size_t> call;
        std::string tool;
    };

    template <typename T>
    T read(const T& value) const {
        const std::lock_guard lock(mutex_);
        return value;
    }

    static Words words_of(std::string_view text) {
        constexpr std::string_view kSpace = " \t\n";
        Words words;
        std::size_t at = 0;
        while (at < text.size()) {
            const auto word = std::min(text.find_first_not_of(kSpace, at), text.size());
            const auto end = std::min(text.find_first_of(kSpace, word), text.size());
            words.emplace_back(text.substr(at, end - at));
            at = end;
        }
        return words;
    }

    static std::optional<base::Error> fault_of_tools(const engine::GenerationRequest& request) {
        const auto invalid = [](const std::string& what) {
            return base::error(base::Errc::invalid, what, "tools");
        };
        constexpr std::string_view kLetters =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
        std::set<std::string> names;
        for (const engine::Tool& tool : request.tools) {
            if (tool.name.empty() || tool.name.size() > 64 ||
                tool.name.find_first_not_of(kLetters) != std::string::npos)
                return invalid("a tool's name must be 1 to 64 letters, digits, '_' or '-'");
            if (!names.insert(tool.name).second) return invalid("two tools have the name '" + tool.name + "'");
            if (!tool.parameters.empty() && (tool.parameters.front() != '{' || tool.parameters.back() != '}'))
                return invalid("the parameters of the tool '" + tool.name + "' must be a JSON Schema of type object");
        }
        const engine::ToolChoice& choice = request.tool_choice;
        if (choice.use == engine::ToolUse::required &&
            (request.tools.empty() || (!choice.name.empty() && !names.contains(choice.name))))
            return invalid("the tool '" + choice.name + "' is not offered");
        return std::nullopt;
    }

    Answer next_answer(const engine::GenerationRequest& request) {
        Answer answer;
        if (!answers_.empty()) {
            answer = std::move(answers_.front());
            answers_.pop_front();
        } else if (request.tool_choice.use == engine::ToolUse::required) {
            const std::string& named = request.tool_choice.name;
            answer.calls.push_back({"", named.empty() ? request.tools.front().name : named, "{}"});
        } else {
            answer.text = "You said: " + request.messages.back().text;
        }
        if (!request.parallel_tool_calls && answer.calls.size() > 1) answer.calls.resize(1);
        if (request.tool_choice.use == engine::ToolUse::none) answer.calls.clear();
        return answer;
    }

    static std::vector<Piece> pieces_of(const Answer& answer) {
        std::vector<Piece> pieces;
        for (auto& word : words_of(answer.text)) pieces.push_back({std::move(word), std::nullopt, {}});
        for (std::size_t i = 0; i < answer.calls.size(); ++i) {
            std::string name = answer.calls[i].name;
            for (auto& word : words_of(answer.calls[i].arguments))
                pieces.push_back({std::move(word), i, std::exchange(name, {})});
        }
        return pieces;
    }

    static Words prompt_of(const engine::GenerationRequest& request) {
        Words prompt;
        for (const auto& tool : request.tools) prompt.push_back("[tool " + tool.name + "]");
        for (const auto& message : request.messages) {
            const bool from_user = message.role == engine::Role::user;
            prompt.push_back(from_user ? "[user]" : message.role == engine::Role::system ? "[system]" : "[assistant]");
            for (auto& word : words_of(message.text)) prompt.push_back(std::move(word));
            for (const auto& call : message.calls)
                for (auto& word : words_of(call.arguments)) prompt.push_back(std::move(word));
        }
        prompt.push_back("[assistant]");
        return prompt;
    }

    /// With the lock held, but for the sink and while it is held back.
    base::Result<engine::Generation> answer(const engine::GenerationRequest& request, const Words& prompt,
                                            const Sink& sink, const std::stop_token& stop,
                                            std::unique_lock<std::mutex>& lock) {
        const auto pieces = pieces_of(next_answer(request));
        const auto failure = std::exchange(failure_, std::nullopt);
        const Words& kept = kept_[request.conversation];
        const auto differ = std::mismatch(kept.begin(), kept.end(), prompt.begin(), prompt.end() - 1).first;

        engine::Generation result;
        result.prompt_tokens = static_cast<int>(prompt.size());
        result.cached_tokens = static_cast<int>(differ - kept.begin());
        const auto wanted = static_cast<std::size_t>(request.max_tokens);
        const std::size_t room = std::min(wanted, context_tokens_ - prompt.size());
        if (!pieces.empty() && pieces.back().call) result.reason = engine::FinishReason::tool_calls;
        for (std::size_t i = 0; i <= pieces.size(); ++i) {
            if (hold_ == i) {
                ++held_;
                changed_.notify_all();
                changed_.wait(lock, stop, [&] { return hold_ != i; });
                --held_;
            }
            if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the answer was stopped");
            if (failure && failure->words == i) return failure->error;
            if (i == pieces.size()) break;
            if (i == room) {
                result.reason = engine::FinishReason::length;
                break;
            }
            lock.unlock();
            sink({pieces[i].text, pieces[i].call, pieces[i].tool});
            lock.lock();
            ++result.completion_tokens;
        }
        Words now = prompt;
        for (int i = 0; i < result.completion_tokens; ++i) now.push_back(pieces[static_cast<std::size_t>(i)].text);
        kept_[request.conversation] = std::move(now);
        return result;
    }

    const std::size_t parallel_;
    const std::size_t context_tokens_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Answer> answers_;
    std::optional<Failure> failure_;
    std::optional<std::size_t> hold_;
    std::size_t held_ = 0;
    std::size_t started_ = 0;
    std::size_t finished_ = 0;
    std::size_t cancelled_ = 0;
    std::set<engine::ConversationId> busy_;
    std::map<engine::ConversationId, Words> kept_;
    std::vector<engine::GenerationRequest> requests_;
    std::vector<engine::ConversationId> forgotten_;
};

}  // namespace antiphon::fakes
