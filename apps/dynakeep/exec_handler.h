#pragma once

#include <string>

#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::app {

// Hands each batch to a command: its records as lines of JSON on standard input (change_json). Exit
// code 0 acknowledges; else the batch has failed, of which a line on stderr tells. The command
// finds DYNAKEEP_STREAM_ARN, DYNAKEEP_GROUP, DYNAKEEP_SHARD_ID and DYNAKEEP_ATTEMPT in its
// environment.
StreamHandler exec_handler(std::string command);

}  // namespace dynakeep::app
