#include "engine/edge_tts/name_lookup.hpp"

#include <boost/asio/post.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace antiphon::engine::edge_tts {
namespace {

struct Finding {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<base::Result<NameLookup::Addresses>> result;
};

}  // namespace

NameLookup::~NameLookup() {
    thread_.stop();
    thread_.join();
}

base::Result<NameLookup::Addresses> NameLookup::find(const std::string& host, const std::string& port, base::Time until,
                                                     const std::stop_token& stop) {
    auto finding = std::make_shared<Finding>();
    boost::asio::post(thread_, [this, finding, host, port] {
        boost::system::error_code failure;
        auto found = boost::asio::ip::tcp::resolver(thread_).resolve(host, port, failure);
        base::Result<Addresses> result = std::move(found);
        if (failure) result = base::error(base::Errc::engine, "the host " + host + " is not found: " + failure.message());
        const std::lock_guard lock(finding->mutex);
        finding->result = std::move(result);
        finding->changed.notify_all();
    });
    std::unique_lock lock(finding->mutex);
    finding->changed.wait_until(lock, stop, until, [&] { return finding->result.has_value(); });
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "speaking was stopped");
    if (!finding->result) return base::error(base::Errc::engine, "the host " + host + " is not found: no answer in time");
    return std::move(*finding->result);
}

}  // namespace antiphon::engine::edge_tts
