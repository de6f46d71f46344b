// docs/protocol.md lists every event: here its lists are held against what decode() and encode() know.
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "source_folder.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>

namespace antiphon::protocol {
namespace {

/// The events in the table of one section, with the second column.
std::set<std::pair<std::string, std::string>> documented(const std::string& section) {
    std::ifstream file(ANTIPHON_SOURCE_DIR "/docs/protocol.md");
    std::set<std::pair<std::string, std::string>> rows;
    std::string line;
    bool inside = false;
    while (std::getline(file, line)) {
        if (line.starts_with("## ") || line.starts_with("### ")) inside = line == section;
        if (!inside || !line.starts_with("| `")) continue;
        const auto end = line.find('`', 3);
        const auto state = line.find_first_not_of(" |", end + 1);
        rows.emplace(line.substr(3, end - 3), line.substr(state, line.find(" |", state) - state));
    }
    return rows;
}

std::set<std::string> names(const std::set<std::pair<std::string, std::string>>& rows,
                            const std::set<std::string>& states) {
    std::set<std::string> out;
    for (const auto& [name, state] : rows)
        if (states.contains(state)) out.insert(name);
    return out;
}

template <std::size_t... Index>
std::set<std::string> encoded(Dialect dialect, std::index_sequence<Index...>) {
    std::set<std::string> types;
    const auto add = [&](const ServerEvent& event) {
        const std::string message = encode(event, "event_1", dialect);
        if (!message.empty()) types.emplace(boost::json::parse(message).at("type").as_string());
    };
    (add(ServerEvent(std::in_place_index<Index>)), ...);
    return types;
}

constexpr auto kEveryEvent = std::make_index_sequence<std::variant_size_v<ServerEvent>>();

TEST(Documentation, lists_every_client_event) {
    const auto rows = documented("## Client events");
    std::set<std::string> all;
    for (const auto& [name, state] : rows) {
        all.insert(name);
        EXPECT_TRUE(state == "honoured" || state == "refused") << name << ": " << state;
    }
    const auto known = client_event_types();
    EXPECT_EQ(all, (std::set<std::string>(known.begin(), known.end())));
}

TEST(Documentation, lists_every_server_event) {
    const auto rows = documented("## Server events");
    auto sent = names(rows, {"sent", "WebRTC", "ours"});
    sent.insert("conversation.created");  // of the beta, but there is nothing to write otherwise in it
    EXPECT_EQ(sent, encoded(Dialect::ga, kEveryEvent));
    EXPECT_FALSE(names(rows, {"never"}).contains("response.created"));
    EXPECT_EQ(rows.size(), names(rows, {"sent", "WebRTC", "ours", "beta", "never"}).size());
}

TEST(Documentation, names_the_events_of_the_beta) {
    const auto beta = encoded(Dialect::beta, kEveryEvent);
    for (const auto& name : names(documented("## Server events"), {"beta", "WebRTC", "ours"}))
        EXPECT_TRUE(beta.contains(name)) << name;
    for (const auto* name : {"response.audio.delta", "response.audio.done", "response.audio_transcript.delta",
                             "response.audio_transcript.done", "response.text.delta", "response.text.done"})
        EXPECT_TRUE(beta.contains(name)) << name;
    EXPECT_FALSE(beta.contains("conversation.item.done"));
}

}  // namespace
}  // namespace antiphon::protocol
