#include "engine/llama/scheduler.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace antiphon::engine::llama {
namespace {

/// A shorter beginning costs less to compute than it is worth a place among the kept prefixes.
constexpr std::size_t kShortestPrefix = 16;

base::Error cancelled() { return base::error(base::Errc::cancelled, "the answer was stopped"); }

}  // namespace

struct Scheduler::Job {
    Job(ConversationId id, Prompt of, AnswerGuide by, int most, std::size_t most_in_all, const Sampling& sampling,
        const llama_vocab& vocabulary, const LanguageModel::Sink& to, std::stop_token until)
        : conversation(id), prompt(std::move(of)), guide(std::move(by)), limit(most), room(most_in_all),
          sampler(vocabulary, sampling), sink(to), stop(std::move(until)) {
        result.prompt_tokens = static_cast<int>(prompt.tokens.size());
    }

    const ConversationId conversation;
    Prompt prompt;  ///< its tokens grow by the answer's
    AnswerGuide guide;
    const int limit;         ///< tokens that the model chooses
    const std::size_t room;  ///< for all of the answer's tokens
    TokenSampler sampler;
    const LanguageModel::Sink& sink;
    const std::stop_token stop;

    Sequence branch;              ///< how far the tokens have been computed
    std::size_t in_batch = 0;     ///< tokens of the current batch
    int output = -1;              ///< where in the batch the logits of the last token are; -1: not in it
    bool prefix_kept = false;
    Answer answer;
    Generation result;

    std::optional<base::Result<Generation>> outcome;  ///< with the scheduler's mutex
    std::condition_variable done;
};

Scheduler::Scheduler(llama_context_ptr context, const ChatFormat& format, const SchedulerLimits& limits)
    : context_(std::move(context)),
      format_(format),
      limits_(limits),
      memory_(llama_get_memory(context_.get()), KvMemory::sequences_for(limits.places), limits.branching),
      batch_(llama_batch_init(static_cast<std::int32_t>(limits.prefill_tokens + limits.places), 0, 1)) {
    llama_set_abort_callback(context_.get(), &Scheduler::nobody_waits, this);
    thread_ = std::thread([this] { loop(); });
}

Scheduler::~Scheduler() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    work_.notify_one();
    thread_.join();
    std::unique_lock lock(mutex_);
    left_.wait(lock, [this] { return callers_ == 0; });
    llama_batch_free(batch_);
}

base::Result<std::vector<Answer>> Scheduler::admit(ConversationId conversation) {
    const std::lock_guard lock(mutex_);
    if (closing_) return cancelled();
    auto at = conversations_.find(conversation);
    if (at == conversations_.end()) {
        if (conversations_.size() == limits_.places) {
            auto oldest = conversations_.end();
            for (auto it = conversations_.begin(); it != conversations_.end(); ++it) {
                if (it->second.busy) continue;
                if (oldest == conversations_.end() || it->second.last_used < oldest->second.last_used) oldest = it;
            }
            if (oldest == conversations_.end())
                return base::error(base::Errc::overloaded, "all " + std::to_string(limits_.places) +
                                                               " places of the language model are answering");
            discarded_.push_back(std::move(oldest->second.kept));
            conversations_.erase(oldest);
        }
        at = conversations_.try_emplace(conversation).first;
    }
    if (at->second.busy)
        return base::error(base::Errc::conflict, "this conversation is being answered already");
    at->second.busy = true;
    ++callers_;
    return at->second.answers;
}

void Scheduler::withdraw(ConversationId conversation) {
    const std::lock_guard lock(mutex_);
    leave(conversations_.find(conversation));
    --callers_;
    left_.notify_all();
}

void Scheduler::leave(std::map<ConversationId, Conversation>::iterator at) {
    at->second.busy = false;
    at->second.last_used = ++uses_;
    // One without anything kept needs no place.
    if (!at->second.forgotten && at->second.kept.id >= 0) return;
    discarded_.push_back(std::move(at->second.kept));
    conversations_.erase(at);
}

