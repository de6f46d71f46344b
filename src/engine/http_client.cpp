#include "engine/http_client.hpp"

#include <curl/curl.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

namespace antiphon::engine {
namespace {

constexpr std::size_t kMostIdle = 64;
constexpr base::milliseconds kLongestSleep{1'000};

struct FreeAddress {
    void operator()(CURLU* address) const { curl_url_cleanup(address); }
};
struct FreeHeaders {
    void operator()(curl_slist* headers) const { curl_slist_free_all(headers); }
};
using Address = std::unique_ptr<CURLU, FreeAddress>;
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

bool has(CURLU* address, CURLUPart part) {
    char* text = nullptr;
    const bool found = curl_url_get(address, part, &text, 0) == CURLUE_OK && text != nullptr && *text != '\0';
    curl_free(text);
    return found;
}

/// Why the address cannot be used; empty if it can.
std::string fault_of(const std::string& url) {
    if (!url.starts_with("http://") && !url.starts_with("https://"))
        return "it must begin with http:// or https://";
    if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7F; }))
        return "it has white space or control characters in it";
    const Address address(curl_url());
    if (!address || curl_url_set(address.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
        return "it is no address of a server";
    if (has(address.get(), CURLUPART_USER) || has(address.get(), CURLUPART_PASSWORD))
        return "a name or password does not belong into it";
    if (has(address.get(), CURLUPART_QUERY) || has(address.get(), CURLUPART_FRAGMENT))
        return "it must end with the path";
    return {};
}

/// This machine is never asked by way of a proxy, whatever the environment says of the others.
std::string hosts_without_proxy() {
    std::string hosts = "localhost,127.0.0.1,::1";
    for (const char* name : {"no_proxy", "NO_PROXY"})
        if (const char* set = std::getenv(name); set != nullptr && *set != '\0') return std::string(set) + "," + hosts;
    return hosts;
}

/// One exchange under way, as libcurl's callbacks see it.
struct Transfer {
    const HttpClient::Taker& take;
    const std::stop_token& stop;
    HttpHead head{};
    std::optional<base::Error> fault{};
    bool enough = false;
    bool any_bytes = false;

    bool accept(CURL* easy, std::string_view bytes) {
        if (stop.stop_requested()) return false;
        if (!any_bytes) {
            read_head(easy);
            any_bytes = true;
        }
        try {
            auto more = take(head, bytes);
            if (!more) fault = more.error();
            else if (!*more) enough = true;
        } catch (const std::exception& failure) {
            fault = base::error(base::Errc::engine, std::string("an answer could not be taken: ") + failure.what());
        }
        return !fault && !enough;
    }

    void read_head(CURL* easy) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        head.status = static_cast<int>(status);
        char* type = nullptr;
        curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        head.content_type = type != nullptr ? type : "";
    }
};

struct Context {
    CURL* easy;
    Transfer& transfer;
};

extern "C" std::size_t antiphon_http_body(char* data, std::size_t, std::size_t count, void* context) {
    auto& of = *static_cast<Context*>(context);
    return of.transfer.accept(of.easy, {data, count}) ? count : CURL_WRITEFUNC_ERROR;
}

// The socket of a line's connection is known to the line while it is open.
extern "C" int antiphon_http_opened(void* line_socket, curl_socket_t socket, curlsocktype) {
    *static_cast<curl_socket_t*>(line_socket) = socket;
    return CURL_SOCKOPT_OK;
}

extern "C" int antiphon_http_closed(void* line_socket, curl_socket_t socket) {
    auto& known = *static_cast<curl_socket_t*>(line_socket);
    if (known == socket) known = CURL_SOCKET_BAD;
    return ::close(socket);
}

/// Acknowledges at once what has come. A server that sends its words in small pieces without TCP_NODELAY holds back
/// each until the one before is acknowledged, which would else take 40 ms. The kernel forgets this wish; so it is
/// said again after each reading.
void acknowledge(curl_socket_t socket) {
    const int yes = 1;
    if (socket != CURL_SOCKET_BAD) ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

std::string reason_of(CURL* easy, CURLcode code, bool any_bytes) {
    long failure = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &failure);
    std::string reason = curl_easy_strerror(code);
    if (code == CURLE_COULDNT_CONNECT && failure != 0) reason = std::strerror(static_cast<int>(failure));
    return (any_bytes ? " broke off its answer (" : " cannot be reached (") + reason + ")";
}

}  // namespace

