#include "speak/text_for_speech.hpp"

#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace antiphon::speak {
namespace {

std::string english(std::string_view text) { return text_for_speech(text, "en-US"); }
std::string german(std::string_view text) { return text_for_speech(text, "de"); }

TEST(TextForSpeech, PlainTextStaysAsItIs) {
    for (const char* text :
         {"Hello.", "Sure, I can help: what is it?", "It's well-known; don't worry!", "He is 42 and 1,200.5 wide.",
          "no mark at the end", "Sure,", "1/2 or 555-1234, -5 degrees", "Ça va très bien, n'est-ce pas?"})
        EXPECT_EQ(english(text), text);
}

TEST(TextForSpeech, MarkdownGivesItsText) {
    EXPECT_EQ(english("**Sure!** Here is *one* `code` and __bold__ ~~gone~~ snake_case."),
              "Sure! Here is one code and bold gone snake case.");
    EXPECT_EQ(english("\\*stars\\* and \\(x + y\\)"), "stars and x + y");
    EXPECT_EQ(english("&amp; a<br>b <b>bold</b> &lt;"), "and a b bold");
}

TEST(TextForSpeech, HeadingsItemsAndRowsEndWithAFullStop) {
    EXPECT_EQ(english("# Title\nSome text\nthat runs on.\n\n## Second ##\n- First item\n- Second item!\n* [x] done\n1. "
                      "One\n2) Two\n"),
              "Title. Some text that runs on. Second. First item. Second item! done. 1. One. 2. Two.");
    EXPECT_EQ(english("## Only a title"), "Only a title.");
    EXPECT_EQ(english("- an item that goes on"), "an item that goes on");
    EXPECT_EQ(english("- an item that ends\n"), "an item that ends.");
    EXPECT_EQ(english("> quoted line\n> another"), "quoted line another");
    EXPECT_EQ(english("| Name | Age |\n|------|:---:|\n| **Bob** | 5 |\n"), "Name, Age. Bob, 5.");
    EXPECT_EQ(english("One paragraph\r\n\r\nAnother"), "One paragraph. Another");
    EXPECT_EQ(english("above\n\n---\n\nbelow"), "above. below");
}

TEST(TextForSpeech, CodeBlocksAreNotSpoken) {
    EXPECT_EQ(english("Look:\n```python\nprint(\"hi\")\n```\nThat was it."), "Look: That was it.");
    EXPECT_EQ(english("```\nnever closed\n"), "");
    EXPECT_EQ(english("```one line```"), "one line");
}

TEST(TextForSpeech, LinksAndAddresses) {
    EXPECT_EQ(english("See [the docs](https://example.com/a_b(c)?x=1) or ![a cat](cat.png)."),
              "See the docs or a cat.");
    EXPECT_EQ(english("Visit https://www.example.com:80/path/page.html?x=1#y. Or www.test.co.uk, now."),
              "Visit example dot com. Or test dot co dot uk, now.");
    EXPECT_EQ(english("<https://foo.org/x> (see https://a-b.io)."), "foo dot org, see a-b dot io.");
    EXPECT_EQ(english("john.doe@example.com, Node.js, file.txt"),
              "john dot doe at example dot com, Node dot js, file dot txt");
    EXPECT_EQ(english("[one][1] note[2] and[^3] [4, 5]\n[1]: https://x.org\n"), "one note and.");
    // A piece may begin or end inside a link.
    EXPECT_EQ(english("text, more](https://x.org/a) rest"), "text, more rest");
    EXPECT_EQ(english("see [text, "), "see text,");
    EXPECT_EQ(english("see [text](https://x.org/an"), "see text");
}

TEST(TextForSpeech, MoneyInEnglish) {
    EXPECT_EQ(english("$5, $1, $5.50, $0.99, $2.00, $1.01, $1,200"),
              "5 dollars, 1 dollar, 5 dollars and 50 cents, 99 cents, 2 dollars, 1 dollar and 1 cent, 1,200 dollars");
    EXPECT_EQ(english("$2.5 million, $3M, $10k, $1bn."),
              "2.5 million dollars, 3 million dollars, 10 thousand dollars, 1 billion dollars.");
    EXPECT_EQ(english("£3.20, €5, 5€, 5 €, ¥100, ₹9 and $20/month"),
              "3 pounds and 20 pence, 5 euros, 5 euros, 5 euros, 100 yen, 9 rupees and 20 dollars per month");
    EXPECT_EQ(english("$ and US$"), "$ and US$");
}

TEST(TextForSpeech, UnitsAndSignsInEnglish) {
    EXPECT_EQ(english("3.5% of 5 km at 100 km/h, 1 kg, 20°C, 72 °F, 16GB, 90°"),
              "3.5 percent of 5 kilometers at 100 kilometers per hour, 1 kilogram, 20 degrees Celsius, 72 degrees "
              "Fahrenheit, "
              "16 gigabytes, 90 degrees");
    EXPECT_EQ(english("5 minutes, 3 mild days, 4 items"), "5 minutes, 3 mild days, 4 items");
    EXPECT_EQ(english("R&D, salt & pepper, and/or, 24/7, C#, #1, #hashtag"),
              "R and D, salt and pepper, and or, 24 7, C sharp, number 1, hashtag");
    EXPECT_EQ(english("a < b, 3*4, 3 * 4, 2^3, ~50, ±3, A → B, 2+2=4"),
              "a is less than b, 3 times 4, 3 times 4, 2 to the power of 3, about 50, plus or minus 3, A to B, 2+2=4");
    EXPECT_EQ(english("10–20 people, 3-5 days, 555-1234, 1990-1995, 2-1"),
              "10 to 20 people, 3 to 5 days, 555-1234, 1990 to 1995, 2-1");
}

TEST(TextForSpeech, ClockTimesInEnglish) {
    EXPECT_EQ(english("10:30, 10:00, 10:05 am, 3:00pm, 09:15, 10:30:20 and 1:2"),
              "10:30, 10 o'clock, 10 oh 5 am, 3 pm, 9:15, 10:30:20 and 1:2");
    EXPECT_EQ(english("At 5 p.m. Then at 5 a.m. or so."), "At 5 PM. Then at 5 AM or so.");
}

TEST(TextForSpeech, AbbreviationsInEnglish) {
    EXPECT_EQ(english("Dr. Smith, Mr. Jones, Mrs. Lee, Prof. X, e.g. apples, i.e. fruit."),
              "Doctor Smith, Mister Jones, Mrs Lee, Professor X, for example apples, that is fruit.");
    EXPECT_EQ(english("E.g., pens, etc. The end, etc. and so on."),
              "For example, pens, et cetera. The end, et cetera and so on.");
    EXPECT_EQ(english("St. Paul lives on Main St. The U.S. President vs. the rest."),
              "Saint Paul lives on Main Street. The US President versus the rest.");
    EXPECT_EQ(english("No. 5 and no. No. Really, fig. 3."), "Number 5 and no. No. Really, figure 3.");
    EXPECT_EQ(english("It ends here.Next one begins."), "It ends here. Next one begins.");
}

TEST(TextForSpeech, EmojisAndControlCharactersVanish) {
    EXPECT_EQ(english("Hello 👋🏽 world! 👨‍👩‍👧 Great 🎉🎉!! 1️⃣ one ✅done"),
              "Hello world! Great! 1 one done");
    EXPECT_EQ(english(std::string_view("a\0b\x07"
                                       "c\x1B\u200B\uFEFFd",
                                       14)),
              "abcd");
    EXPECT_EQ(english("so\xFF it\xC3 is"), "so it is");
    EXPECT_EQ(german("می\u200Cخواهم"), "می\u200Cخواهم");
}

TEST(TextForSpeech, PunctuationIsFolded) {
    EXPECT_EQ(english("Wait... what?! No!!! Well… yes. Really???"), "Wait, what? No! Well, yes. Really?");
    EXPECT_EQ(english("So , it is ;. And  \t more\n"), "So, it is. And more.");
    EXPECT_EQ(english("yes — no – maybe - or -- so"), "yes, no, maybe, or, so");
    EXPECT_EQ(english("“Quoted” and \"double\", don’t"), "Quoted and double, don't");
    EXPECT_EQ(english(", and so"), "and so");
}

TEST(TextForSpeech, BracketsBecomePauses) {
    EXPECT_EQ(english("apple(s) (in brackets) and (more). Done (now)"), "apples, in brackets, and, more. Done, now");
    EXPECT_EQ(english("an array {a} [b]"), "an array a b");
}

TEST(TextForSpeech, OtherLanguagesKeepTheirNumbersAndSigns) {
    EXPECT_EQ(german("Größe **fett** & 5 % (so) https://www.bahn.de/x 😀 z.B. 3,5 km."),
              "Größe fett & 5 %, so, bahn.de z.B. 3,5 km.");
    EXPECT_EQ(text_for_speech("你好，**世界**！！", "zh"), "你好，世界！");
    EXPECT_EQ(text_for_speech("- مرحبا **بك**، كيف حالك؟\n", "ar"), "مرحبا بك، كيف حالك؟");
    EXPECT_EQ(text_for_speech("नमस्ते। **ठीक** है?", "hi"), "नमस्ते। ठीक है?");
    EXPECT_EQ(text_for_speech("$5", ""), "5 dollars");
    EXPECT_EQ(text_for_speech("$5", "enm"), "$5");
}

TEST(TextForSpeech, NothingToSay) {
    for (const char* text : {"", " \n\t", "---", "***", "👍", "...", "?!", "```\nx\n```", "|---|---|", "()", "\xFF\xFE",
                             "[1]", "**", "\"\""})
        EXPECT_EQ(english(text), "") << text;
}

TEST(TextForSpeech, AnyBytesGiveUtf8WithoutDoubleSpaces) {
    std::mt19937 random(11);
    const std::string_view parts[] = {
        "[",     "]", "(",    ")",     "*",    "_",        "`", "```",     "\n", "|", "#",     " ", "http://a.b/c",
        "www.x", "$", "5",    "1,000", ".",    ",",        "!", "10:00",   "<",  ">", "&amp;", "&", "e.g.",
        "St.",   "a", "Word", "\\",    "\xFF", "\xE2\x80", "👍", "é",       "你", "-", "–",     "—", "~",
        "%",     "@", "/",    "\r",    "'",    "\"",       "…", "…\u200D", "°C", "^"};
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        const auto count = random() % 40;
        for (std::size_t i = 0; i < count; ++i) text += parts[random() % std::size(parts)];
        for (const char* language : {"en", "fr"}) {
            const std::string spoken = text_for_speech(text, language);
            ASSERT_TRUE(base::is_utf8(spoken));
            ASSERT_EQ(spoken.find("  "), std::string::npos) << text << "\n" << spoken;
            ASSERT_TRUE(std::none_of(spoken.begin(), spoken.end(),
                                     [](char c) { return c == '*' || c == '`' || c == '\n' || c == '#'; }))
                << text << "\n"
                << spoken;
        }
    }
}

}  // namespace
}  // namespace antiphon::speak
