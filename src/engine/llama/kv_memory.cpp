#include "engine/llama/kv_memory.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace antiphon::engine::llama {
namespace {

std::size_t common_length(const std::vector<llama_token>& a, const std::vector<llama_token>& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

KvMemory::KvMemory(llama_memory_t memory, std::size_t sequences, bool branching)
    : memory_(memory), branching_(branching) {
    for (std::size_t id = sequences; id > 0; --id) free_.push_back(static_cast<llama_seq_id>(id - 1));
}

Sequence KvMemory::begin(const Sequence& source, std::size_t length) {
    assert(!free_.empty());
    Sequence sequence{free_.back(), {}};
    free_.pop_back();
    if (length == 0) return sequence;
    llama_memory_seq_cp(memory_, source.id, sequence.id, 0, static_cast<llama_pos>(length));
    sequence.tokens.assign(source.tokens.begin(), source.tokens.begin() + static_cast<std::ptrdiff_t>(length));
    return sequence;
}

Sequence KvMemory::branch(const std::vector<llama_token>& prompt, const Sequence& kept) {
    if (!branching_) return begin({}, 0);
    const Sequence* best = &kept;
    std::size_t length = common_length(kept.tokens, prompt);
    for (const Sequence& prefix : prefixes_) {
        const std::size_t common = common_length(prefix.tokens, prompt);
        if (common <= length) continue;
        best = &prefix;
        length = common;
    }
    return begin(*best, std::min(length, prompt.size() - 1));
}

void KvMemory::cut(Sequence& sequence, std::size_t length) {
    if (length >= sequence.tokens.size()) return;
    if (!branching_) length = 0;
    llama_memory_seq_rm(memory_, sequence.id, static_cast<llama_pos>(length), -1);
    sequence.tokens.resize(length);
}

void KvMemory::drop(Sequence& sequence) {
    if (sequence.id >= 0) {
        llama_memory_seq_rm(memory_, sequence.id, -1, -1);
        free_.push_back(sequence.id);
    }
    sequence = {};
}

void KvMemory::keep_prefix(const Sequence& sequence, std::size_t length) {
    if (!branching_) return;
    const auto same = [&](const Sequence& prefix) {
        return prefix.tokens.size() == length && common_length(prefix.tokens, sequence.tokens) == length;
    };
    if (const auto known = std::find_if(prefixes_.begin(), prefixes_.end(), same); known != prefixes_.end()) {
        prefixes_.splice(prefixes_.begin(), prefixes_, known);
        return;
    }
    if (prefixes_.size() == kPrefixes) drop_prefix();
    prefixes_.push_front(begin(sequence, length));
}

bool KvMemory::drop_prefix() {
    if (prefixes_.empty()) return false;
    drop(prefixes_.back());
    prefixes_.pop_back();
    return true;
}

}  // namespace antiphon::engine::llama
