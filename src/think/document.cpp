#include "think/document.hpp"

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "engine/child_process.hpp"
#include "think/html_text.hpp"

#include <cmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace antiphon::think {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxText = 32U << 20U;
constexpr std::uintmax_t kMaxPdf = 256U << 20U;
constexpr std::chrono::seconds kPdfPatience{60};

base::Error invalid(std::string text) { return base::error(base::Errc::invalid, std::move(text)); }

/// Removes the file at the end.
struct TemporaryFile {
    explicit TemporaryFile(const char* end) : path(fs::temp_directory_path() / (base::random_id("antiphon-") + end)) {}
    ~TemporaryFile() {
        std::error_code ignored;
        fs::remove(path, ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const fs::path path;
};

base::Result<std::string> bytes_of(const fs::path& file, std::uintmax_t limit) {
    std::error_code failure;
    const auto status = fs::status(file, failure);
    if (!fs::exists(status)) return base::error(base::Errc::unavailable, "it is not there");
    if (!fs::is_regular_file(status)) return base::error(base::Errc::unavailable, "it is no file");
    const std::uintmax_t size = fs::file_size(file, failure);
    if (failure) return base::error(base::Errc::unavailable, "it cannot be read: " + failure.message());
    if (size > limit)
        return invalid("it has " + std::to_string(size >> 20U) + " MB; at most " + std::to_string(limit >> 20U) +
                       " MB are read");
    std::ifstream in(file, std::ios::binary);
    if (!in) return base::error(base::Errc::unavailable, "it cannot be read");
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return base::error(base::Errc::unavailable, "it cannot be read");
    return bytes;
}

base::Result<void> check_text(std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return invalid("it is UTF-16 and not UTF-8");
    if (text.find('\0') != std::string_view::npos) return invalid("it is binary data and no text");
    if (!base::is_utf8(text)) return invalid("it is not UTF-8");
    // Page feeds and the like are fine; many control characters are not what people write.
    const auto strange = std::count_if(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f';
    });
    if (strange > 0 && static_cast<std::size_t>(strange) * 100 > text.size()) return invalid("it is binary data and no text");
    return {};
}

std::string with_plain_lines(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            plain += '\n';
            if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        } else if (text[i] == '\f') {
            plain += "\n\n";
        } else {
            plain += text[i];
        }
    }
    return plain;
}

bool has_words(const Document& document) {
    return std::any_of(document.sections.begin(), document.sections.end(),
                       [](const Section& section) { return !base::trimmed(section.text).empty(); });
}

/// The last line that a program wrote, which says why it gave up.
std::string last_line(const std::string& output) {
    const std::string text(base::trimmed(base::to_utf8(output)));
    const std::size_t line = text.rfind('\n');
    return text.substr(line == std::string::npos ? 0 : line + 1).substr(0, 200);
}

base::Result<Document> read_pdf(const fs::path& file, const std::stop_token& stop) {
    if (auto head = bytes_of(file, kMaxPdf); !head) return head.error();
    else if (head->find("%PDF-") > 1024) return invalid("it is no PDF");
    const TemporaryFile text(".txt");
    const TemporaryFile said(".log");
    engine::Program program;
    // The absolute path, so that no file's name is taken for an option.
    program.arguments = {"pdftotext", "-enc", "UTF-8", "-nopgbrk", fs::absolute(file).string(), text.path.string()};
    program.output = said.path;
    std::stop_source patience;
    const std::stop_callback told(stop, [&] { patience.request_stop(); });
    const auto began = std::chrono::steady_clock::now();
    const auto watch = [&] {
        if (std::chrono::steady_clock::now() - began > kPdfPatience) patience.request_stop();
    };
    const auto ended = engine::run(program, watch, patience.get_token());
    if (!ended && ended.error().code == base::Errc::unavailable)
        return base::error(base::Errc::unavailable, "the program pdftotext reads PDFs and cannot be started: install "
                                                    "poppler-utils");
    if (!ended && stop.stop_requested()) return ended.error();
    if (!ended) return invalid("pdftotext was not done with it after a minute");
    if (*ended == 127) return base::error(base::Errc::unavailable, "the program pdftotext is not installed (poppler-utils)");
    if (*ended != 0) {
        const auto why = bytes_of(said.path, kMaxText);
        return invalid("pdftotext cannot read it: " + (why ? last_line(*why) : "no reason given"));
    }
    auto bytes = bytes_of(text.path, kMaxText);
    if (!bytes) return invalid("its text cannot be had: " + bytes.error().text);
    return document_of(*bytes, DocumentKind::text);
}

}  // namespace

base::Result<DocumentKind> kind_of(const fs::path& file) {
    std::string end = file.extension().string();
    std::transform(end.begin(), end.end(), end.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (end == ".txt" || end == ".text") return DocumentKind::text;
    if (end == ".md" || end == ".markdown") return DocumentKind::markdown;
    if (end == ".html" || end == ".htm" || end == ".xhtml") return DocumentKind::html;
    if (end == ".pdf") return DocumentKind::pdf;
    return base::error(base::Errc::unsupported,
                       "it is of no kind that can be read: .txt, .text, .md, .markdown, .html, .htm, .xhtml or .pdf");
}

base::Result<Document> document_of(std::string_view text, DocumentKind kind) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (auto good = check_text(text); !good) return good.error();
    const std::string plain = with_plain_lines(text);
    if (kind == DocumentKind::html) return html_document(plain);
    if (kind == DocumentKind::markdown) {
        // By way of HTML: one reader of headings and paragraphs for both.
        const std::unique_ptr<char, decltype(&std::free)> html(
            cmark_markdown_to_html(plain.data(), plain.size(), CMARK_OPT_DEFAULT), &std::free);
        if (!html) return base::error(base::Errc::engine, "the Markdown cannot be read");
        return html_document(html.get());
    }
    return Document{{}, {{{}, plain}}};
}

base::Result<Document> read_document(const fs::path& file, const std::stop_token& stop) {
    const auto kind = kind_of(file);
    if (!kind) return kind.error();
    base::Result<Document> document = Document{};
    if (*kind == DocumentKind::pdf) {
        document = read_pdf(file, stop);
    } else {
        const auto bytes = bytes_of(file, kMaxText);
        if (!bytes) return bytes.error();
        document = document_of(*bytes, *kind);
    }
    if (document && !has_words(*document))
        return invalid(*kind == DocumentKind::pdf ? "there is no text in it: pictures of pages cannot be read"
                                                  : "there is no text in it");
    return document;
}

}  // namespace antiphon::think
