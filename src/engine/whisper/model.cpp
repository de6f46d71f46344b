#include "engine/whisper/model.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "engine/whisper/model_file.hpp"

#include <exception>
#include <mutex>

namespace antiphon::engine::whisper {
namespace {

/// The library talks at length, and calls errors what we do on purpose; what matters comes back as a Result.
void log_line(ggml_log_level, const char* text, void*) {
    const std::string_view line = base::trimmed(text);
    if (!line.empty()) base::log::debug("whisper.cpp", {{"line", line}});
}

void route_logging() {
    static std::once_flag once;
    std::call_once(once, [] { whisper_log_set(log_line, nullptr); });
}

}  // namespace

Model::Model(whisper_context* context) : context_(context), blank_(-1) {
    if (const auto space = tokens_of(" "); space.size() == 1) blank_ = space.front();
}

base::Result<std::unique_ptr<Model>> Model::open(const std::filesystem::path& path, bool use_gpu) {
    route_logging();
    if (const auto sound = check_model_file(path); !sound) return sound.error();
    whisper_context_params params = whisper_context_default_params();
    params.use_gpu = use_gpu;
    // With flash attention whisper.cpp 1.8 rounds the keys of encoder and decoder up to a multiple of 256
    // without masking the rest, so that a cut window listens to what earlier utterances left there:
    // another caller's words. Without it, a window reads exactly its own frames.
    params.flash_attn = false;
    try {
        if (whisper_context* context = whisper_init_from_file_with_params_no_state(path.c_str(), params))
            return std::unique_ptr<Model>(new Model(context));
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine, "the Whisper model " + path.string() + " cannot be loaded: " + failure.what());
    }
    return base::error(base::Errc::engine, "the Whisper model " + path.string() + " cannot be loaded");
}

base::Result<State> Model::new_state() const {
    try {
        if (whisper_state* state = whisper_init_state(context())) return State(state);
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine, std::string("no memory for a Whisper state: ") + failure.what());
    }
    return base::error(base::Errc::engine, "no memory for a Whisper state");
}

int Model::languages() const {
    return multilingual() ? whisper_token_translate(context()) - whisper_token_sot(context()) - 1 : 1;
}

std::vector<whisper_token> Model::tokens_of(const std::string& text) const {
    std::vector<whisper_token> tokens(text.size() + 1);
    const int count = whisper_tokenize(context(), text.c_str(), tokens.data(), static_cast<int>(tokens.size()));
    tokens.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    // Text that looks like a mark ("[_SOT_]") must not become one.
    std::erase_if(tokens, [this](whisper_token token) { return token >= end_of_text(); });
    return tokens;
}

}  // namespace antiphon::engine::whisper
