#include "engine/piper/voice_config.hpp"

#include "base/utf8.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <iterator>
#include <limits>
#include <optional>

namespace antiphon::engine::piper {
namespace {

namespace json = boost::json;

constexpr char32_t kBegin = U'^';
constexpr char32_t kEnd = U'$';
constexpr char32_t kPad = U'_';

base::Error refuse(const std::string& member, std::string_view why) {
    return base::error(base::Errc::invalid, "\"" + member + "\" " + std::string(why), member);
}

const json::object* object_at(const json::object& in, std::string_view name) {
    const json::value* value = in.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

std::string text_at(const json::object* in, std::string_view name) {
    const json::value* value = in == nullptr ? nullptr : in->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// False for a number outside the range or something else than a number; a missing one changes nothing.
bool take_scale(const json::object* in, std::string_view name, float& scale, float least) {
    const json::value* value = in == nullptr ? nullptr : in->if_contains(name);
    if (value == nullptr) return true;
    boost::system::error_code failed;
    const double number = value->to_number<double>(failed);
    if (failed || !(number >= least && number <= 10.0)) return false;
    scale = static_cast<float>(number);
    return true;
}

std::optional<std::int64_t> whole_number(const json::value& value, std::int64_t least, std::int64_t most) {
    boost::system::error_code failed;
    const auto number = value.to_number<std::int64_t>(failed);
    if (failed || number < least || number > most) return std::nullopt;
    return number;
}

base::Result<void> take_phonemes(const json::object& root, VoiceConfig& config) {
    const json::object* map = object_at(root, "phoneme_id_map");
    if (map == nullptr || map->empty()) return refuse("phoneme_id_map", "is missing");
    for (const auto& [name, value] : *map) {
        const auto points = base::code_points(name);
        const json::array* ids = value.if_array();
        if (points.size() != 1 || ids == nullptr)
            return refuse("phoneme_id_map", "does not map single characters to lists");
        auto& list = config.phoneme_ids[points.front()];
        for (const json::value& id : *ids) {
            const auto number = whole_number(id, 0, std::numeric_limits<std::int32_t>::max());
            if (!number) return refuse("phoneme_id_map", "holds something else than whole numbers");
            list.push_back(*number);
        }
    }
    for (const char32_t needed : {kBegin, kEnd, kPad})
        if (!config.phoneme_ids.contains(needed)) return refuse("phoneme_id_map", "lacks one of ^ $ _");
    if (const json::object* replacements = object_at(root, "phoneme_map"))
        for (const auto& [name, value] : *replacements) {
            const auto points = base::code_points(name);
            const json::array* list = value.if_array();
            if (points.size() != 1 || list == nullptr)
                return refuse("phoneme_map", "does not map single characters to lists");
            auto& replacement = config.phoneme_map[points.front()];
            for (const json::value& part : *list)
                if (part.is_string())
                    for (const char32_t point : base::code_points(std::string_view(part.get_string())))
                        replacement += point;
        }
    return {};
}

base::Result<void> take_speakers(const json::object& root, VoiceConfig& config) {
    if (const json::value* count = root.if_contains("num_speakers")) {
        const auto number = whole_number(*count, 1, 100000);
        if (!number) return refuse("num_speakers", "is no count");
        config.speakers = *number;
    }
    if (const json::object* names = object_at(root, "speaker_id_map"))
        for (const auto& [name, value] : *names) {
            const auto number = whole_number(value, 0, config.speakers - 1);
            if (!number) return refuse("speaker_id_map", "holds a number outside num_speakers");
            config.speaker_ids[std::string(name)] = *number;
        }
    return {};
}

}  // namespace

base::Result<VoiceConfig> parse_voice_config(std::string_view text) {
    boost::system::error_code failed;
    const json::value document = json::parse(text, failed);
    if (failed || !document.is_object()) return base::error(base::Errc::invalid, "is no JSON object");
    const json::object& root = document.get_object();
    VoiceConfig config;

    const json::object* audio = object_at(root, "audio");
    const json::value* rate = audio == nullptr ? nullptr : audio->if_contains("sample_rate");
    const auto sample_rate = rate == nullptr ? std::nullopt : whole_number(*rate, 8000, 192000);
    if (!sample_rate) return refuse("audio.sample_rate", "is missing or outside 8000 to 192000");
    config.sample_rate = static_cast<int>(*sample_rate);

    const std::string type = text_at(&root, "phoneme_type");
    if (!type.empty() && type != "espeak")
        return base::error(base::Errc::unsupported, "phonemes of the type \"" + type + "\" are not supported",
                           "phoneme_type");
    config.espeak_voice = text_at(object_at(root, "espeak"), "voice");
    if (config.espeak_voice.empty()) return refuse("espeak.voice", "is missing");

    config.language = text_at(object_at(root, "language"), "code");
    if (config.language.empty()) config.language = config.espeak_voice;  // voices of 2022 have no "language"
    std::replace(config.language.begin(), config.language.end(), '_', '-');
    config.dataset = text_at(&root, "dataset");

    const json::object* inference = object_at(root, "inference");
    if (!take_scale(inference, "noise_scale", config.noise_scale, 0.0F))
        return refuse("inference.noise_scale", "is outside 0 to 10");
    if (!take_scale(inference, "length_scale", config.length_scale, 0.01F))
        return refuse("inference.length_scale", "is outside 0.01 to 10");
    if (!take_scale(inference, "noise_w", config.noise_w, 0.0F))
        return refuse("inference.noise_w", "is outside 0 to 10");

    if (auto taken = take_speakers(root, config); !taken) return taken.error();
    if (auto taken = take_phonemes(root, config); !taken) return taken.error();
    return config;
}

base::Result<VoiceConfig> read_voice_config(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return base::error(base::Errc::unavailable, "cannot open the voice's settings " + path.string());
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    auto config = parse_voice_config(text);
    if (!config)
        return base::error(config.error().code, path.string() + ": " + config.error().text, config.error().param);
    return config;
}

PhonemeIds to_ids(std::u32string_view phonemes, const VoiceConfig& config) {
    PhonemeIds result;
    const auto put = [&](char32_t phoneme) {
        const auto found = config.phoneme_ids.find(phoneme);
        if (found == config.phoneme_ids.end()) return false;
        result.ids.insert(result.ids.end(), found->second.begin(), found->second.end());
        return true;
    };
    const auto put_padded = [&](char32_t phoneme) {
        if (put(phoneme))
            put(kPad);
        else
            ++result.unknown;
    };
    put(kBegin);
    put(kPad);
    for (const char32_t phoneme : phonemes) {
        const auto replaced = config.phoneme_map.find(phoneme);
        if (replaced == config.phoneme_map.end())
            put_padded(phoneme);
        else
            for (const char32_t part : replaced->second) put_padded(part);
    }
    put(kEnd);
    return result;
}

}  // namespace antiphon::engine::piper
