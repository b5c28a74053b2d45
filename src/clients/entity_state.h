#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/versions.h"

namespace dynakeep::clients {

// A state as an entity tag: "1561561561000" in its quotes, "1561561561000.d" when deleted.
std::string tag_of_state(const StateTag& state);
// Nothing for any other tag, and for weak ones, which identify no state.
std::optional<StateTag> state_of_tag(std::string_view field);

}  // namespace dynakeep::clients
