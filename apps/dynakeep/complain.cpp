#include "complain.h"

#include <iostream>

#include "terminal.h"

namespace dynakeep::app {

int complain(ExitCode code, std::string_view what) {
  std::cerr << "dynakeep: " << printable(what) << std::endl;
  return code;
}

int complain(const Error& error) {
  const bool misused = error.code() == ErrorCode::invalid_argument;
  return complain(misused ? exit_misused : exit_failed, error.message());
}

void warn(std::string_view what) {
  std::cerr << "dynakeep: warning: " << printable(what) << std::endl;
}

}  // namespace dynakeep::app
