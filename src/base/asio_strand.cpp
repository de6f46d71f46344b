#include "base/asio_strand.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>

namespace antiphon::base {

AsioStrand::AsioStrand(const boost::asio::any_io_executor& io) : strand_(boost::asio::make_strand(io)) {}

void AsioStrand::post(Task task) { boost::asio::post(strand_, std::move(task)); }

void AsioStrand::post_at(Time when, Task task) {
    auto timer = std::make_shared<boost::asio::steady_timer>(strand_, when);
    timer->async_wait([timer, run = std::move(task)](const boost::system::error_code& failure) {
        if (!failure) run();
    });
}

}  // namespace antiphon::base
