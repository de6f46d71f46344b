#include "engine/model_source_hub.hpp"

#include "engine/file_descriptor.hpp"

#include <curl/curl.h>

#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>

namespace antiphon::engine {
namespace {

constexpr int kMostAttempts = 5;  // as long as each brings something
constexpr const char* kUserAgent = "antiphon";

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

/// One request's answer on its way into the file.
struct Transfer {
    const FileDescriptor& file;
    std::uint64_t wanted;  ///< bytes of the whole file
    std::uint64_t done;    ///< bytes in the file
    const SourceProgress& progress;
    const std::stop_token& stop;

    CURL* handle = nullptr;
    long status = 0;  ///< of the latest response; a redirect's is replaced by what follows
    std::string range{};
    bool body_begun = false;
    std::string fault{};  ///< why the transfer was ended from here
    base::Errc fault_code = base::Errc::invalid;

    bool refuse(std::string why, base::Errc code = base::Errc::invalid) {
        fault = std::move(why);
        fault_code = code;
        return false;
    }

    /// Before the first byte of the body: does the answer continue the file, or begin it again?
    bool begin() {
        body_begun = true;
        if (status == 206) {
            // "bytes 100-999/1000"
            const std::string expected = "bytes " + std::to_string(done) + "-";
            if (range.compare(0, expected.size(), expected) != 0)
                return refuse("the hub sent another range than asked for");
            const std::size_t slash = range.find('/');
            if (slash != std::string::npos && range.substr(slash + 1) != "*" &&
                range.substr(slash + 1) != std::to_string(wanted))
                return refuse("the hub's file has " + range.substr(slash + 1) + " bytes, the catalog says " +
                              std::to_string(wanted));
            return true;
        }
        if (status != 200) return refuse("the hub answered with status " + std::to_string(status));
        if (done > 0 && (::ftruncate(file.get(), 0) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0))
            return refuse("the unfinished download cannot be begun again", base::Errc::unavailable);
        done = 0;
        ::curl_off_t length = -1;
        curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        if (length >= 0 && static_cast<std::uint64_t>(length) != wanted)
            return refuse("the hub's file has " + std::to_string(length) + " bytes, the catalog says " +
                          std::to_string(wanted));
        return true;
    }

    bool take(const char* data, std::size_t count) {
        if (!body_begun && !begin()) return false;
        if (done + count > wanted)
            return refuse("the hub sends more than the catalog's " + std::to_string(wanted) + " bytes");
        if (!file.write(data, count))
            return refuse(std::string("the download cannot be written: ") + std::strerror(errno),
                          base::Errc::unavailable);
        done += count;
        progress(FetchStep::downloading, done, wanted);
        return true;
    }
};

// libcurl's callbacks; the last argument is the Transfer.
extern "C" std::size_t antiphon_hub_body(char* data, std::size_t, std::size_t count, void* transfer) {
    return static_cast<Transfer*>(transfer)->take(data, count) ? count : 0;
}

extern "C" std::size_t antiphon_hub_header(char* data, std::size_t, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    std::string_view line(data, count);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    constexpr std::string_view kRange = "content-range:";
    if (line.starts_with("HTTP/")) {
        const std::size_t space = line.find(' ');
        transfer.status = space == std::string_view::npos ? 0 : std::atol(std::string(line.substr(space)).c_str());
        transfer.range.clear();
    } else if (line.size() > kRange.size() && ::strncasecmp(line.data(), kRange.data(), kRange.size()) == 0) {
        const std::size_t value = line.find_first_not_of(" \t", kRange.size());
        if (value != std::string_view::npos) transfer.range = line.substr(value);
    }
    return count;
}

extern "C" int antiphon_hub_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(transfer)->stop.stop_requested() ? 1 : 0;
}

void prepare(CURL* handle, const std::string& url, const HubModelSource::Options& options, Transfer& transfer) {
    const bool secure = url.starts_with("https:");
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, kUserAgent);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 8L);
    // A redirect never leaves TLS.
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_within.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stalled_after.count()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &antiphon_hub_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &antiphon_hub_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &antiphon_hub_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    if (transfer.done > 0) {
        const std::string range = std::to_string(transfer.done) + "-";
        curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());  // copied by libcurl
    }
}

base::Error answer_error(long status, const std::string& url) {
    if (status == 404 || status == 410) return base::error(base::Errc::not_found, "the hub has no " + url);
    if (status == 401 || status == 403)
        return base::error(base::Errc::unavailable,
                           "the hub does not give " + url + " to everybody (status " + std::to_string(status) + ")");
    return base::error(base::Errc::unavailable, "the hub answered " + url + " with status " + std::to_string(status));
}

}  // namespace

std::string HubModelSource::default_endpoint() {
    const char* set = std::getenv("HF_ENDPOINT");
    std::string endpoint = set != nullptr && *set != '\0' ? set : "https://huggingface.co";
    while (endpoint.ends_with('/')) endpoint.pop_back();
    return endpoint;
}

HubModelSource::HubModelSource(Options options) : options_(std::move(options)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

base::Result<void> HubModelSource::fetch(const Source& source, const std::filesystem::path& part,
                                         const SourceProgress& progress, std::stop_token stop) {
    const auto& hub = std::get<HubSource>(source.from);
    // The catalog lets only characters through that stand for themselves in a URL.
    const std::string url = options_.endpoint + "/" + hub.repository + "/resolve/" + hub.revision + "/" + hub.path;
    if (!unreachable_.empty()) return base::error(base::Errc::unavailable, unreachable_);

    const FileDescriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return base::error(base::Errc::unavailable, system_text("cannot write", part));
    ::off_t there = ::lseek(file.get(), 0, SEEK_END);
    if (there < 0 || static_cast<std::uint64_t>(there) > source.size) {
        if (::ftruncate(file.get(), 0) != 0)
            return base::error(base::Errc::unavailable, system_text("cannot write", part));
        there = ::lseek(file.get(), 0, SEEK_SET);
    }

    Transfer transfer{.file = file,
                      .wanted = source.size,
                      .done = static_cast<std::uint64_t>(there),
                      .progress = progress,
                      .stop = stop};
    std::string why;
    for (int attempt = 0; attempt < kMostAttempts && transfer.done < source.size; ++attempt) {
        const Handle handle(curl_easy_init(), &curl_easy_cleanup);
        if (!handle) return base::error(base::Errc::unavailable, "libcurl cannot start");
        const std::uint64_t before = transfer.done;
        transfer.handle = handle.get();
        transfer.status = 0;
        transfer.body_begun = false;
        prepare(handle.get(), url, options_, transfer);
        const CURLcode code = curl_easy_perform(handle.get());

        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped while downloading " + url);
        const bool answered = transfer.status >= 200 && (transfer.status < 300 || transfer.status >= 400);
        if (!answered) {
            unreachable_ = "the hub at " + options_.endpoint + " cannot be reached (" + curl_easy_strerror(code) + ")";
            return base::error(base::Errc::unavailable, unreachable_);
        }
        if (transfer.status == 416)
            return base::error(base::Errc::invalid, "the hub's " + url + " is shorter than the catalog says");
        if (transfer.status >= 400) return answer_error(transfer.status, url);
        if (!transfer.fault.empty()) return base::error(transfer.fault_code, transfer.fault + " (" + url + ")");
        why = code == CURLE_OK ? "it ended early" : curl_easy_strerror(code);
        if (transfer.done <= before) break;
    }
    if (transfer.done < source.size)
        return base::error(base::Errc::unavailable, "the download of " + url + " broke off: " + why);
    return {};
}

}  // namespace antiphon::engine
