#include "engine/safetensors.hpp"

#include <boost/json.hpp>

#include <limits>
#include <optional>

namespace antiphon::engine {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own bound
constexpr std::size_t kMostDimensions = 8;

base::Error bad(const std::string& why) {
    return base::error(base::Errc::invalid, "not a usable safetensors file: " + why);
}

std::optional<std::uint64_t> item_size(std::string_view type) {
    if (type == "F64" || type == "I64" || type == "U64") return 8;
    if (type == "F32" || type == "I32" || type == "U32") return 4;
    if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
    if (type == "I8" || type == "U8" || type == "BOOL") return 1;
    return std::nullopt;
}

/// Whole numbers from 0 on; nothing if there is anything else in it.
std::optional<std::vector<std::uint64_t>> numbers(const json::value* from) {
    if (from == nullptr || !from->is_array()) return std::nullopt;
    std::vector<std::uint64_t> all;
    for (const json::value& one : from->get_array()) {
        if (!one.is_int64() || one.get_int64() < 0) return std::nullopt;
        all.push_back(static_cast<std::uint64_t>(one.get_int64()));
    }
    return all;
}

base::Result<SafeTensor> read_tensor(const std::string& name, const json::value& entry,
                                     std::span<const std::uint8_t> data) {
    const std::string what = "the tensor '" + name + "'";
    if (!entry.is_object()) return bad(what + " is not described by an object");
    const json::value* type = entry.get_object().if_contains("dtype");
    const auto shape = numbers(entry.get_object().if_contains("shape"));
    const auto place = numbers(entry.get_object().if_contains("data_offsets"));
    if (type == nullptr || !type->is_string() || !shape || !place || place->size() != 2)
        return bad(what + " lacks its type, shape or place");
    SafeTensor tensor{.type = std::string(type->get_string()), .shape = *shape, .bytes = {}};
    const auto size = item_size(tensor.type);
    if (!size)
        return base::error(base::Errc::unsupported, what + " is of type '" + tensor.type + "', which is not known");
    if (shape->size() > kMostDimensions) return bad(what + " has too many dimensions");
    std::uint64_t bytes = *size;
    for (const std::uint64_t dimension : *shape) {
        if (dimension != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / dimension)
            return bad(what + " is larger than the file");
        bytes *= dimension;
    }
    const std::uint64_t begin = (*place)[0];
    const std::uint64_t end = (*place)[1];
    if (begin > end || end > data.size()) return bad(what + " lies outside the file");
    if (end - begin != bytes) return bad(what + " has another length than its shape asks for");
    tensor.bytes = data.subspan(begin, bytes);
    return tensor;
}

}  // namespace

base::Result<SafeTensors> read_safetensors(std::span<const std::uint8_t> file) {
    if (file.size() < 8) return bad("it is too short");
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{file[i]} << 8 * i;
    if (length > kLongestHeader || length > file.size() - 8) return bad("its header is longer than the file");
    boost::system::error_code fault;
    const json::value header = json::parse(
        json::string_view(reinterpret_cast<const char*>(file.data()) + 8, static_cast<std::size_t>(length)), fault);
    if (fault || !header.is_object()) return bad("its header is no JSON object");

    SafeTensors tensors;
    for (const auto& [key, entry] : header.get_object()) {
        if (key == "__metadata__") continue;
        const std::string name(key);
        auto tensor = read_tensor(name, entry, file.subspan(8 + static_cast<std::size_t>(length)));
        if (!tensor) return tensor.error();
        tensors.emplace(name, *std::move(tensor));
    }
    return tensors;
}

}  // namespace antiphon::engine
