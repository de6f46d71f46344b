// Lets a task that is posted to a strand find out whether the object it is meant for is still there.
//
// strand: the owner is destroyed and the tasks run on the same strand, so no lock is needed. A Handle may
// be copied, used to make tasks, and dropped on any thread.
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace antiphon::base {

template <typename Owner>
class Anchor {
public:
    class Handle {
    public:
        /// A task that calls `run(owner)` unless the owner has gone by then.
        template <typename Run>
        std::function<void()> tie(Run run) const {
            return [owner = owner_, run = std::move(run)]() mutable {
                if (*owner != nullptr) run(**owner);
            };
        }

    private:
        friend class Anchor;
        explicit Handle(std::shared_ptr<Owner*> owner) : owner_(std::move(owner)) {}
        std::shared_ptr<Owner*> owner_;
    };

    explicit Anchor(Owner* owner) : owner_(std::make_shared<Owner*>(owner)) {}
    ~Anchor() { drop(); }
    Anchor(const Anchor&) = delete;
    Anchor& operator=(const Anchor&) = delete;

    /// No task runs any more, whether made before or after.
    void drop() { *owner_ = nullptr; }

    Handle handle() const { return Handle(owner_); }

private:
    std::shared_ptr<Owner*> owner_;
};

}  // namespace antiphon::base
