// What an Ollama server has: GET /api/tags.
//
// thread-safe; blocks.
#pragma once

#include "engine/remote_server.hpp"

#include <boost/json/value.hpp>

#include <stop_token>
#include <string>

namespace antiphon::engine::ollama {

/// Success if the server has the model. `not_found` if not: the sentence has the command that gets it. Otherwise as
/// RemoteServer::fetch(); `engine` if it does not answer as Ollama does.
base::Result<void> check_model(RemoteServer& server, const std::string& model, std::stop_token stop);

/// As Ollama takes it: a number where it is one (seconds; -1: for ever), else a duration such as "30m".
boost::json::value keep_alive_value(const std::string& keep_alive);

}  // namespace antiphon::engine::ollama
