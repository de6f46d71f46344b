// The listener over loopback, spoken to byte by byte.
#include "loopback_listener.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace antiphon::edge {
namespace {

class HttpListenerTest : public LoopbackTest {
protected:
    void open() { listen(services); }
    std::string ask(const std::string& method, const std::string& target, const std::string& headers = "",
                    const std::string& body = "") {
        EndpointClient client(listener->port());
        client.write(method + " " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers + "\r\n" + body);
        return client.read_all();
    }
    static int status_of(const std::string& answer) { return std::stoi(answer.substr(9, 3)); }
    static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
    static std::string code_of(const std::string& answer) {
        return std::string(boost::json::parse(body_of(answer)).at("error").at("code").as_string());
    }

    call::CallRegistry registry{1};
    std::shared_ptr<const call::Agents> agents = std::make_shared<call::Agents>();
    EngineOptions engine_options;
    const EngineOptions* offered = nullptr;
    Readiness readiness;
    base::Metrics metrics;
    Services services{.registry = registry,
                      .agents = [this] { return agents; },
                      .readiness = [this] { return readiness; },
                      .engines = [] { return nullptr; },
                      .metrics = metrics,
                      .call_page = "<!doctype html><title>call</title>",
                      .widget = "customElements.define('antiphon-call', class extends HTMLElement {})",
                      .engine_options = [this] { return offered; }};
};

TEST_F(HttpListenerTest, serves_the_page) {
    open();
    const auto page = ask("GET", "/call");
    EXPECT_EQ(status_of(page), 200);
    EXPECT_NE(page.find("Content-Type: text/html; charset=utf-8"), std::string::npos);
    EXPECT_EQ(body_of(page), services.call_page);
    const auto home = ask("GET", "/");
    EXPECT_EQ(status_of(home), 302);
    EXPECT_NE(home.find("Location: /call\r\n"), std::string::npos);
}

TEST_F(HttpListenerTest, a_build_without_the_page_says_so) {
    services.call_page = {};
    open();
    EXPECT_EQ(status_of(ask("GET", "/call")), 404);
}

TEST_F(HttpListenerTest, ready_is_honest) {
    open();
    const auto loading = ask("GET", "/ready");
    EXPECT_EQ(status_of(loading), 503);
    EXPECT_EQ(boost::json::parse(body_of(loading)).at("ready"), false);
    EXPECT_FALSE(boost::json::parse(body_of(loading)).as_object().contains("failure"));
    readiness = {true, true, true, true, true, "cuda", ""};
    const auto ready = ask("GET", "/ready");
    EXPECT_EQ(status_of(ready), 200);
    EXPECT_EQ(boost::json::parse(body_of(ready)),
              boost::json::parse(R"({"ready":true,"whisper_ready":true,"lid_ready":true,"llm_ready":true,
                                     "tts_ready":true,"device":"cuda"})"));
    readiness = {false, true, true, false, false, "cpu", "no model"};
    EXPECT_EQ(boost::json::parse(body_of(ask("GET", "/ready"))).at("failure"), "no model");
}

TEST_F(HttpListenerTest, answers_the_small_routes) {
    metrics.counter("antiphon_test_total", "For this test").Increment(3);
    call::Agents named_model;
    named_model.plain.session.model = "tiny";
    agents = std::make_shared<call::Agents>(named_model);
    open();
    EXPECT_EQ(body_of(ask("GET", "/health")), R"({"status":"ok"})");
    const auto text = ask("GET", "/metrics");
    EXPECT_NE(text.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
    EXPECT_NE(text.find("antiphon_test_total 3"), std::string::npos);
    EXPECT_EQ(boost::json::parse(body_of(ask("GET", "/v1/models"))).at("data").at(0).at("id"), "tiny");
}

TEST_F(HttpListenerTest, ice_is_told_with_new_credentials_each_time_and_never_cached) {
    services.ice.turn_urls = {"turn:turn.example.org"};
    services.ice.turn_secret = "0123456789abcdef";
    open();
    const auto first = ask("GET", "/ice", "Origin: https://page.example\r\n");
    EXPECT_EQ(status_of(first), 200);
    EXPECT_NE(first.find("Cache-Control: no-store\r\n"), std::string::npos);
    EXPECT_NE(first.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
    EXPECT_NE(first.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(body_of(first), body_of(ask("GET", "/ice")));
    EXPECT_EQ(status_of(ask("POST", "/ice")), 405);
}

TEST_F(HttpListenerTest, options_are_told_once_the_engines_are_there) {
    call::Agents named;
    named.named.push_back({"desk", "Answers the phone", {}, {}, {}});
    agents = std::make_shared<call::Agents>(named);
    open();
    const auto loading = ask("GET", "/options");
    EXPECT_EQ(status_of(loading), 503);
    EXPECT_EQ(code_of(loading), "not_ready");
    EXPECT_NE(loading.find("Retry-After: 2\r\n"), std::string::npos);

    engine_options = {{{"en", "English"}, {"sv", "Swedish"}}, {{"joe", "en-US"}}, "joe", {"tiny"}};
    offered = &engine_options;
    const auto told = ask("GET", "/options", "Origin: null\r\n");
    EXPECT_EQ(status_of(told), 200);
    EXPECT_NE(told.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
    EXPECT_EQ(boost::json::parse(body_of(told)), boost::json::parse(R"({
        "languages":[{"code":"en","name":"English"},{"code":"sv","name":"Swedish"}],
        "voices":[{"id":"joe","language":"en-US"}],"agents":[{"name":"desk","description":"Answers the phone"}],
        "models":["tiny"],"default_voice":"joe","partials":true})"));
    EXPECT_EQ(status_of(ask("OPTIONS", "/options", "Origin: null\r\n")), 204);
    EXPECT_EQ(status_of(ask("POST", "/options", "Content-Length: 0\r\n")), 405);
}

TEST_F(HttpListenerTest, the_widget_is_any_pages_to_load_and_is_asked_for_anew_by_its_tag) {
    settings.allowed_origins = {"https://a.example"};
    open();
    const auto script = ask("GET", "/antiphon.js", "Origin: https://elsewhere.example\r\n");
    EXPECT_EQ(status_of(script), 200);
    EXPECT_EQ(body_of(script), services.widget);
    for (const char* header : {"Content-Type: text/javascript; charset=utf-8\r\n", "Access-Control-Allow-Origin: *\r\n",
                               "Cache-Control: public, max-age=300\r\n"})
        EXPECT_NE(script.find(header), std::string::npos) << header;
    const auto at = script.find("ETag: ") + 6;
    const auto tag = script.substr(at, script.find("\r\n", at) - at);
    const auto same = ask("GET", "/antiphon.js", "If-None-Match: \"other\", " + tag + "\r\n");
    EXPECT_EQ(status_of(same), 304);
    EXPECT_EQ(body_of(same), "");
    EXPECT_EQ(status_of(ask("GET", "/antiphon.js", "If-None-Match: \"other\"\r\n")), 200);
}

TEST_F(HttpListenerTest, a_build_without_the_widget_says_so) {
    services.widget = {};
    open();
    const auto answer = ask("GET", "/antiphon.js");
    EXPECT_EQ(status_of(answer), 404);
    EXPECT_EQ(code_of(answer), "widget_not_built");
}

TEST_F(HttpListenerTest, head_has_the_length_but_no_body) {
    open();
    const auto answer = ask("HEAD", "/health");
    EXPECT_NE(answer.find("Content-Length: 15\r\n"), std::string::npos);
    EXPECT_EQ(body_of(answer), "");
}

TEST_F(HttpListenerTest, refuses_what_it_does_not_have) {
    open();
    EXPECT_EQ(code_of(ask("GET", "/nothing")), "not_found");
    const auto post = ask("POST", "/ready", "Content-Length: 2\r\n", "{}");
    EXPECT_EQ(status_of(post), 405);
    EXPECT_NE(post.find("Allow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
    EXPECT_EQ(status_of(ask("GET", "/%zz")), 400);
    EXPECT_EQ(status_of(ask("GET", "/v1/realtime")), 426);
}

TEST_F(HttpListenerTest, bounds_header_and_body) {
    settings.max_body = 1000;
    open();
    EXPECT_EQ(status_of(ask("GET", "/health", "X-Long: " + std::string(20'000, 'x') + "\r\n")), 431);
    EXPECT_EQ(status_of(ask("POST", "/health", "Content-Length: 1001\r\n", std::string(1001, 'x'))), 413);
    EXPECT_EQ(status_of(ask("POST", "/health", "Content-Length: 1000\r\n", std::string(1000, 'x'))), 405);
}

TEST_F(HttpListenerTest, answers_garbage_with_400_and_closes) {
    open();
    EndpointClient client(listener->port());
    client.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
    EXPECT_EQ(status_of(client.read_all()), 400);
}

TEST_F(HttpListenerTest, keeps_a_connection_for_further_requests) {
    open();
    EndpointClient client(listener->port());
    for (int i = 0; i < 3; ++i) {
        client.write("GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
        EXPECT_EQ(status_of(client.read_some()), 200);
    }
}

TEST_F(HttpListenerTest, a_client_that_says_nothing_is_let_go) {
    settings.handshake_timeout = base::milliseconds(50);
    open();
    EndpointClient client(listener->port());
    client.write("GET /hea");
    EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpListenerTest, grants_pages_from_allowed_origins_only) {
    settings.allowed_origins = {"https://a.example"};
    open();
    const auto good = ask("GET", "/health", "Origin: https://a.example\r\n");
    EXPECT_NE(good.find("Access-Control-Allow-Origin: https://a.example\r\n"), std::string::npos);
    EXPECT_EQ(ask("GET", "/health", "Origin: https://b.example\r\n").find("Access-Control"), std::string::npos);
    const auto preflight = ask("OPTIONS", "/v1/realtime",
                               "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"
                               "Access-Control-Request-Headers: authorization\r\n");
    EXPECT_EQ(status_of(preflight), 204);
    EXPECT_NE(preflight.find("Access-Control-Allow-Headers: authorization\r\n"), std::string::npos);
    EXPECT_EQ(ask("OPTIONS", "/health", "Origin: https://b.example\r\n").find("Access-Control"), std::string::npos);
}

const std::string kUpgrade =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

class HttpListenerUpgrade : public HttpListenerTest {
protected:
    std::string upgrade(const std::string& target, const std::string& headers = kUpgrade) {
        EndpointClient client(listener->port());
        client.write("GET " + target + " HTTP/1.1\r\nHost: here\r\nConnection: Upgrade, close\r\n" + headers + "\r\n");
        return client.read_all();
    }
};

TEST_F(HttpListenerUpgrade, is_refused_until_the_engines_are_loaded) {
    open();
    const auto answer = upgrade("/v1/realtime?model=m");
    EXPECT_EQ(status_of(answer), 503);
    EXPECT_EQ(code_of(answer), "not_ready");
    EXPECT_NE(answer.find("Retry-After: "), std::string::npos);
    EXPECT_EQ(registry.calls(), 0U);
}

TEST_F(HttpListenerUpgrade, is_refused_for_what_cannot_be_had) {
    settings.allowed_origins = {};
    open();
    EXPECT_EQ(code_of(upgrade("/v1/realtime?call_id=c")), "call_not_found");
    EXPECT_EQ(status_of(upgrade("/v1/realtime?call_id=c")), 404);
    EXPECT_EQ(code_of(upgrade("/v1/realtime?call_id=c&resume=t&last_event_id=e")), "call_not_found");
    EXPECT_EQ(code_of(upgrade("/v1/realtime?call_id=c&resume=t&after_binary=-1")), "invalid_value");
    EXPECT_EQ(code_of(upgrade("/v1/realtime?call_id=c&resume=t&after_binary=9999999")), "invalid_value");
    EXPECT_EQ(code_of(upgrade("/v1/realtime?call_id=" + std::string(300, 'c'))), "invalid_value");
    EXPECT_EQ(code_of(upgrade("/v1/realtime?intent=transcription&api-key=x")), "unsupported") << "of the beta";
    EXPECT_EQ(code_of(upgrade("/v1/realtime?model=" + std::string(300, 'm'))), "invalid_value");
    EXPECT_EQ(code_of(upgrade("/v1/realtime", kUpgrade + "Origin: https://b.example\r\n")), "origin_not_allowed");
    EXPECT_EQ(code_of(upgrade("/v1/realtime", "Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n")),
              "upgrade_required");
}

TEST_F(HttpListenerTest, a_port_in_use_is_said_in_one_sentence) {
    open();
    EdgeSettings second = settings;
    second.port = listener->port();
    const auto refused = HttpListener::open(io, second, services);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::unavailable);
    EXPECT_EQ(refused.error().text, "cannot listen on 127.0.0.1:" + std::to_string(second.port) +
                                        ": the port is in use by another program");
}

TEST_F(HttpListenerTest, an_address_that_is_not_ours_is_refused) {
    settings.host = "192.0.2.1";  // for documentation only (RFC 5737)
    const auto refused = HttpListener::open(io, settings, services);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::unavailable);
    EXPECT_NE(refused.error().text.find("192.0.2.1"), std::string::npos);
}

}  // namespace
}  // namespace antiphon::edge
