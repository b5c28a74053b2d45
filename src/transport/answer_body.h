#pragma once

#include <cstddef>

#include "dynakeep/result.h"
#include "http/message.h"

namespace dynakeep::transport {

// Makes of a response's body as it came what the server meant: checks it against x-amz-crc32, which
// is of the bytes on the way, gzip and all, and undoes gzip. Content-Encoding is gone then.
//
// unavailable: another checksum, not gzip although it says so, an encoding that nobody asked for,
// or more than `bytes_max` when undone.
Result<void> unpack_body(http::HttpResponse& response, std::size_t bytes_max);

}  // namespace dynakeep::transport
