// A server with fakes that is asked for chat completions.
#pragma once

#include "endpoints_fixture.hpp"

#include <string>
#include <vector>

namespace antiphon::edge {

inline const std::string kChat = "/v1/chat/completions";

class ChatTest : public EndpointsTest {
protected:
    static std::string body(const std::string& more = "", const std::string& messages = R"([{"role":"user","content":"Hi"}])") {
        return R"({"model":"fake-mind","messages":)" + messages + (more.empty() ? "" : "," + more) + "}";
    }
    void expect_refused(const std::string& request, const std::string& code, const std::string& param) {
        const auto answer = post(kChat, request);
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_EQ(answer.code(), code) << request << answer.body;
        EXPECT_EQ(answer.param(), param) << request << answer.body;
    }
    static std::vector<boost::json::value> events(const std::string& stream) {
        std::vector<boost::json::value> found;
        for (std::size_t at = 0; at < stream.size();) {
            const auto end = stream.find("\n\n", at);
            EXPECT_TRUE(stream.compare(at, 6, "data: ") == 0 && end != std::string::npos) << stream;
            if (end == std::string::npos) break;
            const auto data = stream.substr(at + 6, end - at - 6);
            found.push_back(data == "[DONE]" ? boost::json::value("[DONE]") : boost::json::parse(data));
            at = end + 2;
        }
        return found;
    }
};

}  // namespace antiphon::edge
