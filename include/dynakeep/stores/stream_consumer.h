#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/stream_checkpoints.h"
#include "dynakeep/stores/stream_progress.h"

// A DynamoDB stream that is read by itself, and goes on where it was after any crash.
namespace dynakeep {

// Records of one shard and one lane, in order.
struct StreamBatch {
  std::span<const ChangeRecord> records = {};
  std::string_view shard_id = {};
  unsigned attempt = 1;  // of its first record
};

// What a handler made of a batch.
class StreamOutcome {
 public:
  enum class Kind : std::uint8_t { ok, failed, failed_at, fatal };

  static StreamOutcome ok() { return StreamOutcome(Kind::ok, {}, {}); }
  // Of the whole batch: it comes again.
  static StreamOutcome failed(std::string why) {
    return StreamOutcome(Kind::failed, {}, std::move(why));
  }
  // Those before that number are done; it comes again, with those behind it. A number that is not
  // in the batch fails it whole.
  static StreamOutcome failed_at(std::string sequence_number, std::string why) {
    return StreamOutcome(Kind::failed_at, std::move(sequence_number), std::move(why));
  }
  // The consumer stops; nothing of the batch is done.
  static StreamOutcome fatal(std::string why) {
    return StreamOutcome(Kind::fatal, {}, std::move(why));
  }

  Kind kind() const { return kind_; }
  const std::string& sequence_number() const { return sequence_number_; }
  const std::string& why() const { return why_; }

 private:
  StreamOutcome(Kind kind, std::string sequence_number, std::string why)
      : kind_(kind), sequence_number_(std::move(sequence_number)), why_(std::move(why)) {}

  Kind kind_;
  std::string sequence_number_;
  std::string why_;
};

// Called from the threads of run(), or by step(): for one lane of a shard at a time, for several at
// once. Its return is what acknowledges. An exception is a failure of the batch.
using StreamHandler = std::function<StreamOutcome(const StreamBatch&)>;

// A record that the handler failed on too often.
struct StreamDeadLetter {
  std::string stream_arn = {};
  std::string group = {};
  std::string shard_id = {};
  ChangeRecord record = {};
  unsigned attempts = 0;
  Time first_failure = {};
  Time last_failure = {};
  std::string error = {};
};

// When a record counts as poison, and what becomes of it.
struct StreamRetry {
  enum class OnPoison : std::uint8_t {
    block,        // goes on trying, every half minute; only its lane waits
    dead_letter,  // hands it to StreamConsumerOptions::dead_letter, and goes on once that took it
    skip,         // goes on without
    stop,         // the consumer stops
  };
  std::optional<unsigned> attempts_max = {};         // deliveries that may fail
  std::optional<std::chrono::seconds> age_max = {};  // of a record when its delivery fails
  // A batch that fails comes again as its first half, then its second, and so on, which finds the
  // one bad record. Halving is no attempt. Off, poison in a batch is all of it, unless the handler
  // named the record.
  bool bisect = false;
  OnPoison on_poison = OnPoison::block;
};

enum class StreamGapAnswer : std::uint8_t { go_on, stop };

struct StreamConsumerOptions {
  std::string stream_arn = {};
  std::string group = {};  // whose checkpoints
  // Where to begin where there is no checkpoint: trim_horizon or latest; positions, with `shards`;
  // or timestamp, with `time`.
  StreamStart::Kind from = StreamStart::Kind::trim_horizon;
  std::map<std::string, StreamPosition> shards = {};
  std::optional<Time> time = {};

  // The records that are wanted; the others count as handled. Empty: all.
  std::function<bool(const ChangeRecord&)> filter = {};
  std::size_t batch_records = 100;  // 1 to 10,000
  // By how many at once the records of a shard are handled, spread by their whole key: the changes
  // of one item stay in order. 1 to 1,000.
  std::size_t lanes = 1;
  // Records of a shard that wait for the handler: it is read on while there are fewer.
  std::size_t buffer_records = 1000;
  StreamRetry retry = {};

  // Keeps a dead letter. A failure: the record comes again. Called like the handler.
  std::function<Result<void>(const StreamDeadLetter&)> dead_letter = {};
  // Told of a gap, which is durable by then, before any record behind it. Must not call the
  // consumer. Left empty, it goes on; the figures count it.
  std::function<StreamGapAnswer(const StreamGap&)> on_gap = {};

