#pragma once

#include <string_view>

namespace dynakeep::event_store {

bool is_utf8(std::string_view text);

}  // namespace dynakeep::event_store
