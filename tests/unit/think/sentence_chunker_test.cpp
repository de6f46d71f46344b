#include "think/sentence_chunker.hpp"

#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <random>

namespace antiphon::think {
namespace {

using Pieces = std::vector<std::string>;

/// The pieces of a stream that brings `step` bytes at a time (0: all at once).
Pieces pieces_of(std::string_view text, std::size_t step = 1, ChunkerSettings settings = {}) {
    SentenceChunker chunker(settings);
    Pieces pieces;
    for (std::size_t at = 0; at < text.size(); at += step == 0 ? text.size() : step)
        for (auto& piece : chunker.push(text.substr(at, step == 0 ? std::string_view::npos : step)))
            pieces.push_back(std::move(piece));
    if (auto rest = chunker.finish()) pieces.push_back(std::move(*rest));
    return pieces;
}
std::string joined(const Pieces& pieces) {
    std::string all;
    for (const auto& piece : pieces) all += piece;
    return all;
}

TEST(SentenceChunker, TheFirstPieceEndsAtItsFirstClauseMark) {
    EXPECT_EQ(pieces_of("Sure, I can help you with that, of course. What is it about?"),
              (Pieces{"Sure, I can help you with that, ", "of course. ", "What is it about?"}));
    EXPECT_EQ(pieces_of("Of course, I can help."), (Pieces{"Of course, ", "I can help."}));
    EXPECT_EQ(pieces_of("It is so — believe me — as I say."), (Pieces{"It is so — ", "believe me — as I say."}));
    EXPECT_EQ(pieces_of("It is so—believe me."), (Pieces{"It is so—", "believe me."}));
    EXPECT_EQ(pieces_of("Here is my list: one and two."), (Pieces{"Here is my list: ", "one and two."}));
}

TEST(SentenceChunker, TheFirstPieceEndsWithoutAMarkAfterTenWords) {
    EXPECT_EQ(pieces_of("one two three four five six seven eight nine ten eleven twelve."),
              (Pieces{"one two three four five six seven eight nine ten ", "eleven twelve."}));
    EXPECT_EQ(pieces_of("aa bb cc dd ee ff", 1, {.max_first_words = 4}), (Pieces{"aa bb cc dd ", "ee ff"}));
}

TEST(SentenceChunker, TinyFirstSentencesWaitForMore) {
    EXPECT_EQ(pieces_of("Yes. I do, and so do they. Fine."), (Pieces{"Yes. I do, ", "and so do they. ", "Fine."}));
}

TEST(SentenceChunker, LaterPiecesAreWholeSentences) {
    EXPECT_EQ(pieces_of("I see, now. The one, the two, and the three. Is it so? It is so! \"Go away now!\" They went."),
              (Pieces{"I see, now. ", "The one, the two, and the three. ", "Is it so? ", "It is so! ",
                      "\"Go away now!\" ", "They went."}));
}

TEST(SentenceChunker, ShortSentencesJoinTheNextThatIsThere) {
    EXPECT_EQ(pieces_of("I see that now. Yes. That is right, my friend. No.", 0),
              (Pieces{"I see that now. ", "Yes. That is right, my friend. ", "No."}));
    // Byte by byte the next sentence is not there yet: no waiting for it.
    EXPECT_EQ(pieces_of("I see that now. Yes. That is right, my friend. No.", 1),
              (Pieces{"I see that now. ", "Yes. ", "That is right, my friend. ", "No."}));
}

TEST(SentenceChunker, AbbreviationsAndNumbersEndNoSentence) {
    const std::string start = "Here we are now. ";
    for (const char* sentence :
         {"Dr. Smith met Mr. Jones and J. R. Tolkien at St. Paul. ", "It costs 3.5 or 1,200.75 in all. ",
          "Fruits, e.g. Apples or Pears, are good. ", "See No. 5 and p. 12 and fig. 3 there. ",
          "The U.S. President spoke of it. ", "Visit www.example.com or mail a.b@c.de now. ",
          "It is 10.30 a.m. here in town. ", "He is approx. Two metres tall. "})
        EXPECT_EQ(pieces_of(start + sentence + "The end it is."), (Pieces{start, sentence, "The end it is."}))
            << sentence;
    EXPECT_EQ(pieces_of(start + "We meet at 5 p.m. The end it is."),
              (Pieces{start, "We meet at 5 p.m. ", "The end it is."}));
    EXPECT_EQ(pieces_of(start + "That was in 2020. Then so am I. You too, I say."),
              (Pieces{start, "That was in 2020. ", "Then so am I. ", "You too, I say."}));
}

TEST(SentenceChunker, AnOrdinalEndsNoSentenceWhereItIsWrittenWithAFullStop) {
    const ChunkerSettings german{.ordinals_have_stops = has_ordinals_with_stops("de-AT")};
    const std::string start = "Das ist ja gut. ";
    for (const char* sentence :
         {"Wir treffen uns am 3. Oktober dort. ", "Das war im 19. Jahrhundert in Wien. ", "Am 24. und 25. Dezember ist zu. ",
          "Sie waren der 100. Besucher heute. ", "Das macht 12. Möchten Sie mehr? ", "Am (3. Mai) ist es so. "})
        for (const std::size_t step : {0U, 1U, 3U})
            EXPECT_EQ(pieces_of(start + sentence + "Das ist dann das Ende.", step, german),
                      (Pieces{start, sentence, "Das ist dann das Ende."}))
                << sentence;
    // In the first piece as well, which is cut between words.
    EXPECT_EQ(pieces_of("Am 3. Oktober ist Tag der Deutschen Einheit. Gut.", 1, german),
              (Pieces{"Am 3. Oktober ist Tag der Deutschen Einheit. ", "Gut."}));
    EXPECT_EQ(pieces_of("eins zwei am 3. Oktober ist es so", 1, {.max_first_words = 4, .ordinals_have_stops = true}),
              (Pieces{"eins zwei am 3. Oktober ", "ist es so"}));
    // A year, a word with a digit, and a line's end are none.
    EXPECT_EQ(pieces_of(start + "Das war 1989. Dann kam es so.", 1, german), (Pieces{start, "Das war 1989. ", "Dann kam es so."}));
    EXPECT_EQ(pieces_of(start + "Sie fahren auf der A9. Dann links ab.", 1, german),
              (Pieces{start, "Sie fahren auf der A9. ", "Dann links ab."}));
    EXPECT_EQ(pieces_of(start + "Das macht 12.\nMöchten Sie mehr?", 1, german),
              (Pieces{start, "Das macht 12.\n", "Möchten Sie mehr?"}));
}

TEST(SentenceChunker, ANumberEndsASentenceWhereOrdinalsHaveNoFullStop) {
    for (const char* language : {"", "en", "en-US", "sv", "es", "zh", "deu-nonsense"})
        EXPECT_FALSE(has_ordinals_with_stops(language)) << language;
    for (const char* language : {"de", "de_CH", "DE", "nb-NO", "nn", "da", "cs", "hu", "tr"})
        EXPECT_TRUE(has_ordinals_with_stops(language)) << language;
    EXPECT_EQ(pieces_of("That is it now. There are only 3. They are all here."),
              (Pieces{"That is it now. ", "There are only 3. ", "They are all here."}));
}

TEST(SentenceChunker, LinesEndSentencesAndListNumbersDoNot) {
    EXPECT_EQ(pieces_of("Here is a list:\n1. First thing\n2. Second thing\n\n- Third\nDone with it."),
              (Pieces{"Here is a list:\n", "1. First thing\n", "2. Second thing\n\n", "- Third\n", "Done with it."}));
    EXPECT_EQ(pieces_of("\n\n  # Title\nText here."), (Pieces{"\n\n  # Title\n", "Text here."}));
}

TEST(SentenceChunker, ABlockOfCodeIsOnePiece) {
    EXPECT_EQ(pieces_of("Look at this code:\n```cpp\nint a = 1. \nf(a); // so. Yes\n\n```\nThat was it."),
              (Pieces{"Look at this code:\n", "```cpp\nint a = 1. \nf(a); // so. Yes\n\n```\n", "That was it."}));
    EXPECT_EQ(pieces_of("Look at this code:\n```\nnever closed\n"),
              (Pieces{"Look at this code:\n", "```\nnever closed\n"}));
}

TEST(SentenceChunker, AnEllipsisBeforeASmallLetterIsOnlyAPause) {
    EXPECT_EQ(pieces_of("I do not know... maybe later. Well, I think... maybe not. Wait... Go."),
              (Pieces{"I do not know... ", "maybe later. ", "Well, I think... maybe not. ", "Wait... ", "Go."}));
}

TEST(SentenceChunker, OtherScripts) {
    EXPECT_EQ(pieces_of("当然可以帮你，请说说你的问题。我会尽力回答！好吗？"),
              (Pieces{"当然可以帮你，", "请说说你的问题。", "我会尽力回答！", "好吗？"}));
    EXPECT_EQ(pieces_of("मैं ठीक हूँ। आप कैसे हैं? बताइए।"), (Pieces{"मैं ठीक हूँ। ", "आप कैसे हैं? ", "बताइए।"}));
    EXPECT_EQ(pieces_of("أنا بخير اليوم، شكرا لك. كيف حالك اليوم؟ جيد"),
              (Pieces{"أنا بخير اليوم، ", "شكرا لك. ", "كيف حالك اليوم؟ ", "جيد"}));
    EXPECT_EQ(pieces_of("一二三四五六七八九十一二三四五六七八九十一二三").front(),
              "一二三四五六七八九十一二三四五六七八九十");
}

TEST(SentenceChunker, LongSentencesAreCutAtAClauseMarkThenBetweenWords) {
    std::string clauses = "This is it. ";
    while (clauses.size() < 500) clauses += "and so it goes on, ";
    const auto pieces = pieces_of(clauses + "end.");
    ASSERT_GE(pieces.size(), 3U);
    EXPECT_GT(pieces[1].size(), 200U);
    EXPECT_LT(pieces[1].size(), 240U);
    EXPECT_TRUE(pieces[1].ends_with(", "));

    std::string words = "This is it. ";
    while (words.size() < 1000) words += "word ";
    const auto parts = pieces_of(words);
    EXPECT_TRUE(parts[1].ends_with("word "));
    EXPECT_LT(parts[1].size(), 420U);

    for (const auto& part : pieces_of(std::string(5000, 'x'))) EXPECT_LE(part.size(), 801U);
}

TEST(SentenceChunker, GivesTheFirstPieceAsSoonAsTheNextWordBegins) {
    SentenceChunker chunker;
    EXPECT_TRUE(chunker.push("I can help,").empty());
    EXPECT_TRUE(chunker.push(" ").empty());
    EXPECT_EQ(chunker.push("of"), (Pieces{"I can help, "}));
    EXPECT_TRUE(chunker.push(" course.").empty());
    EXPECT_EQ(chunker.push(" What"), (Pieces{"of course. "}));
    EXPECT_EQ(chunker.finish(), "What");
    EXPECT_EQ(chunker.finish(), std::nullopt);
    // And begins anew.
    EXPECT_EQ(chunker.push("I can help, too"), (Pieces{"I can help, "}));
}

TEST(SentenceChunker, EmptyAndBlankStreams) {
    SentenceChunker chunker;
    EXPECT_TRUE(chunker.push("").empty());
    EXPECT_EQ(chunker.finish(), std::nullopt);
    EXPECT_TRUE(chunker.push(" \n ").empty());
    EXPECT_EQ(chunker.finish(), " \n ");
}

TEST(SentenceChunker, TheJoinedPiecesAreTheTextWhateverItIs) {
    const std::string_view parts[] = {"a",    "Dr",   ".", ",",        "!",    "?", " ",          "\n", "```",  "1.",
                                      "你",   "。",   "—", "\xE2\x80", "\xFF", "é", "…",          "\"", "word", "  ",
                                      "\r\n", "🙂", "3", ":",        ";",    "-", " and so on", "\t", "*"};
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        const auto count = random() % 60;
        for (std::size_t i = 0; i < count; ++i) text += parts[random() % std::size(parts)];
        SentenceChunker chunker;
        std::string all;
        const auto take = [&](const std::string& piece) {
            ASSERT_FALSE(piece.empty());
            all += piece;
        };
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t length = 1 + random() % 7;
            for (const auto& piece : chunker.push(std::string_view(text).substr(at, length))) take(piece);
            at += length;
        }
        if (const auto rest = chunker.finish()) take(*rest);
        ASSERT_EQ(all, text);
    }
}

TEST(SentenceChunker, PiecesOfAStreamOfBytesAreWholeCharacters) {
    const std::string text =
        "Größere Äpfel, süße Früchte – überall. Ça va très bien, n’est-ce pas ? 我很好。你呢？🙂 Bien sûr "
        "!";
    for (const std::size_t step : {1U, 2U, 3U, 5U}) {
        const auto pieces = pieces_of(text, step);
        EXPECT_EQ(joined(pieces), text);
        EXPECT_GT(pieces.size(), 3U);
        for (const auto& piece : pieces) EXPECT_TRUE(base::is_utf8(piece)) << piece;
    }
}

}  // namespace
}  // namespace antiphon::think
