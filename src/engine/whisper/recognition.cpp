#include "engine/whisper/recognition.hpp"

#include "engine/whisper/repetition.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::engine::whisper {
namespace {

// In a cut window the model often does not end a text that is complete: it begins it again ("What time
// is it? What time is it? ..."). Where it does, the end token is its second choice with 0.05 to 0.4;
// inside of a text, and before a word that really was said twice, it has less than 0.01 (measured on
// Piper's sentences, base and tiny.en). So a beginning over with the end token above this is the end.
constexpr float kEndsInsteadOfRestart = 0.02F;

base::Error stopped() { return base::error(base::Errc::cancelled, "the recognition was stopped"); }
base::Error failed(const char* what) { return base::error(base::Errc::engine, std::string("Whisper failed to ") + what); }

/// log(sum(exp(x)))
float log_sum(std::span<const float> logits) {
    const float top = *std::max_element(logits.begin(), logits.end());
    float sum = 0.0F;
    for (const float logit : logits) sum += std::exp(logit - top);
    return top + std::log(sum);
}

/// Computes the spectrogram and sets the window, by letting whisper_full begin and refusing it the
/// encoder: the public interface has no other way to set a state's window.
bool prepare(const Model& model, whisper_state& state, std::span<const float> samples, const Listening& listening) {
    whisper_full_params params = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
    params.n_threads = listening.threads;
    params.audio_ctx = listening.window;
    params.language = "en";  // else it would encode, to find out
    params.no_context = true;
    params.print_progress = false;
    params.encoder_begin_callback = [](whisper_context*, whisper_state*, void*) { return false; };
    return whisper_full_with_state(model.context(), &state, params, samples.data(), static_cast<int>(samples.size())) == 0;
}

/// The decoder's side of one utterance: what was fed so far and the logits that came out.
class Decoding {
public:
    Decoding(const Model& model, whisper_state& state, int threads) : model_(model), state_(state), threads_(threads) {}

    /// Feeds tokens after those fed before; afterwards logits() tell what comes next.
    bool feed(std::span<const whisper_token> tokens) {
        const auto count = static_cast<int>(tokens.size());
        if (whisper_decode_with_state(model_.context(), &state_, tokens.data(), count, fed_, threads_) != 0) return false;
        fed_ += count;
        const auto size = static_cast<std::size_t>(model_.vocabulary());
        logits_ = {whisper_get_logits_from_state(&state_) + size * (tokens.size() - 1), size};
        return true;
    }
    bool feed(whisper_token token) { return feed(std::span<const whisper_token>(&token, 1)); }

    void begin_again() { fed_ = 0; }

    /// Of all tokens of the model. Good until the next feed().
    std::span<float> logits() const { return logits_; }

private:
    const Model& model_;
    whisper_state& state_;
    int threads_;
    int fed_ = 0;
    std::span<float> logits_;
};

/// ASCII capitals aside: a sentence begun again often begins with one.
bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return small(x) == small(y);
    });
}

int likeliest_language(const Model& model, std::span<const float> logits) {
    const auto first = logits.begin() + whisper_token_sot(model.context()) + 1;
    return static_cast<int>(std::max_element(first, first + model.languages()) - first);
}

/// What stands between the start token and the text.
std::vector<whisper_token> task_tokens(const Model& model, int language) {
    whisper_context* context = model.context();
    if (!model.multilingual()) return {whisper_token_not(context)};
    return {whisper_token_lang(context, language), whisper_token_transcribe(context), whisper_token_not(context)};
}

/// [previous text: hint] start, language, task; the last part of the hint where it is too long.
std::vector<whisper_token> prompt(const Model& model, const Listening& listening, int language) {
    std::vector<whisper_token> tokens;
    const auto most = static_cast<std::size_t>(whisper_n_text_ctx(model.context()) / 2 - 1);
    const auto used = std::min(listening.hint.size(), most);
    tokens.push_back(whisper_token_prev(model.context()));
    tokens.insert(tokens.end(), listening.hint.end() - static_cast<std::ptrdiff_t>(used), listening.hint.end());
    tokens.push_back(whisper_token_sot(model.context()));
    const auto task = task_tokens(model, language);
    tokens.insert(tokens.end(), task.begin(), task.end());
    return tokens;
}

