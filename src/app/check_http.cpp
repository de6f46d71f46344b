#include "app/check_http.hpp"

#include "base/utf8.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string_view>

namespace antiphon::app {
namespace {

constexpr std::size_t kMaxBody = 1U << 20U;

bool same_name(std::string_view a, std::string_view lower) {
    return a.size() == lower.size() && curl_strnequal(a.data(), lower.data(), lower.size()) != 0;
}

std::size_t take_body(char* data, std::size_t, std::size_t count, void* user) {
    auto& answer = *static_cast<HttpAnswer*>(user);
    if (answer.body.size() + count > kMaxBody) return 0;
    answer.body.append(data, count);
    return count;
}

std::size_t take_header(char* data, std::size_t, std::size_t count, void* user) {
    auto& answer = *static_cast<HttpAnswer*>(user);
    const std::string_view line(data, count);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return count;
    const auto value = base::trimmed(line.substr(colon + 1));
    if (same_name(line.substr(0, colon), "date")) answer.date = value;
    if (same_name(line.substr(0, colon), "location")) answer.location = value;
    if (same_name(line.substr(0, colon), "antiphon-resume-token")) answer.resume_token = value;
    return count;
}

struct Posted {
    const std::string& content_type;
    const std::string& body;
};

base::Result<HttpAnswer> ask(const std::string& url, const Posted* posted, const edge::TlsTrust& trust,
                             std::chrono::seconds limit, const std::string& key) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> owner(curl_easy_init(), &curl_easy_cleanup);
    if (started != CURLE_OK || !owner) return base::error(base::Errc::unavailable, "libcurl cannot be started");
    CURL* curl = owner.get();
    HttpAnswer answer;
    std::array<char, CURL_ERROR_SIZE> why{};
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(limit.count()));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "antiphon");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    if (trust.anybody || !trust.pin.empty()) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!trust.pin.empty()) curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, trust.pin.c_str());
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, &curl_slist_free_all);
    const auto add_header = [&](const std::string& line) { headers.reset(curl_slist_append(headers.release(), line.c_str())); };
    if (!key.empty()) add_header("Authorization: Bearer " + key);
    if (posted != nullptr) add_header("Content-Type: " + posted->content_type);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (posted != nullptr) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(posted->body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, posted->body.data());
    }
    const CURLcode outcome = curl_easy_perform(curl);
    if (outcome != CURLE_OK)
        return base::error(base::Errc::unavailable, why[0] != '\0' ? why.data() : curl_easy_strerror(outcome));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
}

}  // namespace

base::Result<HttpAnswer> http_get(const std::string& url, const edge::TlsTrust& trust, std::chrono::seconds limit,
                                  const std::string& key) {
    return ask(url, nullptr, trust, limit, key);
}

base::Result<HttpAnswer> http_post(const std::string& url, const std::string& content_type, const std::string& body,
                                   const edge::TlsTrust& trust, std::chrono::seconds limit, const std::string& key) {
    const Posted posted{content_type, body};
    return ask(url, &posted, trust, limit, key);
}

}  // namespace antiphon::app
