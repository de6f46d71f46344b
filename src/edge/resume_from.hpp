// Up to where a client has received what its earlier channel was sent.
//
// pure.
#pragma once

#include <cstddef>
#include <string>

namespace antiphon::edge {

struct ResumeFrom {
    std::string last_event_id;     ///< empty: nothing
    std::size_t after_binary = 0;  ///< binary messages received after that event
};

}  // namespace antiphon::edge
