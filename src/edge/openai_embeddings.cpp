#include "edge/openai_embeddings.hpp"

#include "base/base64.hpp"
#include "edge/openai_models.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using protocol::Fault;
using protocol::Fields;

constexpr std::size_t kMaxTexts = 2048;

struct EmbeddingsRequest {
    std::string model;
    std::vector<std::string> texts;
    bool base64 = false;
    std::optional<std::int64_t> dimensions;
};

std::optional<EmbeddingsRequest> read_request(const json::object& body, std::optional<Fault>& fault) {
    const Fields fields(body, "", fault);
    EmbeddingsRequest request;
    request.model = fields.required_text("model");
    fields.require("input");
    if (const auto* input = fields.find("input"); input != nullptr && input->is_array()) {
        if (input->get_array().empty() || input->get_array().size() > kMaxTexts)
            fields.fail("input", "invalid_value", "must have from 1 to " + std::to_string(kMaxTexts) + " texts");
        for (const auto& text : input->get_array()) {
            if (text.is_number() || text.is_array())
                fields.unsupported("input", "texts are taken, no tokens: each model has its own");
            else if (!text.is_string())
                fields.fail("input", "invalid_type", "must be a string or an array of strings");
            else
                request.texts.emplace_back(text.get_string());
        }
    } else {
        request.texts.push_back(fields.required_text("input"));
    }
    if (!fields.is_null("encoding_format")) request.base64 = fields.word("encoding_format", {"float", "base64"}) == "base64";
    if (!fields.is_null("dimensions")) request.dimensions = fields.integer("dimensions", 1, 1'000'000);
    if (fault) return std::nullopt;
    return request;
}

/// Little-endian 32-bit floats, as OpenAI's client asks for them by default.
std::string packed(const std::vector<float>& vector) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(vector.size() * 4);
    for (const float number : vector) {
        std::uint32_t raw = 0;
        std::memcpy(&raw, &number, sizeof raw);
        for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(raw >> 8 * i));
    }
    return base::base64_encode(bytes);
}

Reply embeddings_reply(const engine::Embeddings& embeddings, const EmbeddingsRequest& request) {
    json::array data;
    for (const auto& vector : embeddings.vectors) {
        json::object one{{"object", "embedding"}, {"index", data.size()}};
        if (request.base64) one["embedding"] = packed(vector);
        else one["embedding"] = json::array(vector.begin(), vector.end());
        data.push_back(std::move(one));
    }
    const json::object body{{"object", "list"},
                            {"data", std::move(data)},
                            {"model", request.model},
                            {"usage", {{"prompt_tokens", embeddings.tokens}, {"total_tokens", embeddings.tokens}}}};
    return {200, "application/json", json::serialize(body)};
}

}  // namespace

void serve_embeddings(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                      std::shared_ptr<Responder> responder) {
    const auto body = json_body(request);
    if (const auto* refusal = std::get_if<Reply>(&body)) return responder->reply(*refusal);
    std::optional<Fault> fault;
    auto wanted = read_request(std::get<json::object>(body), fault);
    if (fault) return responder->reply(fault_reply(*fault));
    if (engines.embedder == nullptr)
        return responder->reply(error_reply(404, "model_not_found", "no embedding model is loaded on this server", {}, "model"));
    if (!model_serves(wanted->model, ModelUse::embedding, services))
        return responder->reply(model_not_found_reply(wanted->model));
    const std::size_t dimensions = engines.embedder->dimensions();
    if (wanted->dimensions && *wanted->dimensions != static_cast<std::int64_t>(dimensions))
        return responder->reply(error_reply(400, "unsupported",
                                            "the loaded model's vectors have " + std::to_string(dimensions) +
                                                " dimensions, and are not shortened",
                                            {}, "dimensions"));
    const auto taken = engines.language_model_workers.submit(
        [wanted = std::move(*wanted), &embedder = *engines.embedder, responder] {
            const auto embeddings = embedder.embed(wanted.texts, responder->gone());
            responder->reply(embeddings ? embeddings_reply(*embeddings, wanted) : failure_reply(embeddings.error()));
        });
    if (!taken) responder->reply(failure_reply(taken.error()));
}

}  // namespace antiphon::edge
