// The text of an HTML page, by its headings; libxml2 reads it.
//
// pure.
#pragma once

#include "base/result.hpp"
#include "think/document.hpp"

#include <string_view>

namespace antiphon::think {

/// Each h1 to h6 begins a section; the page's title is its <title>, or else its first heading. Scripts, styles, forms'
/// controls and the page's navigation are left out. Any UTF-8 text is a page, be it broken; `invalid` only when it is
/// nested so deeply that the library gives it up.
base::Result<Document> html_document(std::string_view html);

}  // namespace antiphon::think
