// The items of a conversation as the language model takes them.
//
// pure.
#pragma once

#include "think/item.hpp"

#include <optional>
#include <string>
#include <vector>

namespace antiphon::think {

/// The instructions, then every item that has something to say:
///   messages of the same role that follow each other become one, since chat templates want the roles to
///   alternate; those without words, and messages of the assistant before a word was heard, are left out
///   calls become part of the assistant's message before them; only those given to their end
///   outputs stand right behind the message with their call, wherever their item lies (the caller may
///   have spoken while the tool ran); without their call they are left out
/// `pending`: what the caller is believed to have said but has not committed yet.
std::vector<engine::Message> prompt_of(const std::vector<const Item*>& items, const std::string& instructions,
                                       const std::optional<std::string>& pending = std::nullopt);
std::vector<engine::Message> prompt_of(const std::vector<Item>& items, const std::string& instructions,
                                       const std::optional<std::string>& pending = std::nullopt);

}  // namespace antiphon::think
