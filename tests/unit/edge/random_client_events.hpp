// Random events of a client: right ones with random fields, and the same ones broken in every way we know.
//
// pure, but for the random numbers. To add an event, add its maker to kMakers; what breaks events needs no change.
#pragma once

#include "base/base64.hpp"

#include <boost/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::edge {

class RandomClientEvents {
public:
    using Object = boost::json::object;
    using Value = boost::json::value;

    /// The ids that the client has seen; events mostly name one of them.
    struct Known {
        const std::vector<std::string>& items;
        const std::vector<std::string>& calls;
        const std::string& response;
        bool beta = false;
    };

    explicit RandomClientEvents(std::mt19937_64& random) : random_(random) {}

    /// One message; `broken` says how likely it is to be broken.
    std::string next(const Known& known, double broken) {
        Object event = (this->*kMakers[below(kMakers.size())])(known);
        if (!chance(0.1)) event["event_id"] = "client_" + std::to_string(++count_);
        if (!chance(broken)) return boost::json::serialize(event);
        return break_it(event);
    }

    /// 16-bit sound of that length, loud or silent.
    std::string sound(std::size_t samples, bool loud) {
        std::vector<std::uint8_t> bytes(samples * 2);
        for (std::size_t i = 0; loud && i < samples; ++i) {
            const auto value = static_cast<std::int16_t>(9000.0 * std::sin(0.05 * static_cast<double>(i)));
            bytes[2 * i] = static_cast<std::uint8_t>(value & 0xFF);
            bytes[2 * i + 1] = static_cast<std::uint8_t>((value >> 8) & 0xFF);
        }
        return base::base64_encode(bytes);
    }

    bool chance(double share) { return std::uniform_real_distribution<>()(random_) < share; }
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
    int between(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }

private:
    template <typename... Texts>
    std::string one_of(Texts... texts) {
        const std::array<std::string_view, sizeof...(texts)> all{texts...};
        return std::string(all[below(all.size())]);
    }
    std::string words() {
        return one_of("Hello.", "What is the time, please?", "", " ", "One two three four five six seven eight nine ten eleven.",
                      "Grüße aus Köln! 😀 Ça va?", "a", "...", "Tell me, now, and then, more; yes.");
    }
    std::string item_id(const Known& known) {
        if (known.items.empty() || chance(0.1)) return one_of("item_none", "root", "x", "mine_1", "mine_2");
        return chance(0.6) ? known.items.back() : known.items[below(known.items.size())];
    }
    Value output_tokens() { return chance(0.3) ? Value("inf") : Value(between(1, 20)); }

    Value tools() {
        boost::json::array tools;
        if (chance(0.2)) return tools;
        tools.push_back(Object{{"type", "function"}, {"name", "weather"}, {"description", words()},
                               {"parameters", Object{{"type", "object"}, {"properties", Object{{"city", Object{{"type", "string"}}}}}}}});
        if (chance(0.5)) tools.push_back(Object{{"type", "function"}, {"name", "hang_up"}});
        return tools;
    }
    Value tool_choice() {
        if (chance(0.3)) return Object{{"type", "function"}, {"name", one_of("weather", "weather", "hang_up")}};
        return Value(one_of("auto", "auto", "none", "required"));
    }
    Value transcription() {
        if (chance(0.3)) return nullptr;
        return Object{{"model", "whisper-1"}, {"language", one_of("en", "de", "")}};
    }
    Object ours() {
        Object ours;
        if (chance(0.6)) ours["partials"] = chance(0.7);
        if (chance(0.4)) ours["binary_audio"] = chance(0.6);
        return ours;
    }
    Value format() {
        const std::string type = one_of("audio/pcm", "audio/pcm", "audio/pcmu", "audio/pcma");
        if (type == "audio/pcm") return Object{{"type", type}, {"rate", 24000}};
        return Object{{"type", type}};
    }

