// What is kept of a conversation beyond its process: its settings, its items, and a summary, by the call's id.
//
// thread-safe, and blocking: a store is asked on a thread of its own (store/write_behind.hpp), never on a strand. What
// settings, items and summary say is not looked at here: they are bytes of any value.
//
// A session has one owner at a time, the server process that holds its call. Who claims it is the owner from then on,
// and what an earlier one still writes is refused, so that two processes never write one conversation.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::store {

struct StoredItem {
    std::string id;
    std::string body;
    bool operator==(const StoredItem&) const = default;
};

struct StoredSession {
    std::string settings;
    std::string summary;
    std::vector<StoredItem> items;  ///< in the conversation's order
    bool operator==(const StoredSession&) const = default;
};

/// What becomes of a session, all of it at once or nothing. To write the same change again changes nothing.
struct SessionChange {
    std::string owner;   ///< never empty
    bool whole = false;  ///< what it does not name is no part of the session any more; begins one that is not there
    std::optional<std::string> settings{};
    std::optional<std::string> token_hash{};  ///< of the secret that claims the session
    std::optional<std::string> summary{};
    std::vector<StoredItem> items{};          ///< new ones, and those whose body is another now
    std::vector<std::string> removed{};
    std::optional<std::vector<std::string>> order{};  ///< the ids of all items; none: as it was

    /// How much memory it takes, roughly.
    std::size_t bytes() const;
};

/// What both changes make together. `older` comes first; both are of one owner.
SessionChange merged(SessionChange older, SessionChange newer);

enum class Written {
    done,     ///< it stands, and outlives what the store outlives
    taken,    ///< somebody else owns the session, or it was erased: nothing was written
    missing,  ///< there is no such session, so a part of it is of no use: write the whole
};

class SessionStore {
public:
    virtual ~SessionStore() = default;

    /// Whether what is written outlives this process.
    virtual bool durable() const noexcept = 0;

    /// Each write lets the session live for the whole of the store's lifetime again. Fails with
    ///   unavailable  the store cannot be reached or does not write now; whether this was written is not known, and
    ///                writing it again later is safe
    ///   invalid      this change will never be written
    virtual base::Result<Written> write(const std::string& id, const SessionChange& change) = 0;

    /// The session, which is `owner`'s from now on. Fails with
    ///   not_found    there is none, it has expired, was erased, or has another token
    ///   invalid      what is stored cannot be read
    ///   unavailable  as write()
    virtual base::Result<StoredSession> claim(const std::string& id, const std::string& token_hash,
                                              const std::string& owner) = 0;

    /// Nothing of the session is left, and an owner that still writes it is refused. With an `owner`: only if it is his;
    /// empty: whoever's it is. Answers whether there was one to erase.
    virtual base::Result<bool> erase(const std::string& id, const std::string& owner) = 0;

    /// Whether the store can be written to now.
    virtual base::Result<void> check() = 0;
};

}  // namespace antiphon::store
