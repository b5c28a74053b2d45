#pragma once

#include <initializer_list>
#include <string_view>

#include "dynakeep/log.h"

namespace dynakeep::base {

// Whether such a line would go anywhere: ask before making up costly fields.
bool is_logged(LogLevel level);

// log(LogLevel::info, "table created", {{"table", name}, {"indexes", std::to_string(count)}});
// Thread-safe. The message never varies, so that it can be searched for.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace dynakeep::base
