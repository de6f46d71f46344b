// The language of the call: what was found out about it, and what follows from it for the words and the answers.

#include "call/conversation.hpp"

#include "base/log.hpp"
#include "engine/language_tag.hpp"

#include <algorithm>

namespace antiphon::call {
namespace {

/// The language of the instructions that come with the server, and of most others. A model answers a caller in it by
/// itself, so that its prompt stays as it was read before the call began.
constexpr const char* kUsual = "en";

}  // namespace

void Conversation::language_changed() {
    const listen::LanguageVote& vote = language_watch_.vote();
    base::log::info("call.language", {{"call", session_.id}, {"language", vote.language()}, {"confidence", vote.confidence()}});
    peer_.send(LanguageDecided{vote.language(), vote.confidence()});
}

listen::Expected Conversation::expected_words() const {
    listen::Expected expected{session_.input_language, session_.input_hint};
    // Where the client commits, nothing but the recognizer sees the sound before it is whole.
    if (expected.language.empty() && session_.turn_detection) expected.language = language_watch_.expected();
    return expected;
}

void Conversation::language_heard(const Hearing& hearing, const engine::Transcript& words) {
    if (!hearing.language_open || hearing.sound || words.text.empty()) return;
    const base::Duration padding = session_.turn_detection ? session_.turn_detection->prefix_padding : base::milliseconds(0);
    language_watch_.heard(engine::primary_language(words.language), words.confidence, hearing.length() - padding);
}

std::string Conversation::answer_language(const std::string& heard) const {
    const std::string& decided = language_watch_.vote().language();
    return decided.empty() ? heard : decided;
}

std::string Conversation::instructed(const std::string& instructions, const std::string& language) const {
    const listen::LanguageVote& vote = language_watch_.vote();
    // A language that the session fixes is its author's matter, and so are the instructions for it.
    if (vote.fixed() || vote.language().empty() || vote.language() != language) return instructions;
    if (language == kUsual && !vote.switched()) return instructions;
    const auto& known = engines_.languages;
    const auto named = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.code == language; });
    if (named == known.end()) return instructions;
    const std::string wanted = "Answer in " + named->name + ".";
    return instructions.empty() ? wanted : instructions + '\n' + wanted;
}

}  // namespace antiphon::call
