#include "engine/llama/model_file.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"

#include <array>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

namespace antiphon::engine::llama {
namespace {

// llama.cpp reports on the thread that calls it, in parts of lines, and has no other way to say why a
// file was refused.
thread_local std::string unfinished_line;
thread_local std::string first_complaint;  ///< the one nearest to the cause

void take_log(ggml_log_level level, const char* text, void*) {
    if (level != GGML_LOG_LEVEL_CONT) unfinished_line.clear();  // what stood there was a progress bar
    unfinished_line += text;
    if (unfinished_line.empty() || unfinished_line.back() != '\n') return;
    const std::string line(base::trimmed(unfinished_line));
    unfinished_line.clear();
    if (line.empty()) return;
    if (level == GGML_LOG_LEVEL_ERROR && first_complaint.empty()) first_complaint = line;
    base::log::debug("llama.log", {{"text", line}});
}

std::string complaint(std::string_view otherwise) {
    return first_complaint.empty() ? std::string(otherwise) : first_complaint;
}

}  // namespace

void route_library_log() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(&take_log, nullptr);
        llama_backend_init();
    });
}

base::Result<llama_model_ptr> load_model(const std::filesystem::path& file, int layers) {
    std::ifstream head(file, std::ios::binary);
    std::array<char, 4> magic{};
    if (!std::filesystem::is_regular_file(file) || !head)
        return base::error(base::Errc::unavailable, "no language model at " + file.string());
    if (!head.read(magic.data(), magic.size()) || std::string_view(magic.data(), magic.size()) != "GGUF")
        return base::error(base::Errc::engine, file.string() + " is no GGUF file");

    auto parameters = llama_model_default_params();
    parameters.n_gpu_layers = layers;
    parameters.check_tensors = true;  // a damaged weight must not come out as speech
    first_complaint.clear();
    llama_model_ptr model;
    try {
        model.reset(llama_model_load_from_file(file.c_str(), parameters));
    } catch (const std::exception& failure) {
        first_complaint = failure.what();
    }
    if (!model)
        return base::error(base::Errc::engine, "cannot load the language model " + file.string() + ": " +
                                                   complaint("llama.cpp refused it"));
    return model;
}

base::Result<llama_context_ptr> open_context(llama_model& model, const llama_context_params& parameters) {
    first_complaint.clear();
    llama_context_ptr context;
    try {
        context.reset(llama_init_from_model(&model, parameters));
    } catch (const std::exception& failure) {
        first_complaint = failure.what();
    }
    if (!context)
        return base::error(base::Errc::engine, "cannot start the language model: " + complaint("llama.cpp refused"));
    return context;
}

}  // namespace antiphon::engine::llama
