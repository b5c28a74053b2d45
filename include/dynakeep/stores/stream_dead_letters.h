#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/stream_consumer.h"

// Records that a handler failed on too often, kept to be looked at and handled again.
//
//   auto letters = TRY(open_stream_dead_letter_file({.path = "orders.dlq"}));
//   options.retry = {.attempts_max = 5, .bisect = true,
//                    .on_poison = StreamRetry::OnPoison::dead_letter};
//   options.dead_letter = [&](const StreamDeadLetter& letter) { return letters->add(letter); };
namespace dynakeep {

// One line of JSON, without a line feed:
// {"stream_arn":…,"shard_id":…,"sequence_number":…,"event_id":…,"attempts":5,
//  "first_failure_ms":…,"last_failure_ms":…,"error":"…","group":…,"record":{… as on the wire}}
// Of the error's text, 16 KiB are kept; bytes in it that are not UTF-8 become "?".
std::string to_json(const StreamDeadLetter& letter);
// serialization, validation: it is none. Members it does not know are passed over.
Result<StreamDeadLetter> dead_letter_from_json(std::string_view json);

struct StreamLetterFigures {
  std::size_t letters = 0;  // that were read
  // Texts that are no letters: what a crash left of one that was not acknowledged, or damage. They
  // stay where they are.
  std::size_t damaged = 0;
};

struct StreamReplayOptions {
  // Which letters; the others stay. Empty: all.
  std::function<bool(const StreamDeadLetter&)> only = {};
  std::stop_token stop = {};               // ends the replay after the letter at hand
  std::function<void()> on_progress = {};  // after each letter
  const Clock* clock = &system_clock();
};

struct StreamReplayFigures {
  std::size_t handled = 0;  // and gone
  std::size_t failed = 0;   // and kept, with one more attempt
  std::size_t damaged = 0;
  bool was_stopped = false;  // by the handler (fatal) or by the options: there may be more
};

// Where dead letters are kept. Thread-safe, and other processes may add and replay at the same
// time.
//
// A record has one letter, even if a crash had it come here twice. That letters are replayed in the
// order of the changes of each item does not make up for what was handled since: what a handler
// does with an old change is its own affair.
class StreamDeadLetters {
 public:
  virtual ~StreamDeadLetters() = default;
  StreamDeadLetters(const StreamDeadLetters&) = delete;
  StreamDeadLetters& operator=(const StreamDeadLetters&) = delete;

  // Durable when it returns. After an error it may or may not be there; add it again.
  virtual Result<void> add(const StreamDeadLetter& letter) = 0;

  // In the order they came, until `visit` returns false.
  virtual Result<StreamLetterFigures> for_each(
      const std::function<bool(const StreamDeadLetter&)>& visit) = 0;

  // Hands each letter that there is now to the handler, as a batch of one record: what it handles
  // is removed, what it fails on stays. After a crash, some that were handled are still there. An
  // error means the same: what could not be removed comes again with the next replay.
  virtual Result<StreamReplayFigures> replay(const StreamHandler& handler,
                                             const StreamReplayOptions& options = {}) = 0;

 protected:
  StreamDeadLetters() = default;
};

struct StreamDeadLetterFileOptions {
  std::string path = {};
};

// A file with a letter a line. A letter is synced before add() returns. A last line that a crash
// cut off counts for nothing, and is ended before the next one is written. A replay writes the file
// anew and renames it; path.lock is held while it does, and by add().
//
// Refused: invalid_argument where the file cannot be opened; serialization where a line is longer
// than 64 MiB. internal_server_error: the disk.
Result<std::unique_ptr<StreamDeadLetters>> open_stream_dead_letter_file(
    StreamDeadLetterFileOptions options);

struct StreamDeadLetterTableOptions {
  std::string table_name = {};
  bool create_if_missing = true;  // billed by request
};

// A table of the keys pk and sk, both strings, which may hold other things as well, checkpoints for
// one. A letter is an item:
//   pk      "<group>#<stream ARN>#letters"
//   sk      "<sequence number, with zeros to 40 digits>#<shard id>"
//   letter  its JSON
// What is longer than 300 KiB has its other parts in items of their own, which `parts` names.
//
// `database` must outlive it. invalid_argument: the table has another key; resource_not_found:
// there is none. for_each() and replay() scan it: by stream, and in each in order.
Result<std::unique_ptr<StreamDeadLetters>> open_stream_dead_letter_table(
    Database& database, StreamDeadLetterTableOptions options);

}  // namespace dynakeep
