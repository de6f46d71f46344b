#include "engine/mms_lid/language_code.hpp"

#include <algorithm>
#include <array>

namespace antiphon::engine::mms_lid {
namespace {

struct Code {
    std::string_view three;
    std::string_view two;
};

// By the three letters, which are looked for by halving.
// clang-format off
constexpr auto kCodes = std::to_array<Code>({
    {"aar", "aa"}, {"abk", "ab"}, {"afr", "af"}, {"aka", "ak"}, {"als", "sq"}, {"amh", "am"}, {"ara", "ar"},
    {"arb", "ar"}, {"arg", "an"}, {"asm", "as"}, {"ava", "av"}, {"ave", "ae"}, {"aym", "ay"}, {"aze", "az"},
    {"azj", "az"}, {"bak", "ba"}, {"bam", "bm"}, {"bel", "be"}, {"ben", "bn"}, {"bis", "bi"}, {"bod", "bo"},
    {"bos", "bs"}, {"bre", "br"}, {"bul", "bg"}, {"cat", "ca"}, {"ces", "cs"}, {"cha", "ch"}, {"che", "ce"},
    {"chu", "cu"}, {"chv", "cv"}, {"cmn", "zh"}, {"cor", "kw"}, {"cos", "co"}, {"cre", "cr"}, {"cym", "cy"},
    {"dan", "da"}, {"deu", "de"}, {"div", "dv"}, {"dzo", "dz"}, {"ekk", "et"}, {"ell", "el"}, {"eng", "en"},
    {"epo", "eo"}, {"esk", "ik"}, {"est", "et"}, {"eus", "eu"}, {"ewe", "ee"}, {"fao", "fo"}, {"fas", "fa"},
    {"fij", "fj"}, {"fil", "tl"}, {"fin", "fi"}, {"fra", "fr"}, {"fry", "fy"}, {"fuc", "ff"}, {"ful", "ff"},
    {"gaz", "om"}, {"gla", "gd"}, {"gle", "ga"}, {"glg", "gl"}, {"glv", "gv"}, {"grn", "gn"}, {"gug", "gn"},
    {"guj", "gu"}, {"hat", "ht"}, {"hau", "ha"}, {"heb", "he"}, {"her", "hz"}, {"hin", "hi"}, {"hmo", "ho"},
    {"hrv", "hr"}, {"hun", "hu"}, {"hye", "hy"}, {"ibo", "ig"}, {"ido", "io"}, {"iii", "ii"}, {"ike", "iu"},
    {"iku", "iu"}, {"ile", "ie"}, {"ina", "ia"}, {"ind", "id"}, {"ipk", "ik"}, {"isl", "is"}, {"ita", "it"},
    {"jav", "jv"}, {"jpn", "ja"}, {"kal", "kl"}, {"kan", "kn"}, {"kas", "ks"}, {"kat", "ka"}, {"kau", "kr"},
    {"kaz", "kk"}, {"khk", "mn"}, {"khm", "km"}, {"kik", "ki"}, {"kin", "rw"}, {"kir", "ky"}, {"kmr", "ku"},
    {"knc", "kr"}, {"kng", "kg"}, {"kom", "kv"}, {"kon", "kg"}, {"kor", "ko"}, {"kpv", "kv"}, {"kua", "kj"},
    {"kur", "ku"}, {"lao", "lo"}, {"lat", "la"}, {"lav", "lv"}, {"lim", "li"}, {"lin", "ln"}, {"lit", "lt"},
    {"ltz", "lb"}, {"lub", "lu"}, {"lug", "lg"}, {"lvs", "lv"}, {"mah", "mh"}, {"mal", "ml"}, {"mar", "mr"},
    {"mkd", "mk"}, {"mlg", "mg"}, {"mlt", "mt"}, {"mon", "mn"}, {"mri", "mi"}, {"msa", "ms"}, {"mya", "my"},
    {"nau", "na"}, {"nav", "nv"}, {"nbl", "nr"}, {"nde", "nd"}, {"ndo", "ng"}, {"nep", "ne"}, {"nld", "nl"},
    {"nno", "no"}, {"nob", "no"}, {"nor", "no"}, {"npi", "ne"}, {"nya", "ny"}, {"oci", "oc"}, {"oji", "oj"},
    {"ori", "or"}, {"orm", "om"}, {"ory", "or"}, {"oss", "os"}, {"pan", "pa"}, {"pbt", "ps"}, {"pbu", "ps"},
    {"pes", "fa"}, {"pli", "pi"}, {"plt", "mg"}, {"pol", "pl"}, {"por", "pt"}, {"pus", "ps"}, {"que", "qu"},
    {"quz", "qu"}, {"roh", "rm"}, {"ron", "ro"}, {"run", "rn"}, {"rus", "ru"}, {"sag", "sg"}, {"san", "sa"},
    {"sin", "si"}, {"slk", "sk"}, {"slv", "sl"}, {"sme", "se"}, {"smo", "sm"}, {"sna", "sn"}, {"snd", "sd"},
    {"som", "so"}, {"sot", "st"}, {"spa", "es"}, {"sqi", "sq"}, {"src", "sc"}, {"srd", "sc"}, {"srp", "sr"},
    {"ssw", "ss"}, {"sun", "su"}, {"swa", "sw"}, {"swe", "sv"}, {"swh", "sw"}, {"tah", "ty"}, {"tam", "ta"},
    {"tat", "tt"}, {"tel", "te"}, {"tgk", "tg"}, {"tgl", "tl"}, {"tha", "th"}, {"tir", "ti"}, {"ton", "to"},
    {"tsn", "tn"}, {"tso", "ts"}, {"tuk", "tk"}, {"tur", "tr"}, {"twi", "tw"}, {"uig", "ug"}, {"ukr", "uk"},
    {"urd", "ur"}, {"uzb", "uz"}, {"uzn", "uz"}, {"ven", "ve"}, {"vie", "vi"}, {"vol", "vo"}, {"wln", "wa"},
    {"wol", "wo"}, {"xho", "xh"}, {"ydd", "yi"}, {"yid", "yi"}, {"yor", "yo"}, {"zha", "za"}, {"zho", "zh"},
    {"zlm", "ms"}, {"zsm", "ms"}, {"zul", "zu"}, {"zyb", "za"}
});
// clang-format on

static_assert(std::is_sorted(kCodes.begin(), kCodes.end(), [](const Code& a, const Code& b) { return a.three < b.three; }));

}  // namespace

std::string bcp47_of(std::string_view label) {
    const std::string_view code = label.substr(0, label.find_first_of("-_"));
    const auto found = std::lower_bound(kCodes.begin(), kCodes.end(), code,
                                        [](const Code& entry, std::string_view wanted) { return entry.three < wanted; });
    return std::string(found != kCodes.end() && found->three == code ? found->two : code);
}

}  // namespace antiphon::engine::mms_lid