/// The encoder's pass.
base::Result<void> encode(const Model& model, whisper_state& state, std::span<const float> samples,
                          const Listening& listening, const std::stop_token& stop) {
    if (!prepare(model, state, samples, listening)) return failed("compute the spectrogram");
    if (stop.stop_requested()) return stopped();
    if (whisper_encode_with_state(model.context(), &state, 0, listening.threads) != 0) return failed("encode the sound");
    if (stop.stop_requested()) return stopped();
    return {};
}

}  // namespace

base::Result<std::vector<float>> language_probabilities(const Model& model, whisper_state& state,
                                                        std::span<const float> samples, const Listening& listening,
                                                        const std::stop_token& stop) {
    if (auto encoded = encode(model, state, samples, listening, stop); !encoded) return encoded.error();
    Decoding decoding(model, state, listening.threads);
    if (!decoding.feed(whisper_token_sot(model.context()))) return failed("begin the transcript");
    const auto first = static_cast<std::size_t>(whisper_token_sot(model.context())) + 1;
    const auto logits = decoding.logits().subspan(first, static_cast<std::size_t>(model.languages()));
    const float total = log_sum(logits);
    std::vector<float> probabilities;
    for (const float logit : logits) probabilities.push_back(std::exp(logit - total));
    return probabilities;
}

base::Result<Heard> hear(const Model& model, whisper_state& state, std::span<const float> samples,
                         const Listening& listening, const std::stop_token& stop) {
    if (auto encoded = encode(model, state, samples, listening, stop); !encoded) return encoded.error();

    Decoding decoding(model, state, listening.threads);
    if (!decoding.feed(whisper_token_sot(model.context()))) return failed("begin the transcript");
    const auto nobody = static_cast<std::size_t>(whisper_token_nosp(model.context()));
    Heard heard;
    heard.no_speech = std::exp(decoding.logits()[nobody] - log_sum(decoding.logits()));
    heard.language = listening.language >= 0 ? listening.language : likeliest_language(model, decoding.logits());

    bool fed = false;
    if (listening.hint.empty()) {
        fed = decoding.feed(task_tokens(model, heard.language));
    } else {
        decoding.begin_again();
        fed = decoding.feed(prompt(model, listening, heard.language));
    }
    const whisper_token end = model.end_of_text();
    std::vector<whisper_token> text;
    float log_probabilities = 0.0F;
    float probabilities = 0.0F;
    for (;;) {
        if (!fed) return failed("decode the sound");
        if (stop.stop_requested()) return stopped();
        // Text tokens and the end token; the marks above it (time stamps and the like) never.
        const std::span<float> choices = decoding.logits().first(static_cast<std::size_t>(end) + 1);
        if (text.empty() && model.blank() >= 0) choices[static_cast<std::size_t>(model.blank())] = -INFINITY;
        const auto best = std::max_element(choices.begin(), choices.end());
        const auto token = static_cast<whisper_token>(best - choices.begin());
        const float total = log_sum(choices);
        const bool restarts = !text.empty() && same_word(model.text_of(token), model.text_of(text.front())) &&
                              std::exp(choices.back() - total) > kEndsInsteadOfRestart;
        if (token == end || restarts) break;
        text.push_back(token);
        log_probabilities += *best - total;
        probabilities += std::exp(*best - total);
        if (repeated_tail(text) > 0) {
            heard.ending = Ending::repeated;
            break;
        }
        if (static_cast<int>(text.size()) >= listening.token_budget) {
            heard.ending = Ending::exhausted;
            break;
        }
        fed = decoding.feed(token);
    }
    // The mean takes in a repeated tail too: it says how sure the model was, not how long it went on.
    const auto chosen = static_cast<float>(std::max<std::size_t>(text.size(), 1));
    heard.mean_log_probability = log_probabilities / chosen;
    heard.mean_probability = probabilities / chosen;
    text.resize(text.size() - repeated_tail(text));
    for (const whisper_token token : text) heard.text += model.text_of(token);
    heard.tokens = static_cast<int>(text.size());
    return heard;
}

}  // namespace antiphon::engine::whisper
