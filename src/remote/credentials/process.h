#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/result.h"

namespace dynakeep::remote {

// The words of a command, as a POSIX shell splits them, and nothing else of a shell: blanks between
// words, 'text' and "text" (in which \ stands before " and \), \ before any other character. No
// variables, no ~, no redirection. invalid_argument: no word, or a quote that is not closed.
Result<std::vector<std::string>> split_command(std::string_view command);

constexpr auto process_timeout = std::chrono::seconds(60);
constexpr std::size_t process_output_bytes_max = std::size_t{128} << 10;

// Runs the command of a profile (credential_process), directly and not by a shell, and reads the
// credentials that it prints as JSON ("Process credential provider", AWS SDKs and Tools Reference
// Guide): Version 1, AccessKeyId, SecretAccessKey, and for temporary ones SessionToken and
// Expiration. It has no input, and of our open files none. `source` is whom errors blame.
//
// invalid_argument: it is no command, or cannot be started. access_denied: it failed, with the
// first line that it wrote to its standard error, or its credentials have expired. timed_out: it
// took longer than `timeout`, and was killed with all that it started in its process group.
// unavailable: it printed something else, or more than process_output_bytes_max.
Result<Credentials> ask_process(std::string_view command, std::string_view source, Time now,
                                std::chrono::milliseconds timeout = process_timeout);

}  // namespace dynakeep::remote
