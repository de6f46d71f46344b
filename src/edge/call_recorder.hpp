// Keeps the store's copy of one call up to date: what changes is handed to the writer, whole items only.
//
// strand. It looks at the call's events to know what has changed, and reads the change after the event is over, so that
// what it hands on is how things stand, never how they were in the middle. Nothing here waits.
#pragma once

#include "base/strand.hpp"
#include "call/call_event.hpp"
#include "store/write_behind.hpp"
#include "think/item.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {

class CallRecorder : public std::enable_shared_from_this<CallRecorder> {
public:
    /// The call, as it stands when asked. Not called after end().
    struct Call {
        std::function<const std::vector<think::Item>&()> items;
        std::function<std::string()> settings;
        std::function<std::string()> summary;
        /// These items stand in the store, as they are now or were a moment ago.
        std::function<void(const std::vector<std::string>&)> saved;
        /// The call goes on elsewhere, or was erased: it is to end here.
        std::function<void()> taken;
    };
    struct Name {
        std::string id;
        std::string owner;  ///< of this process, for this call
        std::string token_hash;
    };

    /// Writes what there is of the call already. `writer` outlives the recorder.
    static std::shared_ptr<CallRecorder> make(std::shared_ptr<base::Strand> strand, store::WriteBehind& writer, Name name,
                                              Call call);

    void look(const call::CallEvent& event);

    /// The summary is another one.
    void look_at_summary() { write_soon(); }

    /// Now and then: a call that says nothing lets the store know every five minutes that it lives. Not a timer of our
    /// own, as one that far ahead would hold up the server's end.
    void look_at_clock();

    /// Lets the store know that the call lives, so that one which has gone on elsewhere meanwhile ends here soon.
    void touch();

    /// Writes all that there is; `saved` is told once, on the strand, when it stands in the store. Never, if the store
    /// does not answer, or the recorder ends before.
    void when_saved(std::function<void()> saved);

    /// Writes what has changed since, or, if nothing is to be `kept`, has all of it erased.
    void end(bool kept);

private:
    CallRecorder(std::shared_ptr<base::Strand> strand, store::WriteBehind& writer, Name name, Call call);

    /// After the event is over.
    void write_soon();
    void write_at(base::Time when);
    void write();
    bool ready(const think::Item& item) const;
    void take_outcome(std::uint64_t number, const base::Result<store::Written>& outcome);

    const std::shared_ptr<base::Strand> strand_;
    store::WriteBehind& writer_;
    const Name name_;
    Call call_;
    bool ended_ = false;
    std::function<void()> all_saved_;
    bool soon_ = false;
    bool whole_ = true;               ///< the next change has to be
    base::Time touched_at_{};
    bool touch_ = false;              ///< something is to be written, be there news or not
    std::string settings_;            ///< as last handed on
    std::string summary_;             ///< likewise
    std::vector<std::string> order_;  ///< likewise
    std::set<std::string> over_;      ///< items that will not grow any more
    std::set<std::string> wordless_;  ///< whose words will never be known
    std::set<std::string> changed_;   ///< since they were last handed on
    std::uint64_t number_ = 0;        ///< of the last change
    std::deque<std::pair<std::uint64_t, std::vector<std::string>>> handed_;  ///< and not acknowledged yet
};

}  // namespace antiphon::edge
