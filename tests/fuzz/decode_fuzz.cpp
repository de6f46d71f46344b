// libFuzzer's entry for the events of a client. Whatever comes in, decode() must give an event or a refusal
// that can be sent back, in each dialect; and what was taken of a session or an item can be shown again.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o decode_fuzz -lboost_json
//         tests/fuzz/decode_fuzz.cpp src/protocol/*.cpp src/base/{base64,error,utf8}.cpp
//     ./decode_fuzz -max_len=65536 tests/fuzz/corpus/decode
#include "base/utf8.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace antiphon;

std::string shown(const protocol::ServerEvent& event, protocol::Dialect dialect) {
    auto message = protocol::encode(event, "event_1", dialect);
    if (!base::is_utf8(message)) std::abort();
    return message;
}

protocol::Session session_of(const protocol::SessionChanges& changes) {
    protocol::Session session;
    session.kind = changes.kind;
    session.model = changes.model.value_or("");
    session.instructions = changes.instructions.value_or("");
    session.tools = changes.tools.value_or(std::vector<protocol::Tool>());
    session.tool_choice = changes.tool_choice.value_or(protocol::ToolChoice());
    session.voice = changes.voice.value_or("");
    session.transcription.emplace();
    if (changes.transcription && *changes.transcription)
        session.transcription->model = (*changes.transcription)->model.value_or("");
    protocol::apply(changes, session.wire);
    return session;
}

void decode_and_show(std::string_view message, protocol::Dialect dialect) {
    const auto decoded = protocol::decode(message, dialect);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        const bool complete = !refusal->code.empty() && !refusal->error.text.empty();
        const auto answer = shown(protocol::ErrorReport{"invalid_request_error", refusal->code, refusal->error.text,
                                                        refusal->error.param, refusal->event_id},
                                  dialect);
        if (!complete || answer.size() > 8192) std::abort();
        return;
    }
    const auto& request = std::get<protocol::ClientEvent>(decoded).request;
    if (const auto* update = std::get_if<protocol::UpdateSession>(&request)) {
        if (update->dialect == protocol::Dialect::open) std::abort();
        shown(protocol::SessionUpdated{session_of(update->session)}, update->dialect);
    }
    if (const auto* create = std::get_if<protocol::CreateItem>(&request))
        shown(protocol::ItemAdded{create->item, ""}, dialect);
    if (const auto* create = std::get_if<protocol::CreateResponse>(&request)) {
        protocol::Response response;
        response.metadata = create->metadata;
        if (create->input) response.output = *create->input;
        shown(protocol::ResponseDone{std::move(response)}, dialect);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    for (const auto dialect : {protocol::Dialect::open, protocol::Dialect::ga, protocol::Dialect::beta})
        decode_and_show(message, dialect);
    return 0;
}
