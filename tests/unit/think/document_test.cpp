#include "think/document.hpp"

#include "fakes/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace antiphon::think {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Document made(std::string_view text, DocumentKind kind) {
    const auto document = document_of(text, kind);
    EXPECT_TRUE(document) << document.error().text;
    return document ? *document : Document{};
}

/// A PDF of one page with one line of text, with its table of objects.
std::string pdf_saying(const std::string& line) {
    const std::string content = "BT /F1 18 Tf 40 700 Td (" + line + ") Tj ET";
    const std::vector<std::string> objects{
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        "<< /Length " + std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
    std::string pdf = "%PDF-1.4\n";
    std::vector<std::size_t> offsets;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        offsets.push_back(pdf.size());
        pdf += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
    }
    const std::size_t table = pdf.size();
    pdf += "xref\n0 6\n0000000000 65535 f \n";
    for (const std::size_t offset : offsets) {
        const std::string digits = std::to_string(offset);
        pdf += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
    }
    return pdf + "trailer << /Size 6 /Root 1 0 R >>\nstartxref\n" + std::to_string(table) + "\n%%EOF\n";
}

TEST(DocumentTest, MarkdownIsCutAtItsHeadings) {
    const Document document = made("intro *here*\r\n\r\n# The House\r\n\r\nWe [open](http://x) at **eight**.\r\nDaily.\r\n\r\n"
                                   "Rest\n----\n\n* one\n* two\n", DocumentKind::markdown);
    EXPECT_EQ(document.title, "The House");
    ASSERT_EQ(document.sections.size(), 3U);
    EXPECT_EQ(document.sections[0], (Section{"", "intro here"}));
    EXPECT_EQ(document.sections[1], (Section{"The House", "We open at eight. Daily."}));
    EXPECT_EQ(document.sections[2], (Section{"Rest", "one\ntwo"}));
}

TEST(DocumentTest, HtmlGivesWhatPeopleSee) {
    const Document document = made(
        "<html><head><title>A &amp; B</title><style>p{}</style><script>alert('x')</script></head><body><nav>Menu</nav>"
        "<h1>Hours</h1><p>Open <b>at</b>\n eight.</p><p>Closed&nbsp;on Mondays</p><table><tr><td>a</td><td>b</td></tr></table>"
        "<h2>Fees</h2>None<!-- not this -->.</body></html>", DocumentKind::html);
    EXPECT_EQ(document.title, "A & B");
    ASSERT_EQ(document.sections.size(), 2U);
    EXPECT_EQ(document.sections[0].heading, "Hours");
    EXPECT_THAT(document.sections[0].text, HasSubstr("Open at eight.\n\nClosed on Mondays"));
    EXPECT_THAT(document.sections[0].text, HasSubstr("a b"));
    EXPECT_EQ(document.sections[1], (Section{"Fees", "None."}));
}

