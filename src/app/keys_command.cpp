#include "app/keys_command.hpp"

#include "app/access_rules.hpp"
#include "app/keys_file.hpp"
#include "app/settings_sources.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace antiphon::app {
namespace {

constexpr const char* kReload = "a server that runs takes it with `antiphon reload`";

int complain(const base::Error& failure) {
    std::cerr << "antiphon keys: " << failure.text << "\n";
    return 1;
}

base::Result<std::filesystem::path> file_of(const KeysCommand& command) {
    auto environment = environment_with_dotenv();
    if (!environment) return environment.error();
    const auto settings = read_settings(
        {.file = command.config, .environment = std::move(*environment), .assignments = command.assignments});
    if (!settings) return settings.error();
    auto file = keys_file_of(settings->access);
    if (file.empty())
        return base::error(base::Errc::invalid, "there is no place for the keys: set access.keys_file, or HOME");
    return file;
}

int add(const std::filesystem::path& file, const std::string& name) {
    const auto key = add_key(file, name, std::chrono::system_clock::now());
    if (!key) return complain(key.error());
    std::cout << *key << std::endl;
    std::cerr << "the key " << name << " is shown this once; " << file.string() << " has its hash, and " << kReload << "\n";
    return 0;
}

int remove(const std::filesystem::path& file, const std::string& name) {
    const auto left = remove_key(file, name);
    if (!left) return complain(left.error());
    std::cerr << "the key " << name << " is no more in " << file.string() << ", and " << kReload << "\n";
    if (*left == 0)
        std::cerr << "no key is left: nobody is let in until there is one; without the file, no key is asked for\n";
    return 0;
}

int list(const std::filesystem::path& file) {
    const auto keys = read_keys_file(file);
    if (!keys && keys.error().code == base::Errc::not_found) {
        std::cerr << keys.error().text << "\n";
        return 0;
    }
    if (!keys) return complain(keys.error());
    std::size_t width = 4;
    for (const KeptKey& one : *keys) width = std::max(width, one.key.name.size());
    for (const KeptKey& one : *keys) {
        std::string name = one.key.name;
        name.resize(width, ' ');
        std::cout << name << "  " << (one.created.empty() ? "          " : one.created) << "  " << edge::in_hex(one.key.hash) << "\n";
    }
    return 0;
}

}  // namespace

void add_keys_command(CLI::App& app, KeysCommand& command) {
    CLI::App* keys = app.add_subcommand("keys", "Make, list and remove the keys that a server lets in");
    keys->require_subcommand(1);
    const auto action = [&](const char* name, const char* about, KeysCommand::Action what) {
        CLI::App* one = keys->add_subcommand(name, about);
        one->callback([&command, what] { command.action = what; });
        if (what != KeysCommand::Action::list) one->add_option("name", command.name, "The key's name: whose it is")->required();
        one->add_option("--config", command.config, "The server's settings file");
        one->add_option("--set", command.assignments, "One setting, KEY=VALUE; may be given again")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false);
    };
    action("add", "Make a key and print it, once", KeysCommand::Action::add);
    action("list", "Show each key's name, day and SHA-256", KeysCommand::Action::list);
    action("remove", "Let a key in no more", KeysCommand::Action::remove);
}

int run_keys_command(const KeysCommand& command) {
    const auto file = file_of(command);
    if (!file) return complain(file.error());
    switch (command.action) {
        case KeysCommand::Action::add: return add(*file, command.name);
        case KeysCommand::Action::remove: return remove(*file, command.name);
        case KeysCommand::Action::list: break;
    }
    return list(*file);
}

}  // namespace antiphon::app
