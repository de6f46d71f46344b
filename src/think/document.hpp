// A document's text, as read from a file: text, Markdown, HTML or PDF.
//
// thread-safe. What comes in may be anything: bytes that are no text are refused, and no file is taken that is too big to
// be one that people read.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::think {

/// What stands under one heading: paragraphs, with an empty line between two of them.
struct Section {
    std::string heading;  ///< empty: before the first
    std::string text;

    bool operator==(const Section&) const = default;
};

struct Document {
    std::string title;  ///< what it calls itself; empty if it does not
    std::vector<Section> sections;
};

enum class DocumentKind { text, markdown, html, pdf };

/// By the end of the file's name, in any case of letters. Fails with `unsupported`, naming what can be read.
base::Result<DocumentKind> kind_of(const std::filesystem::path& file);

/// Reads UTF-8 text of the first three kinds. Fails with `invalid`: not UTF-8, or with characters that no text has.
base::Result<Document> document_of(std::string_view text, DocumentKind kind);

/// Reads the file; a PDF by the program `pdftotext` (poppler-utils), in a process of its own. Fails with
///   unsupported  by kind_of()
///   unavailable  not there, no file, or not readable; for a PDF, pdftotext is not installed
///   invalid      larger than 32 MB (a PDF: 256 MB), no UTF-8, no text, or a PDF that is broken, locked or takes over a minute
///   cancelled    `stop` was requested while a PDF was being read
base::Result<Document> read_document(const std::filesystem::path& file, const std::stop_token& stop = {});

}  // namespace antiphon::think
