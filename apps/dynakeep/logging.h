#pragma once

#include <string>

namespace dynakeep::app {

// Has the library's log lines of `level` ("debug" … "error") and above, or none ("off"), written to
// stderr: as `format` "text" or as "json", an object a line.
void start_logging(const std::string& level, const std::string& format);

}  // namespace dynakeep::app
