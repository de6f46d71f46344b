#include "engine/remote_server.hpp"

#include "base/utf8.hpp"
#include "engine/line_reader.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace antiphon::engine {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestFailure = 64 * 1024;  // bytes of the body of an answer that is no success
constexpr std::size_t kLongestTold = 200;
constexpr base::milliseconds kForTheRest{20};  // after the answer's end: what lets the connection be kept

bool success(const HttpHead& head) { return head.status >= 200 && head.status < 300; }

std::string message_in(const std::string& body) {
    boost::system::error_code failure;
    const json::value value = json::parse(base::to_utf8(body), failure);
    const json::object* object = failure ? nullptr : value.if_object();
    const json::value* error = object != nullptr ? object->if_contains("error") : nullptr;
    if (error != nullptr && error->is_object()) error = error->get_object().if_contains("message");
    if (error == nullptr && object != nullptr) error = object->if_contains("message");
    return error != nullptr && error->is_string() ? std::string(error->get_string()) : body;
}

}  // namespace

std::string in_words(base::milliseconds duration) {
    const auto count = duration.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

std::string told_by_server(const std::string& body) {
    std::string told = base::to_utf8(message_in(body));
    std::replace_if(told.begin(), told.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    if (told.size() > kLongestTold) {
        const std::string_view begin = std::string_view(told).substr(0, kLongestTold);
        told = std::string(begin.substr(0, base::whole_characters(begin))) + "...";
    }
    return std::string(base::trimmed(told));
}

base::Result<std::unique_ptr<RemoteServer>> RemoteServer::open(HttpClient::Settings settings,
                                                               const RemoteLimits& limits) {
    settings.connect_within = limits.connect;
    auto client = HttpClient::open(std::move(settings));
    if (!client) return client.error();
    return std::unique_ptr<RemoteServer>(new RemoteServer(*std::move(client), limits));
}

base::Error RemoteServer::failure_of(const HttpHead& head, const std::string& body) const {
    using base::Errc;
    const int status = head.status;
    if (status == 401 || status == 403)
        return base::error(Errc::unavailable, name() + " refuses the key (status " + std::to_string(status) + ")");
    const Errc code = status == 404                                      ? Errc::not_found
                      : status == 429                                    ? Errc::overloaded
                      : status == 502 || status == 503 || status == 504  ? Errc::unavailable
                      : status >= 400 && status < 500                    ? Errc::unsupported
                                                                         : Errc::engine;
    const bool page = head.content_type.starts_with("text/html");
    const std::string told = page ? "a page of HTML" : told_by_server(body);
    return base::error(code, name() + " answered with status " + std::to_string(status) +
                                 (told.empty() ? "" : ": " + told));
}

base::Result<std::string> RemoteServer::fetch(const HttpRequest& request, base::milliseconds within,
                                              std::stop_token stop) {
    std::string body;
    bool too_long = false;
    const auto take = [&](const HttpHead& head, std::string_view bytes) -> base::Result<bool> {
        too_long = body.size() + bytes.size() > (success(head) ? limits_.body : kLongestFailure);
        if (!too_long) body += bytes;
        return !too_long;
    };
    const HttpClient::Deadline limit{base::Clock::now() + within, "did not answer within " + in_words(within)};
    const auto head = client_->exchange(request, take, [&] { return limit; }, std::move(stop));
    if (!head) return head.error();
    if (!success(*head)) return failure_of(*head, body);
    if (too_long)
        return base::error(base::Errc::engine, name() + " sends more than " + std::to_string(limits_.body) + " bytes");
    return body;
}

base::Result<void> RemoteServer::stream(const HttpRequest& request, const LineTaker& take, std::stop_token stop) {
    const base::Time began = base::Clock::now();
    const HttpClient::Deadline whole{began + limits_.whole,
                                     "did not end its answer within " + in_words(limits_.whole)};
    HttpClient::Deadline limit{began + limits_.first_token,
                               "gave no first word within " + in_words(limits_.first_token)};
    bool begun = false;
    bool ended = false;
    std::size_t received = 0;
    std::string failed_body;
    LineReader lines(limits_.line);

    const auto take_line = [&](std::string_view line) -> base::Result<bool> {
        const bool sound = base::is_utf8(line);
        auto meaning = sound ? take(line) : take(base::to_utf8(line));
        if (!meaning) return meaning.error();
        begun = begun || *meaning == LineMeaning::token;
        ended = *meaning == LineMeaning::end;
        const base::Time now = base::Clock::now();
        if (ended) limit = {now + kForTheRest, ""};
        else if (begun && *meaning != LineMeaning::nothing)
            limit = {now + limits_.stall, "stopped in the middle of its answer for " + in_words(limits_.stall)};
        return !ended;
    };
    const auto take_bytes = [&](const HttpHead& head, std::string_view bytes) -> base::Result<bool> {
        if (ended) return true;  // only the end of the body is waited for
        if (!success(head)) {
            failed_body += bytes.substr(0, kLongestFailure - failed_body.size());
            return failed_body.size() < kLongestFailure;
        }
        if (head.content_type.starts_with("text/html"))
            return base::error(base::Errc::engine, name() + " answered with a page of HTML");
        received += bytes.size();
        if (received > limits_.answer)
            return base::error(base::Errc::engine,
                               name() + " sends an answer of more than " + std::to_string(limits_.answer) + " bytes");
        auto more = lines.push(bytes, take_line);
        if (!more) return more.error();
        return true;
    };
    const auto head = client_->exchange(
        request, take_bytes, [&] { return limit.at < whole.at ? limit : whole; }, stop);
    if (ended && (head || head.error().code == base::Errc::unavailable)) return {};  // nothing of it is missing
    if (!head) {
        base::Error failure = head.error();
        if (failure.text.find(name()) == std::string::npos) failure.text = name() + ": " + failure.text;
        return failure;
    }
    if (!success(*head)) return failure_of(*head, failed_body);
    if (auto last = lines.finish(take_line); !last) return last.error();
    if (!ended)
        return base::error(base::Errc::unavailable, name() + " broke off its answer: it ended in the middle");
    return {};
}

}  // namespace antiphon::engine
