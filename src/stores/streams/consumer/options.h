#pragma once

#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::streams {

// invalid_argument, naming the option that is wrong and what it may be.
Result<void> check(const StreamConsumerOptions& options);

}  // namespace dynakeep::streams
