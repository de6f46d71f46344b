#include "engine/mms_lid/network.hpp"

#include "audio/pcm.hpp"
#include "base/log.hpp"

#include <array>
#include <cstdint>
#include <exception>
#include <string_view>

namespace antiphon::engine::mms_lid {
namespace {

constexpr const char* kInput = "input_values";
constexpr const char* kOutput = "logits";

void ORT_API_CALL log_line(void*, OrtLoggingLevel, const char*, const char*, const char*, const char* message) {
    base::log::debug("onnxruntime", {{"engine", "mms_lid"}, {"line", message}});
}

Ort::SessionOptions session_options(int threads) {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(threads);
    options.SetInterOpNumThreads(1);
    options.SetExecutionMode(ExecutionMode::ORT_SEQUENTIAL);
    options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
    // Threads that spin between runs would take the cores from the recognizer and the language model.
    options.AddConfigEntry("session.intra_op.allow_spinning", "0");
    options.AddConfigEntry("session.inter_op.allow_spinning", "0");
    // Each sound has its own length: patterns kept per length would only grow.
    options.DisableMemPattern();
    return options;
}

/// The library's message up to its first line's end: some hold a trace.
std::string sentence(const std::exception& failure) {
    const std::string_view all = failure.what();
    return std::string(all.substr(0, all.find('\n')));
}

/// A second of noise, always the same.
std::vector<float> faint_noise() {
    std::vector<float> noise(16000);
    std::uint32_t state = 1;
    for (float& sample : noise) {
        state = state * 1664525U + 1013904223U;
        sample = static_cast<float>(state >> 8) / 8388608.0F - 1.0F;
    }
    return noise;
}

}  // namespace

Network::Network(const std::filesystem::path& file, std::size_t labels, int threads)
    : environment_(ORT_LOGGING_LEVEL_WARNING, "mms_lid", log_line, nullptr),
      session_(environment_, file.c_str(), session_options(threads)),
      memory_(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault)),
      labels_(labels) {}

base::Result<std::unique_ptr<Network>> Network::open(const std::filesystem::path& file, std::size_t labels, int threads) {
    try {
        std::unique_ptr<Network> network(new Network(file, labels, threads));
        if (auto usable = network->check(); !usable)
            return base::error(base::Errc::engine, file.string() + " " + usable.error().text);
        return network;
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine, file.string() + " cannot be loaded: " + sentence(failure));
    }
}

base::Result<void> Network::check() {
    const auto refuse = [](std::string why) { return base::error(base::Errc::engine, std::move(why)); };
    Ort::AllocatorWithDefaultOptions allocator;
    if (session_.GetInputCount() != 1 || session_.GetOutputCount() != 1 ||
        std::string_view(session_.GetInputNameAllocated(0, allocator).get()) != kInput ||
        std::string_view(session_.GetOutputNameAllocated(0, allocator).get()) != kOutput)
        return refuse("is no MMS-LID network: its inputs and outputs have other names");
    const Ort::RunOptions options;
    if (auto probe = logits(faint_noise(), options); !probe) return refuse("does not work: " + probe.error().text);
    return {};
}

base::Result<std::vector<float>> Network::logits(std::vector<float> waveform, const Ort::RunOptions& options) {
    const std::array<std::int64_t, 2> shape{1, static_cast<std::int64_t>(waveform.size())};
    try {
        const auto input = Ort::Value::CreateTensor<float>(memory_, waveform.data(), waveform.size(), shape.data(), shape.size());
        const auto results = session_.Run(options, &kInput, &input, 1, &kOutput, 1);
        const auto info = results.front().GetTensorTypeAndShapeInfo();
        if (info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT || info.GetElementCount() != labels_)
            return base::error(base::Errc::engine, "the network gives " + std::to_string(info.GetElementCount()) +
                                                       " numbers for " + std::to_string(labels_) + " languages");
        const float* first = results.front().GetTensorData<float>();
        std::vector<float> values(first, first + labels_);
        if (!audio::all_finite(values)) return base::error(base::Errc::engine, "the network gave what is no number");
        return values;
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine, "the network failed: " + sentence(failure));
    }
}

}  // namespace antiphon::engine::mms_lid
