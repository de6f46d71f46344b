// A listener over loopback with fake engines behind it, spoken to byte by byte.
#pragma once

#include "base/worker_pool.hpp"
#include "base/worker_share.hpp"
#include "fakes/fake_language_model.hpp"
#include "fakes/fake_recognizer.hpp"
#include "fakes/fake_synthesizer.hpp"
#include "fakes/fake_voice_detector.hpp"
#include "loopback_listener.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace antiphon::edge {

struct Answer {
    int status = 0;
    std::string head;
    std::string body;  ///< without the chunks' frames

    boost::json::value json() const {
        boost::system::error_code failure;
        auto value = boost::json::parse(body, failure);
        EXPECT_FALSE(failure) << body;
        return value;
    }
    std::string code() const { return text_of("code"); }
    std::string param() const { return text_of("param"); }

private:
    std::string text_of(const char* key) const {
        const auto value = json();
        const auto* object = value.if_object();
        if (object == nullptr || !object->contains("error")) return "no error: " + body;
        const auto& field = object->at("error").at(key);
        return field.is_string() ? std::string(field.get_string()) : "null";
    }
};

class EndpointsTest : public LoopbackTest {
protected:
    void open() { listen(services); }
    void TearDown() override {
        LoopbackTest::TearDown();
        share.close();
    }

    static std::string request(const std::string& path, const std::string& type, const std::string& body,
                               const std::string& headers = "Connection: close\r\n") {
        return "POST " + path + " HTTP/1.1\r\nHost: here\r\nContent-Type: " + type + "\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
    }
    static Answer parsed(const std::string& text) {
        Answer answer;
        const auto end = text.find("\r\n\r\n");
        if (end == std::string::npos) return answer;
        answer.head = text.substr(0, end + 2);
        answer.status = std::stoi(text.substr(9, 3));
        answer.body = text.substr(end + 4);
        if (answer.head.find("Transfer-Encoding: chunked") != std::string::npos) answer.body = unchunked(answer.body);
        return answer;
    }
    static std::string unchunked(std::string_view text) {
        std::string body;
        while (!text.empty()) {
            const auto size = std::stoul(std::string(text.substr(0, text.find("\r\n"))), nullptr, 16);
            text.remove_prefix(text.find("\r\n") + 2);
            body += text.substr(0, size);
            text.remove_prefix(std::min(text.size(), size + 2));
            if (size == 0) break;
        }
        return body;
    }
    Answer post(const std::string& path, const std::string& type, const std::string& body, const std::string& headers = "") {
        EndpointClient client(listener->port());
        client.write(request(path, type, body, "Connection: close\r\n" + headers));
        return parsed(client.read_rest());
    }
    Answer post(const std::string& path, const std::string& json) { return post(path, "application/json", json); }
    Answer get(const std::string& path) {
        EndpointClient client(listener->port());
        client.write("GET " + path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        return parsed(client.read_rest());
    }

    call::CallRegistry registry{1};
    call::CallSettings call_settings;
    call::Session session;
    base::Metrics metrics;
    fakes::FakeVoiceDetector detector;
    fakes::FakeRecognizer recognizer;
    fakes::FakeLanguageModel model;
    fakes::FakeSynthesizer synthesizer;
    call::CallMetrics call_metrics{metrics};
    base::WorkerPool pool{"test", 2, 8};
    base::WorkerShare share{pool, 1, 1};
    call::CallEngines engines{detector, recognizer, model, synthesizer, pool, pool, pool, call_metrics};
    EndpointEngines endpoint_engines{engines, share, share, share, "fake-ears", "fake-mind", "fake-voice"};
    bool loaded = true;
    Services services{.registry = registry,
                      .agents = [this] { return std::make_shared<const call::Agents>(call::Agents{
                                             {{}, {}, session, call_settings, {}}, {}}); },
                      .readiness = [] { return Readiness(); },
                      .engines = [this] { return loaded ? &engines : nullptr; },
                      .metrics = metrics,
                      .endpoint_engines = [this] { return loaded ? &endpoint_engines : nullptr; },
                      .openapi = "openapi: 3.1.0\n"};
};

}  // namespace antiphon::edge
