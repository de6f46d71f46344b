#include "engine/ct2_file.hpp"

namespace antiphon::engine {
namespace {

constexpr std::uint32_t kOldest = 4;
constexpr std::uint32_t kNewest = 6;
constexpr std::uint32_t kMostVariables = 65536;
constexpr std::size_t kMostDimensions = 8;

/// Reads forward; once something was not there, everything after it is zero and empty, and ok() is false.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }

    std::span<const std::uint8_t> bytes(std::uint64_t count) {
        if (!ok_ || count > rest_.size()) {
            ok_ = false;
            return {};
        }
        const auto taken = rest_.first(static_cast<std::size_t>(count));
        rest_ = rest_.subspan(static_cast<std::size_t>(count));
        return taken;
    }

    std::uint32_t number(std::size_t width) {
        std::uint32_t value = 0;
        const auto from = bytes(width);
        for (std::size_t i = 0; i < from.size(); ++i) value |= static_cast<std::uint32_t>(from[i]) << 8 * i;
        return value;
    }

    /// Its length counts the zero byte at its end.
    std::string text() {
        const auto from = bytes(number(2));
        if (from.empty() || from.back() != 0) ok_ = false;
        if (!ok_) return {};
        return {from.begin(), from.end() - 1};
    }

private:
    std::span<const std::uint8_t> rest_;
    bool ok_ = true;
};

base::Error bad(const std::string& why) {
    return base::error(base::Errc::invalid, "not a usable CTranslate2 model: " + why);
}

base::Result<Ct2Variable> read_variable(Reader& reader, const std::string& name) {
    Ct2Variable variable;
    const std::uint32_t rank = reader.number(1);
    if (rank > kMostDimensions) return bad("'" + name + "' has " + std::to_string(rank) + " dimensions");
    for (std::uint32_t i = 0; i < rank; ++i) variable.shape.push_back(reader.number(4));
    const std::uint32_t type = reader.number(1);
    if (type > static_cast<std::uint32_t>(Ct2Variable::Type::bfloat16))
        return bad("'" + name + "' has an unknown type");
    variable.type = static_cast<Ct2Variable::Type>(type);
    const std::uint32_t size = reader.number(4);
    variable.bytes = reader.bytes(size);
    if (!reader.ok()) return bad("it ends within '" + name + "'");
    std::uint64_t needed = variable.item_size();
    for (const std::uint32_t dimension : variable.shape) {
        needed *= dimension;  // cannot overflow: at most 2^32 before, at most 2^32 - 1 times
        if (needed > size) break;
    }
    if (needed != size) return bad("the size of '" + name + "' does not fit its shape");
    return variable;
}

}  // namespace

std::size_t Ct2Variable::item_size() const noexcept {
    switch (type) {
        case Type::float32:
        case Type::int32: return 4;
        case Type::int16:
        case Type::float16:
        case Type::bfloat16: return 2;
        case Type::int8: return 1;
    }
    return 1;
}

std::int64_t Ct2Variable::integer() const noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[i]) << 8 * i;
    const auto unused = static_cast<int>(64 - 8 * bytes.size());
    return static_cast<std::int64_t>(value << unused) >> unused;
}

base::Result<Ct2File> Ct2File::parse(std::span<const std::uint8_t> file) {
    Reader reader(file);
    const std::uint32_t version = reader.number(4);
    if (!reader.ok()) return bad("it is too short");
    if (version < kOldest || version > kNewest)
        return base::error(base::Errc::unsupported,
                           "not a CTranslate2 model of version 4 to 6 (the file says " + std::to_string(version) + ")");
    Ct2File model;
    model.specification_ = reader.text();
    reader.number(4);  // the specification's revision
    const std::uint32_t count = reader.number(4);
    if (!reader.ok()) return bad("it ends within its head");
    if (count > kMostVariables) return bad("it claims " + std::to_string(count) + " variables");
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string name = reader.text();
        if (!reader.ok()) return bad("it ends within the name of variable " + std::to_string(i));
        auto variable = read_variable(reader, name);
        if (!variable) return variable.error();
        if (!model.variables_.emplace(name, std::move(*variable)).second) return bad("'" + name + "' is there twice");
    }

    const std::uint32_t aliases = reader.number(4);
    if (!reader.ok()) return bad("it ends before its aliases");
    if (aliases > kMostVariables) return bad("it claims " + std::to_string(aliases) + " aliases");
    for (std::uint32_t i = 0; i < aliases; ++i) {
        const std::string alias = reader.text();
        const std::string target = reader.text();
        if (!reader.ok()) return bad("it ends within its aliases");
        const Ct2Variable* meant = model.find(target);
        if (meant == nullptr) return bad("the alias '" + alias + "' stands for '" + target + "', which is not there");
        if (!model.variables_.emplace(alias, *meant).second) return bad("'" + alias + "' is there twice");
    }
    if (!reader.at_end()) return bad("there are bytes after its end");
    return model;
}

const Ct2Variable* Ct2File::find(std::string_view name) const noexcept {
    const auto found = variables_.find(name);
    return found == variables_.end() ? nullptr : &found->second;
}

}  // namespace antiphon::engine