TEST(DocumentTest, BrokenHtmlIsStillText) {
    for (const char* html : {"<p>some <b>words", "<<<>>> some words", "<h1>some words", "some words</div></div>",
                             "<a href='x>some</a> words", "<!doctype html><!-- open some words"})
        EXPECT_TRUE(document_of(html, DocumentKind::html)) << html;
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<div>";
    (void)document_of(deep + "words", DocumentKind::html);  // whatever it is taken for, nothing overflows
    EXPECT_TRUE(document_of(std::string(100'000, '<'), DocumentKind::html));
    EXPECT_TRUE(document_of(std::string(20'000, '>') + "words", DocumentKind::markdown));
    EXPECT_TRUE(document_of(std::string(50'000, '['), DocumentKind::markdown));
}

TEST(DocumentTest, WhatIsNoTextIsRefused) {
    const auto refused = [](std::string_view bytes) {
        const auto document = document_of(bytes, DocumentKind::text);
        EXPECT_FALSE(document);
        return document ? std::string() : document.error().text;
    };
    EXPECT_THAT(refused("Gr\xFC\xDF Gott"), HasSubstr("not UTF-8"));
    EXPECT_THAT(refused(std::string_view("\xFF\xFEh\0i\0", 6)), HasSubstr("UTF-16"));
    EXPECT_THAT(refused(std::string_view("words\0more", 10)), HasSubstr("binary"));
    EXPECT_THAT(refused("\x01\x02\x03\x04\x05 ab"), HasSubstr("binary"));
    EXPECT_EQ(made("\xEF\xBB\xBFhello", DocumentKind::text).sections.at(0).text, "hello") << "a mark at its beginning is fine";
}

TEST(DocumentTest, KindsGoByTheName) {
    EXPECT_EQ(*kind_of("a/B.MD"), DocumentKind::markdown);
    EXPECT_EQ(*kind_of("a.htm"), DocumentKind::html);
    EXPECT_EQ(*kind_of("x.Pdf"), DocumentKind::pdf);
    for (const char* other : {"a.docx", "a", ".md", "a.md.exe"}) EXPECT_FALSE(kind_of(other)) << other;
    EXPECT_EQ(kind_of("a.docx").error().code, base::Errc::unsupported);
}

class DocumentFileTest : public ::testing::Test {
protected:
    void expect_refused(const std::filesystem::path& file, base::Errc code, const std::string& part) {
        const auto document = read_document(file);
        ASSERT_FALSE(document) << file;
        EXPECT_EQ(document.error().code, code) << document.error().text;
        EXPECT_THAT(document.error().text, HasSubstr(part));
    }
    fakes::ScratchFolder folder_;
};

TEST_F(DocumentFileTest, FaultsAreSaidInWords) {
    expect_refused(folder_.path() / "none.txt", base::Errc::unavailable, "not there");
    std::filesystem::create_directory(folder_.path() / "folder.txt");
    expect_refused(folder_.path() / "folder.txt", base::Errc::unavailable, "no file");
    expect_refused(folder_.write("empty.txt", ""), base::Errc::invalid, "no text in it");
    expect_refused(folder_.write("space.md", " \n\n "), base::Errc::invalid, "no text in it");
    expect_refused(folder_.write("picture.txt", std::string("\x89PNG\r\n\0\0", 8)), base::Errc::invalid, "binary");
    expect_refused(folder_.write("a.docx", "x"), base::Errc::unsupported, ".md");
    const auto big = folder_.write("big.txt", "x");
    std::filesystem::resize_file(big, 1U << 30U);  // sparse
    expect_refused(big, base::Errc::invalid, "1024 MB");
}

TEST_F(DocumentFileTest, APdfIsRead) {
    if (std::system("command -v pdftotext >/dev/null") != 0) GTEST_SKIP() << "pdftotext (poppler-utils) is not installed";
    const auto document = read_document(folder_.write("-boat.pdf", pdf_saying("The boat leaves at noon.")));
    ASSERT_TRUE(document) << document.error().text;
    EXPECT_THAT(document->sections.at(0).text, HasSubstr("The boat leaves at noon."));
}

TEST_F(DocumentFileTest, ABrokenPdfIsRefused) {
    if (std::system("command -v pdftotext >/dev/null") != 0) GTEST_SKIP() << "pdftotext (poppler-utils) is not installed";
    const std::string whole = pdf_saying("words");
    expect_refused(folder_.write("other.pdf", "no such thing"), base::Errc::invalid, "no PDF");
    expect_refused(folder_.write("cut.pdf", whole.substr(0, 60)), base::Errc::invalid, "");
    expect_refused(folder_.write("zeros.pdf", "%PDF-1.4\n" + std::string(5000, '\0')), base::Errc::invalid, "");
    expect_refused(folder_.write("picture.pdf", pdf_saying("")), base::Errc::invalid, "no text in it");
}

}  // namespace
}  // namespace antiphon::think
