// What the caller's sound says: the words of turns, of sounds inside items, and of speech that goes on.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace antiphon::call {
namespace {

/// Sounds of items whose words a client may wait for at the same time.
constexpr std::size_t kMaxWaitingSounds = 16;
/// Speech that goes on for longer is not looked at any more: each look recognizes all of it anew.
constexpr base::milliseconds kLongestGlimpse{25'000};

bool wants_words(const think::Content& content) { return content.sound && !content.text; }

}  // namespace

void Conversation::start_hearing(Hearing& hearing) {
    hearing.begun = true;
    const listen::Expected expected = expected_words();
    hearing.language_open = expected.language.empty();
    auto taken = hearing.sound ? listener_.recognize(hearing.turn, hearing.sound, expected)
                               : listener_.recognize(hearing.turn, hearing.from, hearing.to, expected);
    if (taken) return;
    engines_.metrics.overloads.Increment();
    hearing.transcript = taken.error();
}

void Conversation::on_transcript(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) {
    const base::Time now = strand_->now();
    const auto found = std::find_if(hearings_.begin(), hearings_.end(), [&](const Hearing& h) { return h.turn == turn; });
    if (glimpse_ && glimpse_->turn == turn) {
        // A recognizer that is slow, or busy with others, is asked less often.
        next_glimpse_ = now + std::max<base::Duration>(settings_.listen.partial_interval, 2 * (now - glimpse_->asked));
        glimpse_.reset();
        if (!transcript) return waste(busy);
        engines_.metrics.used_seconds.Increment(base::seconds(busy));
        tell_partial(transcript->text);
    } else if (hearing_ && hearing_->turn == turn) {
        hearing_->busy = busy;
        TurnMarks::mark(hearing_->marks.transcript, now);
        hearing_->transcript = std::move(transcript);
        const auto& words = *hearing_->transcript;
        if (words) language_heard(*hearing_, *words);
        if (!hearing_->wants_answer || !words || words->text.empty()) return;
        make_answer(turn, {}, hearing_->marks, answer_language(words->language)).speculated = true;
        think_answer({}, words->text);
    } else if (found != hearings_.end()) {
        found->busy = busy;
        TurnMarks::mark(found->marks.transcript, now);
        found->transcript = std::move(transcript);
        if (*found->transcript) language_heard(*found, **found->transcript);
        words_known(*found);
        settle();
    } else {
        waste(busy);
    }
}

void Conversation::words_known(Hearing& heard) {
    const Hearing hearing = std::move(heard);
    std::erase_if(hearings_, [&](const Hearing& other) { return other.turn == hearing.turn; });
    engines_.metrics.used_seconds.Increment(base::seconds(hearing.busy));
    const auto& words = *hearing.transcript;
    if (words) engines_.metrics.recognized_seconds.Increment(base::seconds(hearing.length()));
    else engines_.metrics.hearing_failures.Increment();
    if (think::Content* content = content_of(hearing)) {
        content->sound.reset();
        if (words) content->text = words->text;
    }
    if (!hearing.of_input) tell_words(hearing);
    const bool said_something = words && !words->text.empty();
    if (said_something) language_ = words->language;
    if (hearing.wants_answer && said_something) {
        if (answer_ && !answer_->gate_open) {
            // The guess was right: what was made behind the gate is the answer.
            wanted_.reset();
            answer_->marks.turn_end = hearing.marks.turn_end;
            open_gate();
        } else if (!wanted_ || !wanted_->by_client) {
            wanted_ = Wanted{hearing.turn, {}, hearing.marks, answer_language(words->language)};
        }
    }
    start_next_sound();
    start_wanted_answer();
}

void Conversation::tell_words(const Hearing& hearing) {
    const auto& words = *hearing.transcript;
    const int index = static_cast<int>(hearing.content_index);
    if (!words) {
        peer_.send(TranscriptionFailed{hearing.item_id, words.error(), index});
        base::log::warning("turn.not_heard", {{"call", session_.id}, {"reason", words.error().text}});
        return;
    }
    if (!session_.transcribes) return;
    if (!words->text.empty()) peer_.send(TranscriptionDelta{hearing.item_id, words->text, index});
    const double seconds = base::seconds(hearing.length());
    peer_.send(TranscriptionCompleted{hearing.item_id, words->text, words->language, seconds, index});
}

think::Content* Conversation::content_of(const Hearing& hearing) {
    think::Item* item = nullptr;
    if (!hearing.of_input) {
        item = dialogue_.find(hearing.item_id);
    } else if (wanted_ && wanted_->request.input) {
        auto& input = *wanted_->request.input;
        const auto is_it = [&](const think::Item& each) { return each.id == hearing.item_id; };
        const auto found = std::find_if(input.begin(), input.end(), is_it);
        if (found != input.end()) item = &*found;
    }
    if (item == nullptr || hearing.content_index >= item->content.size()) return nullptr;
    return &item->content[hearing.content_index];
}

base::Result<void> Conversation::check_sounds(const think::Item& item) const {
    std::size_t waiting = hearings_.size();
    for (const think::Content& content : item.content) {
        if (!wants_words(content)) continue;
        if (content.sound->samples.empty())
            return base::error(base::Errc::invalid, "the item's sound is empty", "item.content");
        if (content.sound->duration() > settings_.listen.max_utterance)
            return base::error(base::Errc::invalid,
                               "the item's sound is longer than " +
                                   std::to_string(settings_.listen.max_utterance.count() / 1000) + " s",
                               "item.content");
        if (++waiting > kMaxWaitingSounds)
            return base::error(base::Errc::overloaded, "too many sounds wait to be recognized", "item.content");
    }
    return {};
}

void Conversation::hear_item(const think::Item& item, bool of_input) {
    for (std::size_t i = 0; i < item.content.size(); ++i) {
        if (!wants_words(item.content[i])) continue;
        Hearing hearing;
        hearing.turn = next_turn();
        hearing.item_id = item.id;
        hearing.sound = item.content[i].sound;
        hearing.content_index = i;
        hearing.of_input = of_input;
        hearings_.push_back(std::move(hearing));
    }
}

void Conversation::start_next_sound() {
    // One at a time: a client's pile of sounds must not fill the queue that all calls share.
    const auto waits = [](const Hearing& hearing) { return hearing.sound && !hearing.begun; };
    const auto runs = [](const Hearing& hearing) { return hearing.sound && hearing.begun; };
    if (std::any_of(hearings_.begin(), hearings_.end(), runs)) return;
    const auto next = std::find_if(hearings_.begin(), hearings_.end(), waits);
    if (next == hearings_.end()) return;
    start_hearing(*next);
    if (next->transcript) words_known(*next);
}

void Conversation::drop_hearings_of(const std::string& item_id) {
    std::erase_if(hearings_, [&](const Hearing& hearing) {
        if (hearing.of_input || hearing.item_id != item_id) return false;
        listener_.cancel(hearing.turn);
        return true;
    });
    start_next_sound();
}

void Conversation::drop_hearings_of_input() {
    std::erase_if(hearings_, [&](const Hearing& hearing) {
        if (hearing.of_input) listener_.cancel(hearing.turn);
        return hearing.of_input;
    });
    start_next_sound();
}

void Conversation::glimpse() {
    const bool busy = glimpse_ || hearing_ || !hearings_.empty();
    if (!session_.partials || speech_item_.empty() || busy) return;
    const base::Time now = strand_->now();
    if (now < next_glimpse_) return;
    const listen::Position to = listener_.position();
    if (listen::duration_between(utterance_from_, to) > kLongestGlimpse) return;
    const Glimpse glimpse{next_turn(), now};
    next_glimpse_ = now + settings_.listen.partial_interval;
    // Refused: there is more urgent work, and the next look is soon.
    if (listener_.recognize(glimpse.turn, utterance_from_, to, expected_words())) glimpse_ = glimpse;
}

void Conversation::drop_glimpse() {
    if (!glimpse_) return;
    listener_.cancel(glimpse_->turn);
    glimpse_.reset();
}

void Conversation::tell_partial(const std::string& text) {
    if (speech_item_.empty() || text.empty() || text == partial_) return;
    partial_ = text;
    peer_.send(PartialTranscript{speech_item_, text});
    if (retriever_.has_documents() && answers_turns()) retriever_.look_ahead(text);
}

}  // namespace antiphon::call