  std::chrono::milliseconds checkpoint_interval{1000};
  std::size_t checkpoint_records = 1000;  // or after so many
  std::chrono::milliseconds discovery_interval{60'000};
  std::chrono::milliseconds busy_poll{250};  // after a page that was not full
  std::chrono::milliseconds idle_poll_max{1000};
  std::size_t threads = 2;  // of run(); 1 to 256

  const Clock* clock = &system_clock();
  // Time that only grows, and chance; empty: the machine's. Called from any thread.
  std::function<std::chrono::steady_clock::time_point()> now = {};
  std::function<std::uint64_t()> random = {};
};

struct StreamShardFigures {
  std::string shard_id = {};
  std::size_t waiting = 0;  // records read and not handled
  // How old the oldest record is that is not handled; 0: all was read and handled.
  std::chrono::milliseconds lag{0};
  // Since its server last answered, or it was opened.
  std::chrono::milliseconds silent{0};
  bool is_at_tip = false;  // all there was is read and handled
};

// Since the consumer was opened.
struct StreamFigures {
  std::uint64_t read = 0;
  std::uint64_t handled = 0;  // acknowledged by the handler
  std::uint64_t filtered = 0;
  std::uint64_t duplicates = 0;  // given twice by the server, handled once
  std::uint64_t failures = 0;    // deliveries that failed
  std::uint64_t dead_letters = 0;
  std::uint64_t skipped = 0;
  std::uint64_t gaps = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t errors = 0;  // calls to the database that failed, and were or will be repeated
  std::uint64_t checkpoint_errors = 0;
  std::optional<std::string> last_error = {};
  std::chrono::milliseconds lag{0};             // of the shard that has most
  std::vector<StreamShardFigures> shards = {};  // those being read
};

// Reads a stream and hands its records to a handler.
//
// - At least once: every record from the start position on is handled, or filtered, dead-lettered,
//   skipped or in a gap that is reported. There is no fifth way.
// - In order: the first deliveries of one item's changes are in the order of the changes, through
//   rolls, splits and restarts. What comes again begins at the first record not acknowledged.
// - A shard's children are begun when all its records are handled and that is durable.
// - After a crash it goes on from the last checkpoint; at most what was handled since comes again.
// - Faults of the server and of the checkpoints are outwaited: tried again after a random time
// below
//   a bound that doubles from 100 ms to 20 s (for a handler that fails, to 30 s), of each shard by
//   itself.
//
// One consumer of a group and stream at a time; its checkpoints see to it as far as they can.
// Thread-safe, but for what is said of step() and run().
class StreamConsumer {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `database` and `checkpoints` must outlive it. invalid_argument, naming the option.
  static Result<std::unique_ptr<StreamConsumer>> open(Database& database,
                                                      StreamCheckpoints& checkpoints,
                                                      StreamConsumerOptions options,
                                                      StreamHandler handler);
  ~StreamConsumer();
  StreamConsumer(const StreamConsumer&) = delete;
  StreamConsumer& operator=(const StreamConsumer&) = delete;

  // Decides where to begin, or goes on from the checkpoint; once. Beginning at the tip, every
  // change answered after the return is delivered. Errors as DescribeStream and the checkpoints:
  // call it again, or give up.
  Result<void> start();

  // start(), if it was not, and then reads until told to stop, the stream ends (it is switched off
  // and all is handled), the handler or an option has it stop, or start() fails. What is being
  // handled is waited for, and the last checkpoint written. Not to be mixed with step().
  Result<void> run(std::stop_token stop);

  // One piece of work on this thread, for programs with a loop of their own. Returns when there is
  // more to do: now or earlier means at once; none: the stream has ended. An error: the consumer
  // has stopped, and says why again each time.
  Result<std::optional<Moment>> step();
  // Writes what was handled.
  Result<void> checkpoint();

  StreamFigures figures() const;

 private:
  class Reading;

  explicit StreamConsumer(std::unique_ptr<Reading> reading);

  std::unique_ptr<Reading> reading_;
};

}  // namespace dynakeep
