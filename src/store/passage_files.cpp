#include "store/passage_files.hpp"

#include "base/ids.hpp"

#include <boost/json.hpp>
#include <openssl/evp.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace antiphon::store {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kFormat = "antiphon passages";
constexpr std::int64_t kVersion = 1;
constexpr const char* kGraphPrefix = "graph-";

base::Error unavailable(const fs::path& file, const std::string& what) {
    return base::error(base::Errc::unavailable, "cannot " + what + " " + file.string());
}

base::Error damaged(const fs::path& folder, const std::string& what) {
    return base::error(base::Errc::invalid, "the collection in " + folder.string() + " is damaged (" + what +
                                                "): remove it and add its documents again");
}

/// SHA-256 in hexadecimal digits; nothing when the file cannot be read.
std::optional<std::string> hash_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return std::nullopt;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    std::array<char, 1U << 16U> buffer{};
    while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0)
        EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return std::nullopt;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &length);
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        constexpr const char* kDigits = "0123456789abcdef";
        text += kDigits[digest[i] >> 4U];
        text += kDigits[digest[i] & 15U];
    }
    return text;
}

bool to_disk(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool done = ::fsync(descriptor) == 0;
    ::close(descriptor);
    return done;
}

std::string header_of(const PassageIndex& index, const std::string& graph, const std::string& hash) {
    json::array passages;
    for (const Passage& passage : index.texts())
        passages.push_back({{"document", passage.document},
                            {"title", passage.title},
                            {"heading", passage.heading},
                            {"text", passage.text}});
    return json::serialize(json::object{{"format", kFormat},
                                        {"version", kVersion},
                                        {"model", index.model()},
                                        {"dimensions", index.dimensions()},
                                        {"graph", graph},
                                        {"graph_sha256", hash},
                                        {"passages", std::move(passages)}});
}

std::string text_of(const json::object& object, const char* key) {
    return std::string(object.at(key).as_string());
}

/// Graphs that no passages.json names any more. One that a reader has open stays readable to it.
void sweep(const fs::path& folder, const std::string& kept) {
    std::error_code ignored;
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        if (name != kept && (name.starts_with(kGraphPrefix) || name.ends_with(".part"))) old.push_back(entry.path());
    }
    for (const fs::path& file : old) fs::remove(file, ignored);
}

}  // namespace

bool is_collection_name(std::string_view name) {
    const auto letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= 64 && letter_or_digit(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

fs::path passages_file(const fs::path& folder) { return folder / "passages.json"; }

base::Result<void> save_passages(const PassageIndex& index, const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) return unavailable(folder, "make the folder");
    const std::string graph = base::random_id(kGraphPrefix);
    if (auto saved = index.save_graph(folder / graph); !saved) return saved;
    const auto hash = hash_of(folder / graph);
    if (!hash || !to_disk(folder / graph)) return unavailable(folder / graph, "write");

    const fs::path part = folder / "passages.json.part";
    {
        std::ofstream out(part, std::ios::binary | std::ios::trunc);
        out << header_of(index, graph, *hash);
        out.close();
        if (!out || !to_disk(part)) return unavailable(part, "write");
    }
    fs::rename(part, passages_file(folder), failure);
    if (failure) return unavailable(passages_file(folder), "write");
    sweep(folder, graph);
    return {};
}

base::Result<std::shared_ptr<const PassageIndex>> load_passages(const fs::path& folder) {
    const fs::path file = passages_file(folder);
    std::error_code failure;
    if (!fs::exists(file, failure))
        return base::error(base::Errc::not_found, "there is no collection in " + folder.string());
    std::ifstream in(file, std::ios::binary);
    if (!in) return unavailable(file, "read");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return unavailable(file, "read");
    Passages passages;
    std::string graph;
    std::string hash;
    std::size_t dimensions = 0;
    try {
        const json::value parsed = json::parse(text);
        const json::object& header = parsed.as_object();
        if (text_of(header, "format") != kFormat) return damaged(folder, "passages.json is something else");
        if (const std::int64_t version = header.at("version").as_int64(); version != kVersion)
            return base::error(base::Errc::unsupported, "the collection in " + folder.string() + " is of version " +
                                                            std::to_string(version) + " of the format; this program reads " +
                                                            std::to_string(kVersion));
        passages.model = text_of(header, "model");
        dimensions = header.at("dimensions").to_number<std::size_t>();
        graph = text_of(header, "graph");
        hash = text_of(header, "graph_sha256");
        for (const json::value& value : header.at("passages").as_array()) {
            const json::object& one = value.as_object();
            passages.texts.push_back(
                {text_of(one, "document"), text_of(one, "title"), text_of(one, "heading"), text_of(one, "text")});
        }
    } catch (const std::exception&) {
        return damaged(folder, "passages.json cannot be understood");
    }
    if (!is_collection_name(graph)) return damaged(folder, "passages.json names no graph");
    const auto found = hash_of(folder / graph);
    if (!found) return damaged(folder, "the graph is not there");
    if (*found != hash) return damaged(folder, "the graph is not what was written");
    auto index = PassageIndex::load(std::move(passages), dimensions, folder / graph);
    if (!index) return damaged(folder, index.error().text);
    return index;
}

base::Result<void> erase_passages(const fs::path& folder) {
    std::error_code failure;
    if (!fs::remove(passages_file(folder), failure))
        return failure ? unavailable(passages_file(folder), "remove")
                       : base::error(base::Errc::not_found, "there is no collection in " + folder.string());
    sweep(folder, {});
    std::error_code ignored;
    fs::remove(folder, ignored);
    return {};
}

}  // namespace antiphon::store
