// The sequences of the llama_context's unified KV memory, and which tokens each of them stands for.
//
// scheduler's thread only. In unified memory two sequences can share cells, so branching one off another
// copies no data: the shared beginning is stored once.
#pragma once

#include <llama.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

namespace antiphon::engine::llama {

struct Sequence {
    llama_seq_id id = -1;             ///< -1: none
    std::vector<llama_token> tokens;  ///< what its KV holds, from position 0 on
};

class KvMemory {
public:
    /// Sequences that `places` conversations need: one kept and one being computed for each, and the prefixes.
    static std::size_t sequences_for(std::size_t places) { return 2 * places + kPrefixes; }

    /// `branching` is false for models whose memory cannot be cut (recurrent ones): nothing is reused then.
    KvMemory(llama_memory_t memory, std::size_t sequences, bool branching);

    /// A new sequence that begins with what `kept` or a kept prefix has in common with the prompt, but
    /// without its last token: that one must be computed again to know what follows it.
    Sequence branch(const std::vector<llama_token>& prompt, const Sequence& kept);

    /// Keeps at most the first `length` tokens; none where the memory cannot be cut.
    void cut(Sequence& sequence, std::size_t length);

    /// Frees the sequence; it becomes none. None stays none.
    void drop(Sequence& sequence);

    /// Keeps the first `length` tokens of the sequence for whoever begins alike; the least recently used
    /// of several such prefixes makes room. The one that is already kept counts as used.
    void keep_prefix(const Sequence& sequence, std::size_t length);

    /// Gives up the least recently used prefix. False: there is none.
    bool drop_prefix();

private:
    static constexpr std::size_t kPrefixes = 4;

    Sequence begin(const Sequence& source, std::size_t length);

    llama_memory_t memory_;
    bool branching_;
    std::vector<llama_seq_id> free_;
    std::list<Sequence> prefixes_;  ///< most recently used first
};

}  // namespace antiphon::engine::llama
