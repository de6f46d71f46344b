#include "app/settings.hpp"

namespace antiphon::app {

Settings::Settings() {
    session.model = "antiphon";
    session.instructions =
        "You are a friendly assistant in a phone call. Answer in one or two short sentences of plain spoken "
        "language, without lists, markup or emoji.";
}

}  // namespace antiphon::app