base::Result<Generation> Scheduler::run(ConversationId conversation, Prompt prompt, ToolPlan plan, int limit,
                                        std::size_t room, const Sampling& sampling, const LanguageModel::Sink& sink,
                                        std::stop_token stop) {
    const llama_vocab& vocabulary = *llama_model_get_vocab(llama_get_model(context_.get()));
    Job job(conversation, std::move(prompt), AnswerGuide(format_, vocabulary, std::move(plan), limit), limit, room,
            sampling, vocabulary, sink, std::move(stop));
    std::unique_lock lock(mutex_);
    if (closing_) {
        leave(conversations_.find(conversation));
        job.outcome = cancelled();
    } else {
        arriving_.push_back(&job);
        work_.notify_one();
        job.done.wait(lock, [&] { return job.outcome.has_value(); });
    }
    --callers_;
    left_.notify_all();
    return *std::move(job.outcome);
}

void Scheduler::forget(ConversationId conversation) {
    const std::lock_guard lock(mutex_);
    const auto at = conversations_.find(conversation);
    if (at == conversations_.end()) return;
    if (at->second.busy) {
        at->second.forgotten = true;
        return;
    }
    discarded_.push_back(std::move(at->second.kept));
    conversations_.erase(at);
    work_.notify_one();
}

void Scheduler::loop() {
    while (true) {
        std::vector<Job*> arrived;
        std::vector<Sequence> discarded;
        {
            std::unique_lock lock(mutex_);
            work_.wait(lock, [this] {
                return closing_ || !active_.empty() || !arriving_.empty() || !discarded_.empty();
            });
            arrived.swap(arriving_);
            discarded.swap(discarded_);
        }
        for (Sequence& sequence : discarded) memory_.drop(sequence);
        for (Job* job : arrived) begin(*job);
        for (std::size_t i = active_.size(); i > 0; --i)
            if (closing_ || active_[i - 1]->stop.stop_requested()) finish(*active_[i - 1], cancelled());
        if (closing_) return;
        if (!active_.empty()) step();
    }
}

void Scheduler::begin(Job& job) {
    {
        const std::lock_guard lock(mutex_);
        job.branch = memory_.branch(job.prompt.tokens, conversations_.at(job.conversation).kept);
    }
    job.result.cached_tokens = static_cast<int>(job.branch.tokens.size());
    active_.push_back(&job);
    try {
        for (const llama_token token : format_.marked(job.guide.begin())) write(job, token);
    } catch (const std::exception& failure) {
        fail_call(job, failure);
    }
}

/// What llama.cpp's grammars throw.
void Scheduler::fail_call(Job& job, const std::exception& failure) {
    base::log::error("llama.grammar", {{"failure", failure.what()}});
    finish(job, base::error(base::Errc::engine, "the language model could not write a tool call"));
}

void Scheduler::step() {
    batch_.n_tokens = 0;
    batched_.clear();
    const auto add = [this](Job& job, std::size_t most) {
        const std::size_t from = job.branch.tokens.size();
        job.in_batch = std::min(most, job.prompt.tokens.size() - from);
        job.output = -1;
        if (job.in_batch == 0) return;
        for (std::size_t i = from; i < from + job.in_batch; ++i) {
            const auto at = batch_.n_tokens++;
            const bool last = i + 1 == job.prompt.tokens.size();
            batch_.token[at] = job.prompt.tokens[i];
            batch_.pos[at] = static_cast<llama_pos>(i);
            batch_.n_seq_id[at] = 1;
            batch_.seq_id[at][0] = job.branch.id;
            batch_.logits[at] = last ? 1 : 0;
            if (last) job.output = at;
        }
        batched_.push_back(&job);
    };
    std::size_t prefill = limits_.prefill_tokens;
    for (Job* job : active_) {
        // An answer's next token always has its place.
        const std::size_t place = job->result.completion_tokens > 0 ? 1 : 0;
        add(*job, place + prefill);
        prefill -= std::max(job->in_batch, place) - place;
    }

    int status = -1;
    try {
        status = llama_decode(context_.get(), batch_);
    } catch (const std::exception& failure) {
        base::log::error("llama.decode", {{"failure", failure.what()}});
    }
    if (status == 2) return;  // aborted: everybody in it has stopped, and the loop ends them
    if (status == 1) return make_room();
    const std::vector<Job*> done = batched_;  // finish() takes jobs out of active_ while this goes on
    for (Job* job : done) {
        if (status != 0) {
            finish(*job, base::error(base::Errc::engine, "llama.cpp failed with " + std::to_string(status)));
            continue;
        }
        try {
            advance(*job);
        } catch (const std::exception& failure) {
            fail_call(*job, failure);
        }
    }
}

