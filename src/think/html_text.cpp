#include "think/html_text.hpp"

#include "base/utf8.hpp"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace antiphon::think {
namespace {

constexpr std::string_view kPassedOver[] = {"script", "style", "noscript", "template", "nav",    "svg",
                                            "select", "button", "textarea", "iframe",  "object", "math"};
constexpr std::string_view kBlocks[] = {"p",       "div",     "section", "article", "header", "footer", "main",  "aside",
                                        "ul",      "ol",      "dl",      "table",   "pre",    "figure", "hr",    "body",
                                        "address", "blockquote"};
constexpr std::string_view kLines[] = {"br", "li", "tr", "dt", "dd", "caption", "figcaption"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_heading(std::string_view name) { return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6'; }

std::string_view name_of(const xmlNode* node) {
    return node->type == XML_ELEMENT_NODE ? reinterpret_cast<const char*>(node->name) : std::string_view{};
}

/// Puts text together as a browser would: white space is one space, and a block begins a paragraph.
class Page {
public:
    void begin(std::string_view name) {
        if (name == "title") in_title_ = true;
        if (is_heading(name)) {
            document_.sections.push_back({});
            in_heading_ = true;
        }
        border(name);
    }
    void end(std::string_view name) {
        if (name == "title") in_title_ = false;
        if (is_heading(name)) in_heading_ = false;
        border(name);
        if (name == "td" || name == "th") add(" ");
    }
    void add(std::string_view text) {
        if (in_title_) return append(document_.title, text);
        if (document_.sections.empty()) document_.sections.push_back({});
        Section& last = document_.sections.back();
        append(in_heading_ ? last.heading : last.text, text);
    }
    Document take() {
        for (Section& section : document_.sections) {
            section.heading = base::trimmed(section.heading);
            section.text = base::trimmed(section.text);
        }
        document_.title = base::trimmed(document_.title);
        if (document_.title.empty()) {
            const auto named = std::find_if(document_.sections.begin(), document_.sections.end(),
                                            [](const Section& section) { return !section.heading.empty(); });
            if (named != document_.sections.end()) document_.title = named->heading;
        }
        std::erase_if(document_.sections, [](const Section& section) { return section.text.empty(); });
        return std::move(document_);
    }

private:
    void border(std::string_view name) {
        const bool block = is_one_of(name, kBlocks);
        if (in_heading_ || document_.sections.empty() || (!block && !is_one_of(name, kLines))) return;
        std::string& text = document_.sections.back().text;
        while (text.ends_with(' ')) text.pop_back();
        if (text.empty()) return;
        if (block) {
            while (text.ends_with('\n')) text.pop_back();
            text += "\n\n";
        } else if (!text.ends_with('\n')) {
            text += '\n';
        }
    }
    static void append(std::string& to, std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            const bool unbroken = text.substr(i).starts_with("\xC2\xA0");
            if (unbroken) ++i;
            const bool space = unbroken || c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
            if (!space) to += c;
            else if (!to.empty() && !to.ends_with(' ') && !to.ends_with('\n')) to += ' ';
        }
    }

    Document document_;
    bool in_title_ = false;
    bool in_heading_ = false;
};

/// Without recursion: how deep a page is nested is its writer's choice.
void walk(const xmlNode* root, Page& page) {
    const xmlNode* node = root;
    while (node != nullptr) {
        const std::string_view name = name_of(node);
        const bool passed_over = is_one_of(name, kPassedOver);
        if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
            if (node->content != nullptr) page.add(reinterpret_cast<const char*>(node->content));
        } else if (!name.empty() && !passed_over) {
            page.begin(name);
        }
        if (node->type == XML_ELEMENT_NODE && !passed_over && node->children != nullptr) {
            node = node->children;
            continue;
        }
        for (;;) {
            if (!name_of(node).empty() && !is_one_of(name_of(node), kPassedOver)) page.end(name_of(node));
            if (node == root) return;
            if (node->next != nullptr) {
                node = node->next;
                break;
            }
            node = node->parent;
            if (node == nullptr) return;
        }
    }
}

}  // namespace

base::Result<Document> html_document(std::string_view html) {
    if (base::trimmed(html).empty()) return Document{};
    constexpr int kOptions = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
    const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> parsed(
        htmlReadMemory(html.data(), static_cast<int>(html.size()), nullptr, "UTF-8", kOptions), &xmlFreeDoc);
    if (!parsed) return base::error(base::Errc::invalid, "the HTML cannot be read");
    Page page;
    if (const xmlNode* root = xmlDocGetRootElement(parsed.get())) walk(root, page);
    return page.take();
}

}  // namespace antiphon::think
