// Who is being answered by a server: so many at once, and each conversation once.
//
// thread-safe.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>

namespace antiphon::engine {

class RemotePlaces {
    struct Leave {
        RemotePlaces* places;
        ConversationId conversation;
        void operator()(void*) const {
            const std::lock_guard lock(places->mutex_);
            places->busy_.erase(conversation);
        }
    };

public:
    /// Held while the conversation is answered.
    using Place = std::unique_ptr<void, Leave>;

    explicit RemotePlaces(std::size_t count) : count_(count) {}

    /// `conflict` if the conversation is being answered already, `overloaded` if all places are taken.
    base::Result<Place> take(ConversationId conversation) {
        const std::lock_guard lock(mutex_);
        if (busy_.contains(conversation))
            return base::error(base::Errc::conflict, "this conversation is being answered already");
        if (busy_.size() >= count_)
            return base::error(base::Errc::overloaded, "all places of the language model are answering");
        busy_.insert(conversation);
        return Place(this, Leave{this, conversation});
    }

    std::size_t count() const noexcept { return count_; }

private:
    const std::size_t count_;
    std::mutex mutex_;
    std::set<ConversationId> busy_;
};

}  // namespace antiphon::engine
