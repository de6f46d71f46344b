// Text to IPA phonemes by espeak-ng, the way Piper's voices were trained on them.
//
// thread-safe: all objects share the process's one espeak-ng (espeak_library.hpp); a sentence holds it for well
// under a millisecond.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace antiphon::engine::piper {

class EspeakPhonemizer {
public:
    /// For one of espeak-ng's voices, for example "en-us". Fails with
    ///   unavailable  espeak-ng's data files are missing
    ///   unsupported  it has no voice of that name
    static base::Result<EspeakPhonemizer> open(std::string voice);

    /// The phonemes of a clause as code points in canonical decomposition (NFD), words parted by one
    /// space, no space at the ends. Punctuation gives no phonemes: espeak-ng drops it, so who needs its
    /// marks cuts the text at them first. Marks of a change of language, "(en)", are left out. The text
    /// is UTF-8; fails with `invalid` if not, before espeak-ng sees it, and with `engine`.
    base::Result<std::u32string> phonemes(std::string_view text) const;

private:
    explicit EspeakPhonemizer(std::string voice) : voice_(std::move(voice)) {}

    std::string voice_;
};

/// espeak-ng's IPA as Piper takes it: canonical decomposition of the Latin letters that its IPA may
/// hold, without "(xx)" marks, white space folded. pure.
std::u32string to_piper_phonemes(std::string_view ipa);

}  // namespace antiphon::engine::piper
