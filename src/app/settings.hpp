// Everything that can be chosen about the server, one part per room.
//
// pure. What each setting means, its key, its bounds and its default stand in settings_table.cpp; where
// the values come from stands in settings_sources.hpp. docs/configuration.md is made from the table.
#pragma once

#include "call/agent.hpp"
#include "call/call_settings.hpp"
#include "call/session.hpp"
#include "edge/call_limits.hpp"
#include "edge/edge_settings.hpp"
#include "edge/ice_servers.hpp"
#include "edge/message_limits.hpp"
#include "edge/webrtc_settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace antiphon::app {

/// Which models are loaded, and how much of the machine they may take. A model is named as in the
/// catalog, or by the path of its file; empty: the set's own. Threads and places of 0 are chosen from the
/// number of cores.
struct EngineSettings {
    std::string set = "auto";     ///< auto, tiny, small or gpu
    std::string models_dir;       ///< empty: the user's cache folder
    std::string torch_dir;        ///< the guide's TORCH_CACHE_DIR
    std::string device = "auto";  ///< auto, cpu or gpu

    std::string recognizer_model;
    int recognizer_threads = 0;         ///< of one recognition
    int recognizer_parallel = 0;        ///< recognitions at the same time
    bool recognizer_cut_window = true;  ///< compute on the utterance's length, not on 30 s

    std::string language_detector = "auto";  ///< auto, whisper, mms_lid or off
    std::string language_detector_model;     ///< the folder of an exported MMS-LID

    std::string language_model_backend = "auto";  ///< auto, embedded, ollama or openai
    std::vector<std::string> language_model_fallback{"embedded"};  ///< models of that server, or "embedded"
    base::milliseconds language_model_first_token{10'000};  ///< of a server: how long its first word may take
    base::milliseconds language_model_stall{5'000};         ///< of a server: how long it may pause in an answer
    std::string ollama_model = "llama3.2:3b";
    std::string ollama_keep_alive = "30m";
    std::string openai_base_url;
    std::string openai_api_key;
    std::string openai_model;  ///< empty: the first that the server lists

    std::string language_model;
    int language_model_context = 2048;  ///< tokens of one conversation
    int language_model_places = 0;      ///< conversations that are answered at the same time
    int language_model_cache = 0;       ///< tokens of all conversations together
    int language_model_threads = 0;
    float language_model_top_p = 0.95F;
    float language_model_repetition_penalty = 1.1F;

    std::string synthesizer_backend = "auto";  ///< auto, piper, edge or espeak
    std::string voice;
    std::vector<std::string> voices;  ///< "LANGUAGE=VOICE": who speaks a language
    bool edge_allowed = true;         ///< with auto
    std::string edge_url;             ///< empty: the service's own
    int synthesizer_threads = 0;   ///< of one utterance
    int synthesizer_parallel = 0;  ///< utterances at the same time

    std::string embedder_model;  ///< "none": no embedder
    std::string embedder_backend = "embedded";  ///< or ollama
    std::string ollama_embedder_model = "nomic-embed-text";

    std::string knowledge_folder;  ///< empty: in the user's data folder

    int queue_per_worker = 8;  ///< jobs that may wait for each place of an engine
};

/// Servers the deployment guide names. Empty: not used.
struct BackendSettings {
    std::string ollama_base_url;
};

/// Where conversations are kept beyond their call's process. Neither host nor socket: in memory.
struct SessionStoreSettings {
    std::string host;
    std::uint16_t port = 6379;
    std::string socket;
    std::string user;
    std::string password;
    base::milliseconds timeout{1'000};
    std::chrono::seconds lifetime{3'600};
    std::size_t max_waiting = 64U << 20U;  ///< bytes that wait to be written
};

/// One named agent. Its session and settings are complete: what its table leaves out is as in the others.
struct AgentSettings {
    call::Agent agent;
    std::string place;    ///< "file:line", for messages
    std::string written;  ///< its table, to see whether it was changed
};

/// Whether the server speaks TLS, and as whom.
struct TlsSettings {
    std::string mode = "off";  ///< off, self_signed or files
    std::string certificate;   ///< with files: PEM
    std::string private_key;
};

/// Who is let in, and how much of the server one caller may take.
struct AccessSettings {
    bool open = false;
    std::string keys_file;                     ///< empty: in the user's config folder (app/keys_file.hpp)
    std::vector<std::string> key_hashes;       ///< "NAME=SHA256"
    std::vector<std::string> trusted_proxies;  ///< addresses, and ranges of them
    edge::CallLimitSettings calls;
    edge::MessageLimitSettings messages;
};

struct Settings {
    edge::EdgeSettings edge;
    AccessSettings access;
    std::string metrics_host = "127.0.0.1";
    std::uint16_t metrics_port = 0;  ///< 0: no listener for metrics alone
    edge::WebRtcSettings webrtc;
    TlsSettings tls;
    edge::IceSettings ice;
    std::string pid_file;  ///< empty: by the port (app/pid_file.hpp)
    std::size_t max_calls = 16;
    std::chrono::seconds client_secret_lifetime{60};
    int io_threads = 2;
    base::milliseconds drain{5'000};     ///< for what is under way when the end begins
    base::milliseconds shutdown{5'000};  ///< how long an orderly end may take after that
    std::string log_level = "info";

    EngineSettings engines;
    BackendSettings backends;
    SessionStoreSettings session_store;
    call::CallSettings call;
    call::TurnDetection turn;
    call::Session session;  ///< what a call starts from; its turn detection is `turn`
    std::string agents_file;  ///< file or folder with more agents; empty: none
    std::vector<AgentSettings> agents;  ///< by name

    Settings();
};

/// Who answers calls under these settings.
call::Agents agents_of(const Settings& settings);

}  // namespace antiphon::app
