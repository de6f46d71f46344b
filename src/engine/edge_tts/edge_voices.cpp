#include "engine/edge_tts/edge_voices.hpp"

#include "engine/language_tag.hpp"

#include <algorithm>

namespace antiphon::engine::edge_tts {
namespace {

/// One voice for each language and region that the service lists; the first of a language is its default.
constexpr const char* kNames[] = {
    // clang-format off
    "af-ZA-AdriNeural", "am-ET-MekdesNeural", "ar-SA-ZariyahNeural", "ar-AE-FatimaNeural", "ar-BH-LailaNeural",
    "ar-DZ-AminaNeural", "ar-EG-SalmaNeural", "ar-IQ-RanaNeural", "ar-JO-SanaNeural", "ar-KW-NouraNeural",
    "ar-LB-LaylaNeural", "ar-LY-ImanNeural", "ar-MA-MounaNeural", "ar-OM-AyshaNeural", "ar-QA-AmalNeural",
    "ar-SY-AmanyNeural", "ar-TN-ReemNeural", "ar-YE-MaryamNeural", "az-AZ-BanuNeural", "bg-BG-KalinaNeural",
    "bn-BD-NabanitaNeural", "bn-IN-TanishaaNeural", "bs-BA-VesnaNeural", "ca-ES-JoanaNeural", "cs-CZ-VlastaNeural",
    "cy-GB-NiaNeural", "da-DK-ChristelNeural", "de-DE-KatjaNeural", "de-AT-IngridNeural", "de-CH-LeniNeural",
    "el-GR-AthinaNeural", "en-US-AriaNeural", "en-AU-NatashaNeural", "en-CA-ClaraNeural", "en-GB-SoniaNeural",
    "en-HK-YanNeural", "en-IE-EmilyNeural", "en-IN-NeerjaNeural", "en-KE-AsiliaNeural", "en-NG-EzinneNeural",
    "en-NZ-MollyNeural", "en-PH-RosaNeural", "en-SG-LunaNeural", "en-TZ-ImaniNeural", "en-ZA-LeahNeural",
    "es-ES-ElviraNeural", "es-AR-ElenaNeural", "es-BO-SofiaNeural", "es-CL-CatalinaNeural", "es-CO-SalomeNeural",
    "es-CR-MariaNeural", "es-CU-BelkysNeural", "es-DO-RamonaNeural", "es-EC-AndreaNeural", "es-GQ-TeresaNeural",
    "es-GT-MartaNeural", "es-HN-KarlaNeural", "es-MX-DaliaNeural", "es-NI-YolandaNeural", "es-PA-MargaritaNeural",
    "es-PE-CamilaNeural", "es-PR-KarinaNeural", "es-PY-TaniaNeural", "es-SV-LorenaNeural", "es-US-PalomaNeural",
    "es-UY-ValentinaNeural", "es-VE-PaolaNeural", "et-EE-AnuNeural", "fa-IR-DilaraNeural", "fi-FI-NooraNeural",
    "fil-PH-BlessicaNeural", "fr-FR-DeniseNeural", "fr-BE-CharlineNeural", "fr-CA-SylvieNeural",
    "fr-CH-ArianeNeural", "ga-IE-OrlaNeural", "gl-ES-SabelaNeural", "gu-IN-DhwaniNeural", "he-IL-HilaNeural",
    "hi-IN-SwaraNeural", "hr-HR-GabrijelaNeural", "hu-HU-NoemiNeural", "id-ID-GadisNeural", "is-IS-GudrunNeural",
    "it-IT-ElsaNeural", "ja-JP-NanamiNeural", "jv-ID-SitiNeural", "ka-GE-EkaNeural", "kk-KZ-AigulNeural",
    "km-KH-SreymomNeural", "kn-IN-SapnaNeural", "ko-KR-SunHiNeural", "lo-LA-KeomanyNeural", "lt-LT-OnaNeural",
    "lv-LV-EveritaNeural", "mk-MK-MarijaNeural", "ml-IN-SobhanaNeural", "mn-MN-YesuiNeural", "mr-IN-AarohiNeural",
    "ms-MY-YasminNeural", "mt-MT-GraceNeural", "my-MM-NilarNeural", "nb-NO-PernilleNeural", "ne-NP-HemkalaNeural",
    "nl-NL-ColetteNeural", "nl-BE-DenaNeural", "pl-PL-ZofiaNeural", "ps-AF-LatifaNeural", "pt-PT-RaquelNeural",
    "pt-BR-FranciscaNeural", "ro-RO-AlinaNeural", "ru-RU-SvetlanaNeural", "si-LK-ThiliniNeural",
    "sk-SK-ViktoriaNeural", "sl-SI-PetraNeural", "so-SO-UbaxNeural", "sq-AL-AnilaNeural", "sr-RS-SophieNeural",
    "su-ID-TutiNeural", "sv-SE-SofieNeural", "sw-KE-ZuriNeural", "sw-TZ-RehemaNeural", "ta-IN-PallaviNeural",
    "ta-LK-SaranyaNeural", "ta-MY-KaniNeural", "ta-SG-VenbaNeural", "te-IN-ShrutiNeural", "th-TH-PremwadeeNeural",
    "tr-TR-EmelNeural", "uk-UA-PolinaNeural", "ur-PK-UzmaNeural", "ur-IN-GulNeural", "uz-UZ-MadinaNeural",
    "vi-VN-HoaiMyNeural", "zh-CN-XiaoxiaoNeural", "zh-HK-HiuMaanNeural", "zh-TW-HsiaoChenNeural",
    "zu-ZA-ThandoNeural",
    // clang-format on
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "sv-SE" as "sv-se", to compare.
std::string small(std::string_view tag) {
    std::string text(tag);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_') c = '-';
    }
    return text;
}

}  // namespace

std::string language_of(std::string_view name) {
    const auto end = name.rfind('-');
    if (name.empty() || !is_letter(name.front()) || end == std::string_view::npos) return {};
    if (end < 2 || end + 1 == name.size() || name.find('-') == end) return {};
    if (!std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || c == '-' || (c >= '0' && c <= '9'); }))
        return {};
    return std::string(name.substr(0, end));
}

std::vector<std::string> known_voices() { return {std::begin(kNames), std::end(kNames)}; }

const std::string* voice_for(const std::vector<std::string>& voices, std::string_view language) {
    const std::string* nearest = nullptr;
    for (const std::string& voice : voices) {
        const std::string spoken = language_of(voice);
        if (small(spoken) == small(language)) return &voice;
        if (nearest == nullptr && primary_language(spoken) == primary_language(language)) nearest = &voice;
    }
    return nearest;
}

}  // namespace antiphon::engine::edge_tts
