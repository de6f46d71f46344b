#include "app/setting_makers.hpp"
#include "app/settings_table_parts.hpp"

namespace antiphon::app {

std::vector<Setting> access_settings() {
    std::vector<Setting> table;
    const auto add = [&](Setting setting) { table.push_back(std::move(setting)); };

    // clang-format off: one line for what it is, one for what it means
    add(yes_no(
        "access.open", [](auto& s) -> auto& { return s.access.open; },
        "Let everybody in on an address that other machines reach, while there are no keys; as --open. For a trusted network only. See docs/access.md."));
    add(text(
        "access.keys_file", [](auto& s) -> auto& { return s.access.keys_file; },
        "Where `antiphon keys` keeps the keys' hashes; empty is antiphon/keys.toml in XDG_CONFIG_HOME or ~/.config. While the file is there, a key is asked for. Read again with a reload."));
    add(list(
        "access.key_hashes", [](auto& s) -> auto& { return s.access.key_hashes; },
        "Further keys, each as NAME=SHA256 in hexadecimal digits, as `antiphon keys list` shows them: for containers."));
    add(list(
        "access.trusted_proxies", [](auto& s) -> auto& { return s.access.trusted_proxies; },
        "Addresses, or ranges such as 10.0.0.0/8, of proxies whose X-Forwarded-For says who calls. Nobody else's is believed."));
    add(whole(
        "access.calls_per_key", 0, 10'000, [](auto& s) -> auto& { return s.access.calls.calls_per_key; },
        "Calls at the same time by one key, with its client secrets'; 0: as many as server.max_calls."));
    add(whole(
        "access.calls_per_address", 0, 10'000, [](auto& s) -> auto& { return s.access.calls.calls_per_address; },
        "Calls at the same time from one IPv4 address or one IPv6 /64; 0: as many as server.max_calls. This machine's own addresses are not counted."));
    add(whole(
        "access.starts_per_key", 0, 100'000, [](auto& s) -> auto& { return s.access.calls.starts_per_key; },
        "Calls that one key may begin in a minute; 0: any number."));
    add(whole(
        "access.starts_per_address", 0, 100'000, [](auto& s) -> auto& { return s.access.calls.starts_per_address; },
        "Calls that may be begun from one address, counted as above, in a minute; 0: any number."));
    add(whole(
        "access.events_per_second", 0, 100'000, [](auto& s) -> auto& { return s.access.messages.events_per_second; },
        "Events that a call's client may send in a second, in the long run; ten seconds' worth may come at once. 0: any number."));
    add(number(
        "access.sound_speed", 0.0, 1'000.0, [](auto& s) -> auto& { return s.access.messages.sound_speed; },
        "How much faster than real time a call's client may send sound in messages, in the long run. 0: as fast as it likes."));
    add(whole(
        "access.sound_ahead", 1, 86'400, [](auto& s) -> auto& { return s.access.messages.sound_ahead; },
        "Seconds of sound that may come at once before that."));
    add(whole(
        "access.events_per_key", 0, 1'000'000, [](auto& s) -> auto& { return s.access.messages.events_per_key; },
        "Events that all calls of one key together, with its client secrets', may send in a second, in the long run; ten seconds' worth may come at once. 0: any number."));
    add(number(
        "access.sound_per_key", 0.0, 10'000.0, [](auto& s) -> auto& { return s.access.messages.sound_per_key; },
        "Seconds of sound that they may send in messages in a second, in the long run: as many as may speak at the same time; a minute's worth may come at once. 0: any number."));
    // clang-format on
    return table;
}

}  // namespace antiphon::app
