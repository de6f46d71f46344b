// Names of languages as voices and requests write them (BCP 47), compared.
//
// pure.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::engine {

/// The first subtag in small letters, '_' allowed for '-': "pt" of "pt_BR". Names of one language that engines
/// write differently are one: "no" for nb and nn, "zh" for cmn. Empty for an empty tag.
std::string primary_language(std::string_view tag);

/// Whether a voice of language `voice` may speak a request for `wanted`: their primary languages are equal. An
/// empty request is served by any voice.
bool speaks(std::string_view voice, std::string_view wanted);

}  // namespace antiphon::engine
