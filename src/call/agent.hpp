// Who answers: the named agents of the server, and the plain one for calls that name none.
//
// pure values. An Agents object is never changed once it is shared: a call takes one at its start and keeps
// its agent, whatever the server reads anew meanwhile. docs/agents.md is for those who write them.
#pragma once

#include "base/result.hpp"
#include "call/call_settings.hpp"
#include "call/session.hpp"
#include "engine/language_model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::call {

struct Agent {
    std::string name;         ///< empty: the plain one
    std::string description;  ///< for people who choose
    Session session;          ///< what a call starts from; its id is made anew
    CallSettings settings;
    std::optional<std::vector<std::string>> tools;  ///< names of the tools a client may offer; none: any

    /// Whether a client may offer these (none: it says nothing of tools). Fails with `unsupported`, naming the first
    /// that it may not; `param` is "tools[N].name".
    base::Result<void> check_tools(const std::optional<std::vector<engine::Tool>>& offered) const;
};

struct Agents {
    Agent plain;
    std::vector<Agent> named;  ///< by name, each once

    /// Null if there is none by that name.
    const Agent* find(std::string_view name) const;
};

/// Whom a caller gets who asked for `agent` and `model`, each empty if it was not named: that agent; else
/// the one that is named like the model; else the plain one. What is given keeps all of `agents` alive.
/// Fails with `not_found` when there is no such agent, and names those there are.
base::Result<std::shared_ptr<const Agent>> choose(const std::shared_ptr<const Agents>& agents, std::string_view agent,
                                                  std::string_view model);

}  // namespace antiphon::call