/// A connection to be, with what libcurl keeps for it. Used by one thread at a time.
struct HttpClient::Line {
    CURLM* multi = curl_multi_init();
    CURL* easy = curl_easy_init();
    curl_socket_t socket = CURL_SOCKET_BAD;

    Line() = default;
    ~Line() {
        curl_easy_cleanup(easy);
        curl_multi_cleanup(multi);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
};

HttpClient::HttpClient(Settings settings)
    : settings_(std::move(settings)),
      name_(settings_.server + " at " + settings_.base_url),
      without_proxy_(hosts_without_proxy()) {}

HttpClient::~HttpClient() = default;

base::Result<std::unique_ptr<HttpClient>> HttpClient::open(Settings settings) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    while (settings.base_url.ends_with('/')) settings.base_url.pop_back();
    if (const auto fault = fault_of(settings.base_url); !fault.empty())
        return base::error(base::Errc::invalid,
                           "the address \"" + settings.base_url + "\" of " + settings.server + " cannot be used: " + fault);
    if (std::any_of(settings.key.begin(), settings.key.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7F; }))
        return base::error(base::Errc::invalid, "the key of " + settings.server + " has characters in it that no key has");
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(settings)));
}

std::unique_ptr<HttpClient::Line> HttpClient::take_line() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto line = std::move(idle_.back());
            idle_.pop_back();
            return line;
        }
    }
    return std::make_unique<Line>();
}

void HttpClient::give_back(std::unique_ptr<Line> line) {
    curl_easy_reset(line->easy);
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(line));
}

base::Result<HttpHead> HttpClient::exchange(const HttpRequest& request, const Taker& take, const DeadlineNow& deadline,
                                            std::stop_token stop) {
    const auto stopped = [] { return base::error(base::Errc::cancelled, "the question was taken back"); };
    if (stop.stop_requested()) return stopped();
    auto line = take_line();
    CURL* easy = line->easy;
    CURLM* multi = line->multi;
    if (easy == nullptr || multi == nullptr) return base::error(base::Errc::unavailable, "libcurl cannot start");

    Transfer transfer{take, stop};
    Context context{easy, transfer};
    Headers headers(curl_slist_append(nullptr, "Expect:"));
    const auto add = [&](const std::string& header) { curl_slist_append(headers.get(), header.c_str()); };
    if (!settings_.key.empty()) add("Authorization: Bearer " + settings_.key);
    if (!request.body.empty()) add("Content-Type: application/json");
    const std::string url = settings_.base_url + request.path;
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "antiphon");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server either
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOPROXY, without_proxy_.c_str());
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &antiphon_http_opened);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, &line->socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &antiphon_http_closed);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &line->socket);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_within.count()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &antiphon_http_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &context);
    if (!request.body.empty()) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    }

    CURLcode code = CURLE_OK;
    std::string late;
    curl_multi_add_handle(multi, easy);
    {
        const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
        for (bool over = false; !over;) {
            int running = 0;
            const CURLMcode moved = curl_multi_perform(multi, &running);
            if (moved != CURLM_OK) {
                code = CURLE_FAILED_INIT;
                break;
            }
            acknowledge(line->socket);
            int more = 0;
            while (const CURLMsg* message = curl_multi_info_read(multi, &more))
                if (message->msg == CURLMSG_DONE) {
                    code = message->data.result;
                    over = true;
                }
            if (over || stop.stop_requested()) break;
            const Deadline limit = deadline();
            const auto now = base::Clock::now();
            if (now >= limit.at) {
                late = limit.missing;
                break;
            }
            const auto left = std::chrono::ceil<base::milliseconds>(limit.at - now);
            curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::min(left, kLongestSleep).count()), nullptr);
        }
    }
    if (!transfer.any_bytes) transfer.read_head(easy);
    std::string reason = code == CURLE_OK ? "" : reason_of(easy, code, transfer.any_bytes);
    curl_multi_remove_handle(multi, easy);  // closes the connection unless the answer was read to its end
    give_back(std::move(line));

    if (stop.stop_requested()) return stopped();
    if (transfer.fault) return *std::move(transfer.fault);
    if (transfer.enough) return transfer.head;
    if (!late.empty()) return base::error(base::Errc::unavailable, name_ + " " + late);
    if (code != CURLE_OK) return base::error(base::Errc::unavailable, name_ + reason);
    return transfer.head;
}

}  // namespace antiphon::engine
