#include "stores/streams/dead_letter_replay.h"

#include <exception>
#include <span>

namespace dynakeep::streams {

Replayed replay(StreamDeadLetter& letter, const StreamHandler& handler, const Clock& clock) {
  StreamOutcome outcome = StreamOutcome::ok();
  try {
    outcome = handler({.records = std::span(&letter.record, 1),
                       .shard_id = letter.shard_id,
                       .attempt = letter.attempts + 1,
                       .stream_arn = letter.stream_arn,
                       .group = letter.group});
  } catch (const std::exception& thrown) {
    outcome = StreamOutcome::failed(thrown.what());
  } catch (...) {  // whatever a program throws, the letter has failed
    outcome = StreamOutcome::failed("The handler threw");
  }
  if (outcome.kind() == StreamOutcome::Kind::ok) return Replayed::handled;
  if (outcome.kind() == StreamOutcome::Kind::fatal) return Replayed::refused;
  ++letter.attempts;
  letter.last_failure = clock.now();
  letter.error = outcome.why();
  return Replayed::failed;
}

}  // namespace dynakeep::streams
