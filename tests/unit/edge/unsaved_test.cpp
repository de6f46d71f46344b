#include "edge/unsaved.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

think::Item sound_item(const std::string& id) {
    think::Item item;
    item.id = id;
    item.content.push_back({think::ContentKind::input_audio, std::nullopt, nullptr});
    return item;
}

call::ResponseDone answered() { return {}; }
call::TranscriptionCompleted words_of(const std::string& id) { return {id, "hello", "en", 1.0}; }

class UnsavedTest : public testing::Test {
protected:
    void begin(bool turns, std::int64_t position = 0, const std::string& event = "") {
        unsaved.begin(position, event);
        call::Session session;
        if (!turns) session.turn_detection.reset();
        unsaved.look(call::SessionCreated{session}, position);
    }
    Unsaved unsaved;
};

TEST_F(UnsavedTest, in_silence_only_an_onset_that_nobody_has_noticed_is_asked_for_again) {
    begin(true);
    EXPECT_EQ(unsaved.sound_from(0), 0);
    EXPECT_EQ(unsaved.sound_from(300), 0);
    EXPECT_EQ(unsaved.sound_from(10'000), 10'000 - Unsaved::kOnset);
    EXPECT_FALSE(unsaved.hears());
}

TEST_F(UnsavedTest, speech_is_asked_for_from_its_beginning_until_its_words_are_known) {
    begin(true);
    unsaved.look(call::SpeechStarted{"a", 4'700}, 5'200);
    EXPECT_TRUE(unsaved.hears());
    EXPECT_EQ(unsaved.sound_from(7'000), 4'700);
    unsaved.look(call::SpeechStopped{"a", 7'000}, 7'500);
    unsaved.look(call::AudioCommitted{"a", ""}, 7'500);
    unsaved.look(call::ItemDone{sound_item("a"), ""}, 7'500);
    EXPECT_EQ(unsaved.sound_from(7'600), 4'700);
    unsaved.look(words_of("a"), 7'700);
    EXPECT_FALSE(unsaved.hears());
    EXPECT_EQ(unsaved.sound_from(7'700), 7'500) << "nothing of it is heard twice";
    EXPECT_EQ(unsaved.sound_from(9'000), 9'000 - Unsaved::kOnset);
}

TEST_F(UnsavedTest, the_oldest_of_several_counts) {
    begin(true);
    unsaved.look(call::SpeechStarted{"a", 1'000}, 1'200);
    unsaved.look(call::AudioCommitted{"a", ""}, 3'000);
    unsaved.look(call::SpeechStarted{"b", 3'100}, 3'300);
    EXPECT_EQ(unsaved.sound_from(4'000), 1'000);
    unsaved.look(words_of("a"), 4'000);
    EXPECT_EQ(unsaved.sound_from(4'000), 3'100);
    unsaved.look(call::SpeechStarted{"c", 5'000}, 5'200);
    EXPECT_EQ(unsaved.sound_from(5'300), 5'000) << "of b nothing came";
    unsaved.look(call::AudioCommitted{"c", ""}, 6'000);
    unsaved.look(call::TranscriptionFailed{"c", {}}, 6'100);
    EXPECT_FALSE(unsaved.hears());
}

TEST_F(UnsavedTest, an_item_that_is_deleted_or_that_is_silence_is_waited_for_by_nobody) {
    begin(true);
    unsaved.look(call::SpeechStarted{"a", 1'000}, 1'200);
    unsaved.look(call::AudioCommitted{"a", ""}, 3'000);
    unsaved.look(call::ItemDeleted{"a"}, 3'100);
    EXPECT_FALSE(unsaved.hears());
    unsaved.look(call::AudioCommitted{"quiet", ""}, 9'000);
    think::Item silence = sound_item("quiet");
    silence.content.front().text = "";
    unsaved.look(call::ItemDone{silence, ""}, 9'000);
    EXPECT_FALSE(unsaved.hears());
}

TEST_F(UnsavedTest, a_buffer_that_the_client_commits_is_asked_for_from_the_commit_before) {
    begin(false);
    EXPECT_EQ(unsaved.sound_from(5'000), 0);
    EXPECT_EQ(unsaved.sound_from(95'000), 65'000) << "clients keep no more";
    unsaved.look(call::AudioCleared{}, 6'000);
    EXPECT_EQ(unsaved.sound_from(8'000), 6'000);
    unsaved.take("commit", false, true);
    unsaved.look(call::AudioCommitted{"a", ""}, 8'000);
    EXPECT_EQ(unsaved.last_event(), "");
    EXPECT_EQ(unsaved.sound_from(9'000), 6'000);
    unsaved.look(words_of("a"), 9'000);
    EXPECT_EQ(unsaved.last_event(), "commit");
    EXPECT_EQ(unsaved.sound_from(9'000), 8'000);
    call::Session session;
    unsaved.look(call::SessionUpdated{session}, 20'000);
    EXPECT_EQ(unsaved.sound_from(20'000), 20'000 - Unsaved::kOnset);
    session.turn_detection.reset();
    unsaved.look(call::SessionUpdated{session}, 21'000);
    EXPECT_EQ(unsaved.sound_from(25'000), 21'000);
}

TEST_F(UnsavedTest, a_request_is_to_be_made_again_until_its_answer_is_there) {
    begin(true, 0, "before");
    EXPECT_EQ(unsaved.last_event(), "before");
    unsaved.take("item", false, false);
    unsaved.take("answer", true, false);
    unsaved.take("later", false, false);
    EXPECT_EQ(unsaved.last_event(), "item");
    unsaved.look(answered(), 0);
    EXPECT_EQ(unsaved.last_event(), "later");
    unsaved.take("refused", true, false);
    EXPECT_EQ(unsaved.last_event(), "later");
    unsaved.look(call::RequestFailed{{}, "another"}, 0);
    EXPECT_EQ(unsaved.last_event(), "later");
    unsaved.look(call::RequestFailed{{}, "refused"}, 0);
    EXPECT_EQ(unsaved.last_event(), "refused");
    unsaved.take("", false, false);
    EXPECT_EQ(unsaved.last_event(), "refused");
}

TEST_F(UnsavedTest, a_press_of_the_key_waits_for_its_words_and_its_answer) {
    begin(false);
    unsaved.take("commit", false, true);
    unsaved.look(call::AudioCommitted{"a", ""}, 2'000);
    unsaved.take("answer", true, false);
    unsaved.look(words_of("a"), 2'500);
    EXPECT_EQ(unsaved.last_event(), "");
    unsaved.look(answered(), 3'000);
    EXPECT_EQ(unsaved.last_event(), "answer");
    unsaved.take("empty", false, true);
    unsaved.look(call::RequestFailed{{}, "empty"}, 3'000);
    EXPECT_EQ(unsaved.last_event(), "empty") << "there was nothing to commit";
}

TEST_F(UnsavedTest, a_call_that_goes_on_counts_from_where_it_was) {
    begin(true, 50'000);
    EXPECT_EQ(unsaved.sound_from(50'100), 50'000);
    unsaved.look(call::SpeechStarted{"a", 1'000}, 51'300);
    EXPECT_EQ(unsaved.sound_from(52'000), 51'000);
    unsaved.look(call::SpeechStarted{"b", 9'999'999}, 52'500);
    EXPECT_EQ(unsaved.sound_from(52'600), 52'500) << "never later than what has come";
}

}  // namespace
}  // namespace antiphon::edge
