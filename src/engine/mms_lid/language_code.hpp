// From the labels of MMS (ISO 639-3) to the house's language names (BCP 47).
//
// pure. Source: ISO 639-3 with its column for ISO 639-1 (Debian's iso-codes 4.15), and CLDR's aliases of
// macrolanguages: "cmn" is "zh", "zsm" is "ms". Both ways to write Norwegian are "no", as in language_tag.hpp.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::engine::mms_lid {

/// The two-letter code of those languages that have one ("swe" -> "sv"), else the three letters themselves
/// ("ceb"). A script behind the code is left out: "uzb-script_cyrillic" -> "uz".
std::string bcp47_of(std::string_view label);

}  // namespace antiphon::engine::mms_lid
