#include "app/settings_table.hpp"

#include "app/setting_makers.hpp"
#include "app/settings_table_parts.hpp"
#include "store/passage_files.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace antiphon::app {
namespace {

/// The name of a collection of documents, or nothing.
template <typename Member>
Setting collection(std::string key, Member member, std::string meaning) {
    auto setting = text(key, member, std::move(meaning));
    setting.store = [key, store = setting.store](Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<std::string>(&value);
        if (given != nullptr && !given->empty() && !antiphon::store::is_collection_name(*given))
            return base::error(base::Errc::invalid, key + " is \"" + *given + "\"; a collection's name has 1 to 64 letters, digits, -, _ or ., and begins with a letter or digit", key);
        return store(s, value);
    };
    return setting;
}

/// The names that settings have in the deployment guide's `.env`.
constexpr std::pair<std::string_view, const char*> kGuideNames[] = {
    {"models.dir", "HF_CACHE_DIR"},         {"models.torch_dir", "TORCH_CACHE_DIR"},
    {"synthesizer.backend", "TTS_BACKEND"}, {"ollama.base_url", "OLLAMA_BASE_URL"},
    {"redis.host", "REDIS_HOST"},           {"redis.port", "REDIS_PORT"},
    {"redis.user", "REDIS_USER"},           {"redis.password", "REDIS_PASSWORD"},
};

/// What a call takes once, at its start: the others are built into engines, sockets and threads.
constexpr std::string_view kReloading[] = {
    "access.key", "access.trusted", "access.calls", "access.starts", "access.events", "access.sound",
    "log.",     "turn.",   "call.", "session.", "playout.", "agents.", "context.", "language.allowed",
    "language_model.max_tokens", "language_model.temperature", "language_model.first_piece_words",
    "knowledge.collection", "knowledge.threshold", "knowledge.passages", "knowledge.prompt_tokens", "knowledge.budget_ms"};

constexpr std::int64_t kMegabyte = 1 << 20;

std::vector<Setting> make_table() {
    std::vector<Setting> table;
    const auto add = [&](Setting setting) { table.push_back(std::move(setting)); };

    // clang-format off: one line for what it is, one for what it means
    add(text(
        "server.host", [](auto& s) -> auto& { return s.edge.host; },
        "The address to listen on. 0.0.0.0 is every IPv4 address of the machine."));
    add(whole(
        "server.port", 0, 65535, [](auto& s) -> auto& { return s.edge.port; },
        "The port to listen on; 0 takes any free one."));
    add(list(
        "server.allowed_origins", [](auto& s) -> auto& { return s.edge.allowed_origins; },
        "Origins that a browser page may come from, besides this host itself; * is any."));
    add(choice(
        "server.tls", {"off", "self_signed", "files"}, [](auto& s) -> auto& { return s.tls.mode; },
        "Whether https:// and wss:// are spoken on the port, and http:// no more: with a certificate that the server makes and keeps itself, or with the two files. See docs/tls.md."));
    add(text(
        "server.certificate", [](auto& s) -> auto& { return s.tls.certificate; },
        "With server.tls = \"files\": the certificate and those above it, PEM. The files are read again with a reload."));
    add(text(
        "server.private_key", [](auto& s) -> auto& { return s.tls.private_key; },
        "With server.tls = \"files\": the certificate's private key, PEM, without a passphrase."));
    add(whole(
        "server.max_calls", 1, 10'000, [](auto& s) -> auto& { return s.max_calls; },
        "Calls at the same time; one more is refused with a clear error, and the others go on."));
    add(whole(
        "server.client_secret_lifetime", 10, 7'200, [](auto& s) -> auto& { return s.client_secret_lifetime; },
        "Seconds that a secret of /v1/realtime/client_secrets is good for at most; each opens one call."));
    add(whole(
        "server.max_message_bytes", 1024, 64 * kMegabyte, [](auto& s) -> auto& { return s.edge.max_message; },
        "Bytes of one WebSocket message."));
    add(whole(
        "server.max_body_bytes", 1024, 64 * kMegabyte, [](auto& s) -> auto& { return s.edge.max_body; },
        "Bytes of one HTTP request's body."));
    add(whole(
        "server.max_upload_bytes", 1024, 1024 * kMegabyte, [](auto& s) -> auto& { return s.edge.max_upload; },
        "Bytes of one recording sent to /v1/audio/transcriptions."));
    add(whole(
        "server.max_recording_ms", 1'000, 14'400'000, [](auto& s) -> auto& { return s.edge.max_recording; },
        "How long one such recording may last; decoded, an hour takes 230 MB."));
    add(whole(
        "server.max_queued_bytes", 64 * 1024, 64 * kMegabyte, [](auto& s) -> auto& { return s.edge.max_queued; },
        "Bytes that may wait for a client that does not read; beyond them it is disconnected."));
    add(whole(
        "server.handshake_timeout_ms", 100, 600'000, [](auto& s) -> auto& { return s.edge.handshake_timeout; },
        "Time for a client to send its request."));
    add(whole(
        "server.idle_timeout_ms", 1'000, 3'600'000, [](auto& s) -> auto& { return s.edge.idle_timeout; },
        "A client that is silent this long is gone; it is asked at half of it."));
    add(whole(
        "server.io_threads", 1, 64, [](auto& s) -> auto& { return s.io_threads; },
        "Threads for the network and the conversations; the engines have their own."));
    add(whole(
        "server.drain_ms", 0, 600'000, [](auto& s) -> auto& { return s.drain; },
        "Time after SIGTERM or SIGINT for answers and questions that are under way; calls in which nothing is end at once."));
    add(whole(
        "server.shutdown_ms", 0, 600'000, [](auto& s) -> auto& { return s.shutdown; },
        "Time for the calls to end in order after that; what is left is cut."));
    add(text(
        "server.metrics_host", [](auto& s) -> auto& { return s.metrics_host; },
        "The address of a second listener, which answers /metrics, /health and /ready and asks for no key."));
    add(whole(
        "server.metrics_port", 0, 65535, [](auto& s) -> auto& { return s.metrics_port; },
        "Its port; 0: there is none."));
    add(text(
        "server.pid_file", [](auto& s) -> auto& { return s.pid_file; },
        "Where the server leaves its process number, for `antiphon reload`; empty is antiphon/serve-PORT.pid in "
        "XDG_RUNTIME_DIR or the user's cache folder, and none with port 0."));

    for (Setting& setting : access_settings()) add(std::move(setting));

    add(yes_no(
        "webrtc.enabled", [](auto& s) -> auto& { return s.webrtc.enabled; },
        "Take calls over WebRTC. Without it there is the WebSocket."));
    add(text(
        "webrtc.ports", [](auto& s) -> auto& { return s.webrtc.ports; },
        "The UDP ports of calls: two with a dash are a range of which each call takes one, a single one is for all calls, and 0 is any free one for each."));
    add(text(
        "webrtc.bind_address", [](auto& s) -> auto& { return s.webrtc.bind_address; },
        "The address that those ports are opened on; empty is every address of the machine."));
    add(text(
        "webrtc.public_address", [](auto& s) -> auto& { return s.webrtc.public_address; },
        "The address under which callers reach this machine, where a router or a cloud translates it; the UDP ports must lead here unchanged. auto asks the first of ice.stun_urls at the start, if there is one; empty: none."));
    add(text(
        "webrtc.certificate", [](auto& s) -> auto& { return s.webrtc.certificate_file; },
        "A certificate for the media, PEM, with webrtc.key. Empty: a new one at each start, which is what callers expect."));
    add(text(
        "webrtc.key", [](auto& s) -> auto& { return s.webrtc.key_file; },
        "The key of webrtc.certificate, PEM, without a password."));
    add(whole(
        "webrtc.mtu", 576, 1500, [](auto& s) -> auto& { return s.webrtc.mtu; },
        "Bytes of a datagram that get through everywhere; a VPN in the way may need less than 1200."));
    add(whole(
        "webrtc.connect_timeout_ms", 1'000, 120'000, [](auto& s) -> auto& { return s.webrtc.connect_timeout; },
        "A caller that has got its answer and does not connect for this long loses its place."));
    add(whole(
        "webrtc.idle_timeout_ms", 2'000, 120'000, [](auto& s) -> auto& { return s.webrtc.idle_timeout; },
        "A connected caller of whom nothing comes for this long, neither sound nor reports nor events, is gone."));

    add(choice(
        "log.level", {"debug", "info", "warning", "error"}, [](auto& s) -> auto& { return s.log_level; },
        "Log lines below this level are dropped."));

    add(choice(
        "models.set", {"auto", "tiny", "small", "gpu"}, [](auto& s) -> auto& { return s.engines.set; },
        "Which set of models to use; auto chooses by the machine and by what is on disk, and says so."));
    add(text(
        "models.dir", [](auto& s) -> auto& { return s.engines.models_dir; },
        "The folder of the models; empty is antiphon/models in the user's cache folder."));
    add(text(
        "models.torch_dir", [](auto& s) -> auto& { return s.engines.torch_dir; },
        "Accepted for the deployment guide's sake; no model of this build is kept there."));
    add(choice(
        "models.device", {"auto", "cpu", "gpu"}, [](auto& s) -> auto& { return s.engines.device; },
        "Where the models run; auto is the GPU if the build has it and there is one."));
    add(whole(
        "models.queue_per_worker", 1, 1'000, [](auto& s) -> auto& { return s.engines.queue_per_worker; },
        "Jobs that may wait for each place of an engine; beyond them a caller hears of the overload."));

    add(text(
        "recognizer.model", [](auto& s) -> auto& { return s.engines.recognizer_model; },
        "The speech recognizer: a name of the catalog or the path of a ggml file; empty is the set's."));
    add(whole(
        "recognizer.threads", 0, 64, [](auto& s) -> auto& { return s.engines.recognizer_threads; },
        "Threads of one recognition; 0 chooses by the cores."));
    add(whole(
        "recognizer.parallel", 0, 64, [](auto& s) -> auto& { return s.engines.recognizer_parallel; },
        "Recognitions at the same time; 0 chooses by the cores."));
    add(yes_no(
        "recognizer.cut_window", [](auto& s) -> auto& { return s.engines.recognizer_cut_window; },
        "Compute on the utterance's own length instead of the model's full 30 seconds."));

    add(choice(
        "language_model.backend", {"auto", "embedded", "ollama", "openai"},
        [](auto& s) -> auto& { return s.engines.language_model_backend; },
        "What thinks: the model in this process, or a server's. auto is ollama if ollama.base_url is set, else embedded. See docs/language-models.md."));
    add(list(
        "language_model.fallback", [](auto& s) -> auto& { return s.engines.language_model_fallback; },
        "What answers while the server's model cannot, in this order: further models of the same server, and embedded for the one in this process. Without embedded in it none is loaded here."));
    add(whole(
        "language_model.first_token_ms", 100, 600'000, [](auto& s) -> auto& { return s.engines.language_model_first_token; },
        "How long a server may take to the first word of an answer; then the next of language_model.fallback is asked."));
    add(whole(
        "language_model.stall_ms", 100, 600'000, [](auto& s) -> auto& { return s.engines.language_model_stall; },
        "How long a server may pause in the middle of an answer, which then fails."));
    add(text(
        "language_model.model", [](auto& s) -> auto& { return s.engines.language_model; },
        "The language model: a name of the catalog or the path of a GGUF file; empty is the set's."));
    add(whole(
        "language_model.context_tokens", 256, 131'072,
        [](auto& s) -> auto& { return s.engines.language_model_context; }, "Tokens that one conversation can hold."));
    add(whole(
        "language_model.places", 0, 64, [](auto& s) -> auto& { return s.engines.language_model_places; },
        "Conversations that are answered at the same time; 0 chooses by the cores."));
    add(whole(
        "language_model.threads", 0, 64, [](auto& s) -> auto& { return s.engines.language_model_threads; },
        "Threads of the language model; 0 chooses by the cores."));
    add(whole(
        "language_model.cache_tokens", 0, 16'777'216, [](auto& s) -> auto& { return s.engines.language_model_cache; },
        "Tokens that all conversations together can hold; 0 is context_tokens for each place, at most 16384."));
    add(number(
        "language_model.top_p", 0.01, 1, [](auto& s) -> auto& { return s.engines.language_model_top_p; },
        "With a temperature over 0, only the likeliest words that make up this share are chosen from."));
    add(number(
        "language_model.repetition_penalty", 1, 2,
        [](auto& s) -> auto& { return s.engines.language_model_repetition_penalty; },
        "How much less likely a word of the answer is to come again; 1 is off."));
    add(whole(
        "language_model.max_tokens", 1, 4'096, [](auto& s) -> auto& { return s.call.think.max_tokens; },
        "Tokens of one answer, when the client does not say."));
    add(number(
        "language_model.temperature", 0, 2, [](auto& s) -> auto& { return s.call.think.temperature; },
        "0 always takes the likeliest word; higher is more varied."));
    add(whole(
        "language_model.first_piece_words", 3, 50, [](auto& s) -> auto& { return s.call.think.first_piece_words; },
        "Words after which the first piece of an answer is spoken even without a clause mark."));

    add(choice(
        "synthesizer.backend", {"auto", "piper", "edge", "espeak"},
        [](auto& s) -> auto& { return s.engines.synthesizer_backend; },
        "What speaks. auto is Piper for the languages that a voice is installed for, then the Edge service if it can be reached, then espeak-ng; piper and espeak are these alone; edge is the service first. See docs/voices.md."));
    add(text(
        "synthesizer.voice", [](auto& s) -> auto& { return s.engines.voice; },
        "The voice: a name of the catalog or the path of a Piper .onnx file; empty is the set's."));
    add(list(
        "synthesizer.voices", [](auto& s) -> auto& { return s.engines.voices; },
        "Who speaks a language, each as LANGUAGE=VOICE: a Piper voice by its name in the catalog or the path of its .onnx file, or the name of another voice of GET /options. Languages that are not named have the installed Piper voices."));
    add(yes_no(
        "synthesizer.edge_allowed", [](auto& s) -> auto& { return s.engines.edge_allowed; },
        "With auto: whether text in a language that no installed voice speaks may be sent to the Edge service, which belongs to Microsoft."));
    add(text(
        "synthesizer.edge_url", [](auto& s) -> auto& { return s.engines.edge_url; },
        "The address of the Edge service, wss:// or ws://; empty is its own."));
    add(whole(
        "synthesizer.threads", 0, 64, [](auto& s) -> auto& { return s.engines.synthesizer_threads; },
        "Threads of one utterance; 0 chooses by the cores."));
    add(whole(
        "synthesizer.parallel", 0, 64, [](auto& s) -> auto& { return s.engines.synthesizer_parallel; },
        "Utterances at the same time; 0 chooses by the cores."));

    add(choice(
        "embedder.backend", {"embedded", "ollama"}, [](auto& s) -> auto& { return s.engines.embedder_backend; },
        "What embeds: embedder.model in this process, or ollama.embedder_model."));
    add(text(
        "embedder.model", [](auto& s) -> auto& { return s.engines.embedder_model; },
        "The embedding model of /v1/embeddings: a name of the catalog or the path of a GGUF file; empty is the set's "
        "if it is on disk; none is without embeddings."));

    add(text(
        "knowledge.folder", [](auto& s) -> auto& { return s.engines.knowledge_folder; },
        "The folder of the collections that `antiphon knowledge add` makes; empty is antiphon/knowledge in the user's data folder. See docs/knowledge.md."));
    add(collection(
        "knowledge.collection", [](auto& s) -> auto& { return s.session.knowledge; },
        "The collection that calls without an agent look into; an agent names its own. Empty: none."));
    add(number(
        "knowledge.threshold", 0.0, 1.0, [](auto& s) -> auto& { return s.call.think.knowledge.threshold; },
        "How near a passage must be to the question (cosine) to be used; `antiphon knowledge search` shows how near they are."));
    add(whole(
        "knowledge.passages", 1, 8, [](auto& s) -> auto& { return s.call.think.knowledge.passages; },
        "Passages that an answer is given at most, of the best."));
    add(whole(
        "knowledge.prompt_tokens", 50, 100'000, [](auto& s) -> auto& { return s.call.think.knowledge.prompt_tokens; },
        "Tokens that they may take of the prompt together, at most a third of the model's context. Reading them is what passages cost in time."));
    add(whole(
        "knowledge.budget_ms", 0, 5'000, [](auto& s) -> auto& { return s.call.think.knowledge.budget; },
        "How long an answer waits for passages; after that it is given without them."));

    add(yes_no(
        "context.summary", [](auto& s) -> auto& { return s.call.think.summary.on; },
        "Whether the beginning of a conversation that comes near to the model's context is replaced in the prompt by a summary, made beside the call. See docs/context.md."));
    add(number(
        "context.summary_threshold", 0.2, 0.95, [](auto& s) -> auto& { return s.call.think.summary.threshold; },
        "The share of its room from which a conversation is summarized."));
    add(whole(
        "context.summary_tokens", 32, 2'048, [](auto& s) -> auto& { return s.call.think.summary.max_tokens; },
        "Tokens of a summary at most; in a small context fewer."));

    add(yes_no(
        "turn.speculate", [](auto& s) -> auto& { return s.call.speculate; },
        "Begin to recognize, think and speak behind a closed gate at the first hint of a pause."));
    add(whole(
        "turn.silence_ms", 0, 10'000, [](auto& s) -> auto& { return s.turn.silence_duration; },
        "Silence that ends the caller's turn. The deployment guide's 2 seconds are 2000."));
    add(number(
        "turn.threshold", 0, 1, [](auto& s) -> auto& { return s.turn.threshold; },
        "Probability from which a sound is taken as speech."));
    add(whole(
        "turn.prefix_padding_ms", 0, 5'000, [](auto& s) -> auto& { return s.turn.prefix_padding; },
        "Sound kept from before the speech was noticed."));
    add(yes_no(
        "turn.create_response", [](auto& s) -> auto& { return s.turn.create_response; },
        "Answer at the end of each turn without being asked by the client."));
    add(yes_no(
        "turn.interrupt_response", [](auto& s) -> auto& { return s.turn.interrupt_response; },
        "The caller's speech stops the answer."));
    add(whole(
        "turn.pause_hint_ms", 32, 5'000, [](auto& s) -> auto& { return s.call.listen.pause_hint; },
        "Silence that is taken as the hint of a pause: speculation begins here."));
    add(whole(
        "turn.min_speech_ms", 0, 5'000, [](auto& s) -> auto& { return s.call.listen.min_speech; },
        "Speech that is needed to begin a turn."));
    add(whole(
        "turn.min_interruption_ms", 0, 5'000, [](auto& s) -> auto& { return s.call.listen.min_interruption; },
        "Speech that is needed to interrupt the answer."));
    add(whole(
        "turn.max_utterance_ms", 1'000, 600'000, [](auto& s) -> auto& { return s.call.listen.max_utterance; },
        "A turn that lasts longer is ended."));
    add(whole(
        "turn.partial_interval_ms", 200, 60'000, [](auto& s) -> auto& { return s.call.listen.partial_interval; },
        "Between two looks at what is being said, for clients that ask for partial captions; no other call waits for them."));

    add(whole(
        "call.resume_within_ms", 1'000, 300'000, [](auto& s) -> auto& { return s.call.resume_within; },
        "How long a call whose client has vanished is kept for it, when the client has asked for that."));

    add(text(
        "session.instructions", [](auto& s) -> auto& { return s.session.instructions; },
        "The system prompt of a call, when the client gives none."));
    add(text(
        "session.greeting", [](auto& s) -> auto& { return s.session.greeting; },
        "What the assistant says first in each call, without being asked; empty: it waits for the caller."));
    add(text(
        "session.language", [](auto& s) -> auto& { return s.session.input_language; },
        "The language that callers speak, for example \"en\"; empty is found out in each call. See docs/languages.md."));
    add(number(
        "session.speed", 0.25, 1.5, [](auto& s) -> auto& { return s.session.speed; },
        "How fast the answer is spoken."));

    add(choice(
        "language.detector", {"auto", "whisper", "mms_lid", "off"}, [](auto& s) -> auto& { return s.engines.language_detector; },
        "What finds out in which language a call is: auto is MMS-LID if an export of it is there, else the recognizer's model, if it knows more than one. Off: the recognizer finds it out anew for each utterance."));
    add(text(
        "language.model", [](auto& s) -> auto& { return s.engines.language_detector_model; },
        "The folder of an exported MMS-LID; empty is mms-lid-126 in the directory of the models. See docs/mms-lid.md."));
    add(list(
        "language.allowed", [](auto& s) -> auto& { return s.call.languages; },
        "The languages that callers may be found to speak, for example en, de; empty: all that the models know. A language that a session fixes needs not be among them."));

    add(text(
        "agents.file", [](auto& s) -> auto& { return s.agents_file; },
        "A TOML file with more agents, or a folder of such files (*.toml); empty: none. See docs/agents.md."));

    add(whole(
        "playout.lead_ms", 0, 2'000, [](auto& s) -> auto& { return s.call.speak.lead; },
        "How far ahead of real time sound is sent, so that a late packet is not heard."));
    add(whole(
        "playout.max_ahead_ms", 500, 120'000, [](auto& s) -> auto& { return s.call.speak.max_ahead; },
        "Sound that may be made ahead of what was sent; the synthesizer waits beyond it."));

    add(list(
        "ice.stun_urls", [](auto& s) -> auto& { return s.ice.stun_urls; },
        "STUN servers, as stun:host:port, that browsers are told of; the first one also tells this server its own public address. See docs/ice.md."));
    add(list(
        "ice.turn_urls", [](auto& s) -> auto& { return s.ice.turn_urls; },
        "TURN servers, as turn:host:port, that relay the sound where UDP does not get through."));
    add(text(
        "ice.turn_secret", [](auto& s) -> auto& { return s.ice.turn_secret; },
        "The secret that the TURN servers share with this server (coturn: static-auth-secret); of it a credential is made for each request."));
    add(whole(
        "ice.turn_lifetime", 10, 300, [](auto& s) -> auto& { return s.ice.turn_lifetime; },
        "Seconds for which such a credential is good."));
    add(yes_no(
        "ice.public_relay", [](auto& s) -> auto& { return s.ice.public_relay; },
        "Also name the free relay openrelay.metered.ca of the deployment guide. Off, because calls would then run through a stranger's machine, by a password that everybody knows, for as long as its owner pleases."));

    add(text(
        "ollama.base_url", [](auto& s) -> auto& { return s.backends.ollama_base_url; },
        "An Ollama server, for example http://localhost:11434. See docs/language-models.md."));
    add(text(
        "ollama.model", [](auto& s) -> auto& { return s.engines.ollama_model; }, "The model of the Ollama server that answers."));
    add(text(
        "ollama.keep_alive", [](auto& s) -> auto& { return s.engines.ollama_keep_alive; },
        "How long Ollama keeps a model in memory after a question, for example 30m; -1 is for ever."));
    add(text(
        "ollama.embedder_model", [](auto& s) -> auto& { return s.engines.ollama_embedder_model; },
        "The model of the Ollama server that embeds, with embedder.backend = ollama."));
    add(text(
        "openai.base_url", [](auto& s) -> auto& { return s.engines.openai_base_url; },
        "A server that speaks OpenAI's chat completions (vLLM, llama-server, LM Studio), with the version: http://host:8000/v1."));
    add(text(
        "openai.api_key", [](auto& s) -> auto& { return s.engines.openai_api_key; },
        "What that server wants to be shown; empty: nothing."));
    add(text(
        "openai.model", [](auto& s) -> auto& { return s.engines.openai_model; },
        "The model of that server that answers; empty is the first that it lists."));
    add(text(
        "redis.host", [](auto& s) -> auto& { return s.session_store.host; },
        "A Redis server, in which the conversations of resumable calls outlive this process; empty: in memory. See docs/sessions.md."));
    add(whole(
        "redis.port", 1, 65535, [](auto& s) -> auto& { return s.session_store.port; }, "The Redis server's port."));
    add(text(
        "redis.socket", [](auto& s) -> auto& { return s.session_store.socket; },
        "The path of the Redis server's unix socket, instead of host and port."));
    add(text(
        "redis.user", [](auto& s) -> auto& { return s.session_store.user; },
        "The user to be in Redis; empty: its default user."));
    add(text(
        "redis.password", [](auto& s) -> auto& { return s.session_store.password; },
        "The user's password in Redis; best given by the environment."));
    add(whole(
        "redis.timeout_ms", 50, 30'000, [](auto& s) -> auto& { return s.session_store.timeout; },
        "For connecting to Redis, and for an answer; no call waits for either."));
    add(whole(
        "redis.session_lifetime", 600, 2'592'000, [](auto& s) -> auto& { return s.session_store.lifetime; },
        "Seconds after which a conversation to which nobody came back is forgotten."));
    add(whole(
        "redis.max_waiting_bytes", 64 * 1024, 1024 * kMegabyte, [](auto& s) -> auto& { return s.session_store.max_waiting; },
        "Bytes that may wait to be written while Redis is away; what comes beyond them is dropped, counted, and written later from the call."));
    // clang-format on
    for (const auto& [key, name] : kGuideNames)
        for (auto& setting : table)
            if (setting.key == key) setting.guide_name = name;
    for (auto& setting : table)
        for (const char* end : {"_secret", "api_key", ".password"}) setting.secret = setting.secret || setting.key.ends_with(end);
    for (auto& setting : table)
        setting.reloads = std::any_of(std::begin(kReloading), std::end(kReloading),
                                      [&](std::string_view prefix) { return setting.key.starts_with(prefix); });
    return table;
}

}  // namespace

std::string Setting::environment_name() const {
    std::string name = "ANTIPHON_";
    for (const char c : key) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

std::span<const Setting> settings_table() {
    static const std::vector<Setting> table = make_table();
    return table;
}

const Setting* find_setting(std::string_view key) {
    const auto table = settings_table();
    const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& s) { return s.key == key; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace antiphon::app
