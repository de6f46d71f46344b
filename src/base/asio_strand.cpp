#include "base/asio_strand.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <utility>

namespace antiphon::base {

AsioStrand::AsioStrand(const boost::asio::any_io_executor& io) : executor_(boost::asio::make_strand(io)) {}

AsioStrand::AsioStrand(OneThread thread) : executor_(thread.loop.get_executor()) {}

void AsioStrand::post(Task task) { boost::asio::post(executor_, std::move(task)); }

void AsioStrand::post_at(Time when, Task task) {
    if (when <= now()) return post(std::move(task));
    // To the next whole millisecond: the frames of many calls then go out together, and the process wakes up once for
    // all of them instead of once for each.
    const Time whole{std::chrono::ceil<milliseconds>(when.time_since_epoch())};
    auto timer = std::make_shared<boost::asio::steady_timer>(executor_, whole);
    timer->async_wait([timer, run = std::move(task)](const boost::system::error_code& failure) {
        if (!failure) run();
    });
}

}  // namespace antiphon::base
