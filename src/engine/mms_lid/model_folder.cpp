#include "engine/mms_lid/model_folder.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace antiphon::engine::mms_lid {
namespace {

namespace json = boost::json;

constexpr std::uintmax_t kLargestText = 1'000'000;  // bytes; four thousand labels take 40 kB
constexpr std::int64_t kSampleRate = 16000;

base::Error damaged(const std::filesystem::path& file, std::string_view why) {
    return base::error(base::Errc::engine, file.string() + " " + std::string(why));
}

base::Result<json::value> read_json(const std::filesystem::path& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed || size > kLargestText) return damaged(file, "is no list or settings of a model");
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    boost::system::error_code malformed;
    json::value value = json::parse(text, malformed);
    if (!in || malformed) return damaged(file, "is no JSON");
    return value;
}

/// Letters, and behind a '-' what a label may say of the script.
bool is_label(std::string_view text) {
    const std::string_view code = text.substr(0, text.find_first_of("-_"));
    return code.size() >= 2 && code.size() <= 8 && text.size() <= 64 &&
           std::all_of(code.begin(), code.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

base::Result<std::vector<std::string>> read_labels(const std::filesystem::path& file) {
    const auto value = read_json(file);
    if (!value) return value.error();
    const json::array* list = value->if_array();
    if (list == nullptr || list->size() < 2) return damaged(file, "is no list of languages");
    std::vector<std::string> labels;
    std::set<std::string> known;
    for (const json::value& entry : *list) {
        const json::string* label = entry.if_string();
        if (label == nullptr || !is_label(*label)) return damaged(file, "holds something else than codes of languages");
        labels.emplace_back(*label);
        if (!known.insert(labels.back()).second) return damaged(file, "names " + labels.back() + " twice");
    }
    return labels;
}

base::Result<bool> read_normalisation(const std::filesystem::path& file) {
    const auto value = read_json(file);
    if (!value) return value.error();
    const json::object* settings = value->if_object();
    if (settings == nullptr) return damaged(file, "is no JSON object");
    const auto number = [&](std::string_view name) {
        const json::value* member = settings->if_contains(name);
        boost::system::error_code failed;
        return member == nullptr ? 0 : member->to_number<std::int64_t>(failed);
    };
    if (number("sampling_rate") != kSampleRate || number("feature_size") != 1)
        return damaged(file, "is of a model that does not take one channel of 16000 samples per second");
    const json::value* normalise = settings->if_contains("do_normalize");
    if (normalise == nullptr || !normalise->is_bool()) return damaged(file, "does not say do_normalize");
    return normalise->get_bool();
}

}  // namespace

base::Result<ModelFolder> read_model_folder(const std::filesystem::path& folder) {
    const auto network = folder / "model.onnx";
    const auto labels_file = folder / "labels.json";
    const auto preparation_file = folder / "preprocessor_config.json";
    std::error_code ignored;
    for (const auto& file : {network, labels_file, preparation_file})
        if (!std::filesystem::is_regular_file(file, ignored) || !std::ifstream(file, std::ios::binary))
            return base::error(base::Errc::unavailable, "cannot read " + file.string() +
                                                            ", which models/export_mms_lid.py writes");
    auto labels = read_labels(labels_file);
    if (!labels) return labels.error();
    const auto normalise = read_normalisation(preparation_file);
    if (!normalise) return normalise.error();
    return ModelFolder{network, std::move(*labels), *normalise};
}

}  // namespace antiphon::engine::mms_lid
