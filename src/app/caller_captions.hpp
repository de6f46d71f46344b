// The captions of both sides on the terminal, word by word as they come.
//
// strand: one owner writes to the stream. Text of the other side begins a new line.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace antiphon::app {

class CallerCaptions {
public:
    explicit CallerCaptions(std::ostream& out) : out_(out) {}

    /// Goes on with the speaker's line, for example ("antiphon", " how are you?").
    void grow(std::string_view speaker, std::string_view text);
    /// A whole line.
    void line(std::string_view speaker, std::string_view text);
    /// The next text begins a new line.
    void end_line();

private:
    std::ostream& out_;
    std::string speaker_;  ///< of the line that is open; empty: none is
};

}  // namespace antiphon::app