    Object session_update(const Known& known) {
        if (known.beta != chance(0.02)) return beta_session_update();
        Object session{{"type", "realtime"}};
        if (chance(0.2)) session["instructions"] = words();
        if (chance(0.2)) session["output_modalities"] = boost::json::array{chance(0.6) ? "audio" : "text"};
        if (chance(0.2)) session["max_output_tokens"] = output_tokens();
        if (chance(0.1)) session["model"] = one_of("gpt-realtime", "other");
        if (chance(0.25)) session["tools"] = tools();
        if (chance(0.15)) session["tool_choice"] = tool_choice();
        if (chance(0.1)) session["parallel_tool_calls"] = chance(0.5);
        if (chance(0.1)) session["truncation"] = one_of("auto", "disabled");
        if (chance(0.2)) session["antiphon"] = ours();
        if (chance(0.1)) session["tracing"] = "auto";
        Object input;
        if (chance(0.5)) input["turn_detection"] = turn_detection();
        if (chance(0.2)) input["transcription"] = transcription();
        if (chance(0.1)) input["format"] = format();
        if (chance(0.1)) input["noise_reduction"] = chance(0.5) ? Value(nullptr) : Value(Object{{"type", "near_field"}});
        Object output;
        if (chance(0.2)) output["voice"] = one_of("joe", "alloy", "marin");
        if (chance(0.2)) output["speed"] = 0.25 * between(1, 6);
        if (chance(0.1)) output["format"] = format();
        if (chance(0.07)) {
            session = Object{{"type", "transcription"}};
            output.clear();
        }
        Object audio;
        if (!input.empty()) audio["input"] = input;
        if (!output.empty()) audio["output"] = output;
        if (!audio.empty()) session["audio"] = audio;
        return {{"type", "session.update"}, {"session", session}};
    }
    Object beta_session_update() {
        Object session;
        if (chance(0.3)) session["instructions"] = words();
        if (chance(0.3)) session["modalities"] = chance(0.6) ? boost::json::array{"text", "audio"} : boost::json::array{"text"};
        if (chance(0.2)) session["max_response_output_tokens"] = output_tokens();
        if (chance(0.2)) session["voice"] = one_of("joe", "alloy", "marin");
        if (chance(0.1)) session["input_audio_format"] = one_of("pcm16", "g711_ulaw", "g711_alaw");
        if (chance(0.1)) session["output_audio_format"] = one_of("pcm16", "g711_ulaw", "g711_alaw");
        if (chance(0.2)) session["input_audio_transcription"] = transcription();
        if (chance(0.4)) session["turn_detection"] = turn_detection();
        if (chance(0.2)) session["tools"] = tools();
        if (chance(0.1)) session["tool_choice"] = tool_choice();
        if (chance(0.1)) session["temperature"] = 0.1 * between(6, 12);
        if (chance(0.2)) session["antiphon"] = ours();
        return {{"type", "session.update"}, {"session", session}};
    }
    Value turn_detection() {
        if (chance(0.25)) return nullptr;
        if (chance(0.15)) return Object{{"type", "semantic_vad"}, {"eagerness", one_of("low", "medium", "high", "auto")}};
        Object turn{{"type", "server_vad"}};
        if (chance(0.5)) turn["silence_duration_ms"] = between(0, 800);
        if (chance(0.3)) turn["prefix_padding_ms"] = between(0, 500);
        if (chance(0.3)) turn["threshold"] = 0.1 * between(0, 10);
        if (chance(0.2)) turn["idle_timeout_ms"] = chance(0.2) ? Value(nullptr) : Value(between(5000, 7000));
        if (chance(0.3)) turn["create_response"] = chance(0.7);
        if (chance(0.3)) turn["interrupt_response"] = chance(0.7);
        return turn;
    }
    Object append(const Known&) {
        const int sizes[] = {0, 1, 160, 480, 480, 480, 960, 2400, chance(0.1) ? 24'000 : 4800};
        return {{"type", "input_audio_buffer.append"}, {"audio", sound(static_cast<std::size_t>(sizes[below(std::size(sizes))]), chance(0.5))}};
    }
    Object commit(const Known&) { return {{"type", "input_audio_buffer.commit"}}; }
    Object clear(const Known&) { return {{"type", "input_audio_buffer.clear"}}; }
    Object item(const Known& known) {
        if (chance(0.15)) {
            const std::string call = known.calls.empty() || chance(0.2) ? one_of("call_none", "call_mine") : known.calls[below(known.calls.size())];
            return {{"type", "function_call_output"}, {"call_id", call}, {"output", words()}};
        }
        if (chance(0.05)) {
            Object call{{"type", "function_call"}, {"name", "weather"}, {"arguments", R"({"city":"Bonn"})"}};
            if (chance(0.7)) call["call_id"] = "call_mine";
            return call;
        }
        const std::string role = one_of("user", "user", "assistant", "system");
        Object part{{"type", role == "assistant" ? "output_text" : "input_text"}, {"text", words()}};
        if (role == "user" && chance(0.2)) part = {{"type", "input_audio"}, {"transcript", words()}, {"audio", ""}};
        boost::json::array content{part};
        for (int sounds = role == "user" && chance(0.15) ? between(1, 2) : 0; sounds > 0; --sounds)
            content.push_back(Object{{"type", "input_audio"}, {"audio", sound(static_cast<std::size_t>(between(1, 4800)), true)}});
        Object item{{"type", "message"}, {"role", role}, {"content", content}};
        if (chance(0.2)) item["id"] = one_of("mine_1", "mine_2", "mine_3");
        return item;
    }
    Object create_item(const Known& known) {
        Object event{{"type", "conversation.item.create"}, {"item", item(known)}};
        if (chance(0.2)) event["previous_item_id"] = chance(0.3) ? "root" : item_id(known);
        return event;
    }
    Object retrieve(const Known& known) { return {{"type", "conversation.item.retrieve"}, {"item_id", item_id(known)}}; }
    Object truncate(const Known& known) {
        return {{"type", "conversation.item.truncate"}, {"item_id", item_id(known)}, {"content_index", 0}, {"audio_end_ms", between(0, 1500)}};
    }
    Object delete_item(const Known& known) { return {{"type", "conversation.item.delete"}, {"item_id", item_id(known)}}; }
    Object create_response(const Known& known) {
        Object response;
        if (chance(0.2)) response["instructions"] = words();
        if (chance(0.3) && !known.beta) response["output_modalities"] = boost::json::array{chance(0.4) ? "audio" : "text"};
        if (chance(0.15)) response["tools"] = tools();
        if (chance(0.15)) response["tool_choice"] = tool_choice();
        if (chance(0.1)) response["parallel_tool_calls"] = chance(0.5);
        if (chance(0.2)) response["max_output_tokens"] = output_tokens();
        if (chance(0.2)) response["metadata"] = Object{{"k", words()}};
        if (chance(0.2)) response["conversation"] = one_of("auto", "none");
        if (chance(0.2)) {
            boost::json::array input{item(known)};
            for (int more = between(0, 2); more > 0; --more)
                input.push_back(chance(0.5) ? Object{{"type", "item_reference"}, {"id", item_id(known)}} : item(known));
            response["input"] = input;
        }
        Object event{{"type", "response.create"}};
        if (!response.empty() || chance(0.3)) event["response"] = response;
        return event;
    }
    Object cancel(const Known& known) {
        Object event{{"type", "response.cancel"}};
        if (chance(0.3)) event["response_id"] = known.response.empty() || chance(0.2) ? "resp_none" : known.response;
        return event;
    }
    Object clear_output(const Known&) { return {{"type", "output_audio_buffer.clear"}}; }

    using Maker = Object (RandomClientEvents::*)(const Known&);
    /// Those that come often stand here more than once.
    static constexpr std::array<Maker, 18> kMakers{
        &RandomClientEvents::session_update,  &RandomClientEvents::append,          &RandomClientEvents::append,
        &RandomClientEvents::append,          &RandomClientEvents::commit,          &RandomClientEvents::commit,
        &RandomClientEvents::clear,           &RandomClientEvents::create_item,     &RandomClientEvents::create_item,
        &RandomClientEvents::create_item,     &RandomClientEvents::retrieve,        &RandomClientEvents::truncate,
        &RandomClientEvents::delete_item,     &RandomClientEvents::create_response, &RandomClientEvents::create_response,
        &RandomClientEvents::create_response, &RandomClientEvents::cancel,          &RandomClientEvents::clear_output};

    // ---- what breaks them

    Value odd_value() {
        switch (below(11)) {
            case 0: return nullptr;
            case 1: return chance(0.5);
            case 2: return std::int64_t{-1};
            case 3: return std::int64_t{9'223'372'036'854'775'807};
            case 4: return 1e308;
            case 5: return -0.5;
            case 6: return boost::json::string(static_cast<std::size_t>(between(0, 3000)), 'x');
            case 7: return boost::json::array{1, "two", nullptr};
            case 8: return Object{{"type", "surprise"}};
            case 9: return std::uint64_t{18'446'744'073'709'551'615U};
            default: return kNotANumber;
        }
    }

    /// A place anywhere inside: the object that holds it, and its key.
    std::pair<Object*, std::string> some_place(Object& object) {
        Object* at = &object;
        for (;;) {
            auto chosen = at->begin() + static_cast<std::ptrdiff_t>(below(at->size()));
            const std::string key(chosen->key());
            Value* inside = &chosen->value();
            if (inside->is_array() && !inside->get_array().empty()) inside = &inside->get_array().front();
            if (!inside->is_object() || inside->get_object().empty() || chance(0.3)) return {at, key};
            at = &inside->get_object();
        }
    }

    std::string break_it(Object& event) {
        const auto [holder, key] = some_place(event);
        switch (below(8)) {
            case 0: holder->erase(key); break;
            case 1: (*holder)[key] = nullptr; break;
            case 2:
            case 3:
            case 4: (*holder)[key] = odd_value(); break;
            case 5: (*holder)["surprise"] = odd_value(); break;
            case 6: event["type"] = one_of("no.such.event", "", "response.created", "error"); break;
            default: return break_text(boost::json::serialize(event));
        }
        std::string message = boost::json::serialize(event);
        // What no JSON library writes.
        const std::string quoted = "\"" + std::string(kNotANumber) + "\"";
        if (const auto at = message.find(quoted); at != message.npos)
            message.replace(at, quoted.size(), one_of("NaN", "Infinity", "-Infinity", "1e999", "01", "+1"));
        return message;
    }

    std::string break_text(std::string message) {
        switch (below(5)) {
            case 0: return message.substr(0, below(message.size()));
            case 1: message[below(message.size())] = static_cast<char>(between(32, 126)); return message;
            case 2: return message + message;
            case 3: return std::string(static_cast<std::size_t>(between(1, 100)), '[') + message;
            default: return one_of("", "[]", "null", "7", "\"text\"", "{}", "{\"type\":null}", "NaN");
        }
    }

    static constexpr const char* kNotANumber = "not a number";
    std::mt19937_64& random_;
    std::uint64_t count_ = 0;
};

}  // namespace antiphon::edge