void Scheduler::advance(Job& job) {
    const auto from = job.prompt.tokens.begin() + static_cast<std::ptrdiff_t>(job.branch.tokens.size());
    job.branch.tokens.insert(job.branch.tokens.end(), from, from + static_cast<std::ptrdiff_t>(job.in_batch));
    if (!job.prefix_kept && job.prompt.shared >= kShortestPrefix && job.branch.tokens.size() >= job.prompt.shared) {
        memory_.keep_prefix(job.branch, job.prompt.shared);
        job.prefix_kept = true;
    }
    if (job.output < 0 || job.stop.stop_requested()) return;

    const auto token = job.sampler.next(*context_, job.output, job.guide);
    if (!token)
        return finish(job, base::error(base::Errc::engine, "the language model could not go on with a tool call"));
    const bool ends = format_.ends_answer(*token);
    if (!ends) {
        write(job, *token);
        ++job.result.completion_tokens;
        const std::string between = job.guide.take(*token, format_.text_of(*token));
        if (!job.guide.done())
            for (const llama_token more : format_.marked(between)) write(job, more);
    }
    if (job.guide.begins_again()) return begin_again(job);
    const bool over = ends || job.guide.done() || job.result.completion_tokens >= job.limit ||
                      job.answer.tokens.size() >= job.room;
    if (over) job.result.reason = job.guide.end(ends);
    give(job);
    if (over && !job.stop.stop_requested()) finish(job, job.result);
}

/// Puts a token at the answer's end; it is computed with the next step.
void Scheduler::write(Job& job, llama_token token) {
    job.prompt.tokens.push_back(token);
    job.answer.tokens.push_back(token);
    job.answer.text += format_.text_of(token);
    job.answer.ends.push_back(job.answer.text.size());
}

void Scheduler::begin_again(Job& job) {
    job.prompt.tokens.resize(static_cast<std::size_t>(job.result.prompt_tokens));
    job.answer = {};
    job.result.completion_tokens = 0;
    memory_.cut(job.branch, job.prompt.tokens.size() - 1);  // the last one says what follows it
}

void Scheduler::give(Job& job) {
    for (const AnswerGuide::Piece& piece : job.guide.pieces()) {
        if (job.stop.stop_requested()) return;
        job.sink({piece.text, piece.call, piece.tool});
    }
}

void Scheduler::make_room() {
    {
        const std::lock_guard lock(mutex_);
        Conversation* oldest = nullptr;
        for (auto& [id, conversation] : conversations_)
            if (!conversation.busy && conversation.kept.id >= 0 &&
                (oldest == nullptr || conversation.last_used < oldest->last_used))
                oldest = &conversation;
        if (oldest != nullptr) return memory_.drop(oldest->kept);
        if (memory_.drop_prefix()) return;
        // What an answer shares with its kept sequence it holds by itself; this frees what it has replaced.
        for (const Job* job : active_) {
            Sequence& kept = conversations_.at(job->conversation).kept;
            if (kept.id >= 0) return memory_.drop(kept);
        }
    }
    finish(*active_.back(),
           base::error(base::Errc::overloaded, "the answers under way fill the language model's memory"));
}

void Scheduler::finish(Job& job, base::Result<Generation> outcome) {
    active_.erase(std::find(active_.begin(), active_.end(), &job));
    const std::lock_guard lock(mutex_);
    const auto at = conversations_.find(job.conversation);
    if (outcome) {
        memory_.drop(at->second.kept);
        at->second.kept = std::move(job.branch);
        at->second.answers = std::move(job.prompt.answers);
        at->second.answers.push_back(std::move(job.answer));
    } else {
        memory_.drop(job.branch);
    }
    leave(at);
    job.outcome = std::move(outcome);
    job.done.notify_one();  // with the mutex held: the job lives on its caller's stack
}

bool Scheduler::nobody_waits(void* self) {
    const auto& scheduler = *static_cast<const Scheduler*>(self);
    if (scheduler.closing_) return true;
    return !scheduler.batched_.empty() &&
           std::all_of(scheduler.batched_.begin(), scheduler.batched_.end(),
                       [](const Job* job) { return job->stop.stop_requested(); });
}

}  // namespace antiphon::engine::llama
