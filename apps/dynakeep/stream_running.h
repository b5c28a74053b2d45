#pragma once

#include <functional>
#include <string>

#include "dynakeep/stores/stream_consumer.h"
#include "stop_signals.h"

namespace dynakeep::app {

// How a subcommand reads a stream, beside what the consumer's options say.
struct StreamRunning {
  bool until_tip = false;     // ends once all there is was read and handled
  bool stops_at_gap = false;  // with exit_gap; else a gap is told of on stderr
  std::string progress = {};  // "records handled"; empty: none is shown
};

// Has the consumer tell on stderr what a person should know: gaps, a server that does not answer,
// records that are about to be lost; and stop at a gap where it should.
void tell_of_events(StreamConsumerOptions& options, const StreamRunning& running);

// Reads until a signal comes, the stream ends or an option has it stop. Returns the code for the
// program to end with, after a line on stderr about what went wrong.
int run_stream(StreamConsumer& consumer, const StreamRunning& running, StopSignals& signals);

}  // namespace dynakeep::app
