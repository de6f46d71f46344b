// The loaded weights and vocabulary of whisper.cpp, without any utterance's state.
//
// thread-safe once loaded: it is only read. A State is one utterance's memory and belongs to one thread.
#pragma once

#include "base/result.hpp"

#include <whisper.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::whisper {

struct FreeState {
    void operator()(whisper_state* state) const { whisper_free_state(state); }
};
using State = std::unique_ptr<whisper_state, FreeState>;

class Model {
public:
    /// Fails like check_model_file, and with `engine` when the library refuses the file.
    static base::Result<std::unique_ptr<Model>> open(const std::filesystem::path& path, bool use_gpu);

    /// Memory for one utterance at a time (tens of megabytes).
    base::Result<State> new_state() const;

    /// The library asks for a context that it could write to; with a State given, it does not.
    whisper_context* context() const { return context_.get(); }

    bool multilingual() const { return whisper_is_multilingual(context()) != 0; }
    /// How many languages the model has tokens for; they follow the start token in the order of their ids.
    int languages() const;

    int vocabulary() const { return whisper_n_vocab(context()); }
    /// Tokens below are text, all above are marks (languages, tasks, time stamps).
    whisper_token end_of_text() const { return whisper_token_eot(context()); }
    std::string_view text_of(whisper_token token) const { return whisper_token_to_str(context(), token); }
    whisper_token blank() const { return blank_; }
    std::vector<whisper_token> tokens_of(const std::string& text) const;

private:
    struct FreeContext {
        void operator()(whisper_context* context) const { whisper_free(context); }
    };

    explicit Model(whisper_context* context);

    std::unique_ptr<whisper_context, FreeContext> context_;
    whisper_token blank_;  ///< a space alone
};

}  // namespace antiphon::engine::whisper
