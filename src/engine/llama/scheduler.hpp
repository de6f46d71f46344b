// Decodes all conversations together: continuous batching on one thread.
//
// thread-safe. The scheduler's thread owns the llama_context and the KV memory. Each step it puts
// together one batch of the next token of every answer under way and up to `prefill_tokens` tokens of
// prompts still to be read (first come, first served), decodes it, samples, and gives the text to the
// sinks. What an answer's guide puts between two choices of the model is read in the same step as its next
// token. An answer is computed on a branch of its conversation's kept sequence and replaces that only at
// its end, so a cancelled or failed one leaves no trace.
//
// Stop requests are looked at before each step and before each sink call. A step under way is aborted
// only when everybody in it has stopped, so that nobody else's work is lost.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"
#include "engine/llama/answer_guide.hpp"
#include "engine/llama/chat_format.hpp"
#include "engine/llama/kv_memory.hpp"
#include "engine/llama/token_sampler.hpp"

#include <llama-cpp.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace antiphon::engine::llama {

struct SchedulerLimits {
    std::size_t places = 1;
    std::size_t prefill_tokens = 128;
    bool branching = true;  ///< see KvMemory
};

class Scheduler {
public:
    /// The context has kv_unified set, KvMemory::sequences_for(places) sequences, and batches of at least
    /// prefill_tokens + places. `format` outlives the scheduler.
    Scheduler(llama_context_ptr context, const ChatFormat& format, const SchedulerLimits& limits);

    /// Ends all answers as cancelled, waits for their callers to leave, joins.
    ~Scheduler();

    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /// Takes a place for the next answer of this conversation, and tells its earlier answers. The longest
    /// idle conversation makes room. `overloaded` when all places are answering, `conflict` when this
    /// conversation is. To be followed by run() or withdraw().
    base::Result<std::vector<Answer>> admit(ConversationId conversation);

    /// Gives the place back without an answer.
    void withdraw(ConversationId conversation);

    /// Computes the answer and gives the place back; blocks until then. The model chooses `limit` tokens at
    /// most, at least 1, and with what the guide adds there are no more than `room`.
    base::Result<Generation> run(ConversationId conversation, Prompt prompt, ToolPlan plan, int limit,
                                 std::size_t room, const Sampling& sampling, const LanguageModel::Sink& sink,
                                 std::stop_token stop);

    void forget(ConversationId conversation);

private:
    struct Conversation {
        bool busy = false;
        bool forgotten = false;        ///< while busy: to be dropped at the end
        std::uint64_t last_used = 0;
        std::vector<Answer> answers;   ///< of the last prompt, and the one made after it
        Sequence kept;                 ///< touched by the scheduler's thread only while `busy`
    };
    struct Job;

    // On the scheduler's thread:
    void loop();
    void begin(Job& job);
    void step();
    void advance(Job& job);
    void write(Job& job, llama_token token);
    void begin_again(Job& job);
    void fail_call(Job& job, const std::exception& failure);
    void give(Job& job);
    void make_room();
    void finish(Job& job, base::Result<Generation> outcome);
    static bool nobody_waits(void* self);

    void leave(std::map<ConversationId, Conversation>::iterator at);  ///< with the mutex held

    const llama_context_ptr context_;
    const ChatFormat& format_;
    const SchedulerLimits limits_;
    KvMemory memory_;
    llama_batch batch_;
    std::vector<Job*> active_;   ///< in order of arrival
    std::vector<Job*> batched_;  ///< those with tokens in the batch

    std::atomic<bool> closing_ = false;
    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable left_;
    std::map<ConversationId, Conversation> conversations_;  ///< at most `places`
    std::vector<Job*> arriving_;
    std::vector<Sequence> discarded_;  ///< of forgotten conversations, for the thread to free
    std::size_t callers_ = 0;          ///< between admit() and the end of run() or withdraw()
    std::uint64_t uses_ = 0;
    std::thread thread_;
};

}  // namespace antiphon::engine::llama
