#pragma once

#include <string>

#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::streams {

// What one start of one process is called among the workers of a group: one that comes back is
// another.
std::string worker_name(const StreamConsumerOptions& options);

}  // namespace dynakeep::streams
