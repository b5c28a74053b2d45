#pragma once

#include <array>
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

// Records of one shard and one lane, in order, and what stands around them.
struct StreamBatch {
  std::span<const ChangeRecord> records = {};
  std::string_view shard_id = {};
  unsigned attempt = 1;  // of its first record
  std::string_view stream_arn = {};
  std::string_view group = {};
  std::string_view worker = {};  // who this consumer is among those of the group
  // Grows whenever the shard gets another worker: a sink that keeps it can refuse the older one,
  // who may still be at it when the newer one begins. 0 where checkpoints are not shared.
  std::uint64_t lease_epoch = 0;
  std::chrono::milliseconds lag{0};  // how old the first record is
  // Asked to stop: the consumer was told to, or the shard is, or may be, another worker's by now.
  std::stop_token stop = {};
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

// What happened, for logs and for people. No data of items is in it.
struct StreamEvent {
  enum class Kind : std::uint8_t {
    shard_discovered,
    shard_started,    // this consumer reads it from now on
    shard_ended,      // all of it was read
    shard_completed,  // and handled, which is durable
    lineage_ended,    // and nothing will follow it: the stream is switched off
    stream_ended,
    lease_taken,
    lease_lost,  // another worker has it, or gets it
    checkpoint_written,
    checkpoint_fallback,  // what there was is damaged, and it goes on from one before: some comes
                          // again
    gap,
    retention_risk,  // the oldest record not handled is about to be trimmed
    poison,
    dead_lettered,
    slow_handler,
    checkpoint_awaited,  // of manual checkpoints: a shard has ended, and its last is missing
    degraded,            // a shard's calls have failed for a minute; again each minute
    recovered,
    duplicate_dropped,
  };
  Kind kind = Kind::shard_discovered;
  std::string shard_id = {};  // empty: it is of the stream
  std::string text = {};      // more about it, for a person
};

std::string_view to_text(StreamEvent::Kind kind);

// Whether stop() hands out what was read.
enum class StreamDrain : std::uint8_t { no, yes };

// Where rewind() goes back to, as the members of the same names of StreamConsumerOptions.
struct StreamRewind {
  StreamStart::Kind from = StreamStart::Kind::trim_horizon;
  std::map<std::string, StreamPosition> shards = {};
  std::optional<Time> time = {};
  std::string position = {};
  bool force = false;  // takes the shards from other workers
};

struct StreamConsumerOptions {
  // One of the two. By its table's name, a stream that was switched off is read to its end, and
  // then the one that takes its place from its oldest record, with a gap: changes between the two
  // are in neither.
  std::string stream_arn = {};
  std::string table_name = {};
  bool wait_for_stream = false;  // of a table that has none; else that is an error
  std::string group = {};        // whose checkpoints
  // Where to begin where there is no checkpoint: trim_horizon or latest; positions, with `shards`;
  // timestamp, with `time`; or after_position, with `position`.
  StreamStart::Kind from = StreamStart::Kind::trim_horizon;
  std::map<std::string, StreamPosition> shards = {};
  std::optional<Time> time = {};
  std::string position = {};

  // Where checkpoints are shared (open_stream_checkpoint_table): part of what this consumer is
  // called among the workers of its group; and after how long without a sign of it others take its
  // shards. All of a group should have the same failover. 1 s to an hour.
  std::string worker = {};
  std::chrono::milliseconds failover{10'000};
  std::size_t leases_taken_max = 10;  // at once, so that those who start together share

  // The records that are wanted; the others count as handled. Empty: all.
  std::function<bool(const ChangeRecord&)> filter = {};
  std::size_t batch_records = 100;                 // 1 to 10,000
  std::size_t batch_bytes = std::size_t{6} << 20;  // of records as their sizes say; at least one
  // How long a batch that is not full waits for more, from its first record on; up to 300 s.
  std::chrono::milliseconds batch_window{0};
  // By how many at once the records of a shard are handled, spread by their whole key: the changes
  // of one item stay in order. 1 to 1,000.
  std::size_t lanes = 1;
  // Records of a shard that wait for the handler: it is read on while there are fewer.
  // Half of it free, a page is asked for, of 1,000 records at most: with 2,000 or more, pages are
  // as long as the server makes them.
  std::size_t buffer_records = 2000;
  std::size_t buffer_bytes = std::size_t{64} << 20;  // of all shards, as record sizes say
  StreamRetry retry = {};

  // Keeps a dead letter. A failure: the record comes again. Called like the handler.
  std::function<Result<void>(const StreamDeadLetter&)> dead_letter = {};
  // Told of a gap, which is durable by then, before any record behind it. Must not call the
  // consumer. Left empty, it goes on; the figures count it.
  //
  // What was lost can be had from the table (a resync): read it within this call, with consistent
  // reads, and answer go_on. What is read is what the records behind the gap go on from: of those
  // that come some are older than what was read, and the last of each item is not.
  std::function<StreamGapAnswer(const StreamGap&)> on_gap = {};

  // Told of what happens, in order. Called by one thread at a time, with nothing held.
  std::function<void(const StreamEvent&)> on_event = {};

  std::chrono::milliseconds checkpoint_interval{1000};
  std::size_t checkpoint_records = 1000;  // or after so many of a shard
  // Nothing is kept but by checkpoint(shard, number). A shard whose last record was handled ends
  // once that is kept.
  bool manual_checkpoints = false;
  // Records of a shard that are handled while their checkpoint cannot be written; then it waits.
  std::size_t unpersisted_records = 100'000;
  std::chrono::milliseconds discovery_interval{60'000};
  std::chrono::milliseconds busy_poll{250};  // after a page that was not full
  std::chrono::milliseconds idle_poll_max{1000};
  std::chrono::milliseconds catch_up_lag{60'000};  // older than this, it polls three times as often
  // Of GetRecords a second for a shard, and of DescribeStream by all consumers of the process
  // together, but those with a `now` of their own; as DynamoDB allows. 0: no bound. Empty: 5, and
  // none for an engine of ours.
  std::optional<unsigned> calls_per_second = {};
  // How long the stream keeps its records, as its engine was told: after that long without a look
  // at a shard something of it may be lost, which is told of as a gap. Too short tells of gaps that
  // are none, too long keeps silent about some.
  std::chrono::milliseconds retention = std::chrono::hours(24);
  // It stops with `unavailable` when no call for a shard, or for the list of them, has been
  // answered for so long. Empty: never.
  std::optional<std::chrono::milliseconds> max_outage = {};
  std::chrono::milliseconds risk_age = std::chrono::hours(18);  // of retention_risk
  std::chrono::milliseconds slow_handler{30'000};               // of that event
  std::chrono::milliseconds drain_timeout{30'000};              // of stop(StreamDrain::yes)
  std::size_t threads = 2;                                      // of run(); 1 to 256

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

// Calls of one operation.
struct StreamCallFigures {
  std::uint64_t answered = 0;
  std::uint64_t throttled = 0;
  std::uint64_t failed = 0;  // in other ways; iterators that have expired too
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
  std::uint64_t bytes = 0;  // of records read, as their sizes say
  StreamCallFigures describe_stream = {};
  StreamCallFigures get_shard_iterator = {};
  StreamCallFigures get_records = {};
  // Of batches, by how long the handler took: up to 1 ms, 10 ms, 100 ms, 1 s, 10 s, 100 s, longer.
  std::array<std::uint64_t, 7> handler_times = {};
  std::size_t buffered_bytes = 0;
  std::size_t leases = 0;   // shards this worker may read
  std::size_t pending = 0;  // shards whose parents are not handled to their end
  std::size_t completed = 0;
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
//   below a bound that doubles from 100 ms to 20 s (for a handler that fails, to 30 s), of each
//   shard by itself.
//
// With the checkpoints of a table, any number of consumers of a group share its shards; with others
// it is one at a time, and its checkpoints see to it as far as they can. A consumer that dies, or
// stands still, loses its shards after `failover`; what it had handled since its last checkpoint
// comes again. One that comes to life again starts no batch and writes nothing for a shard that may
// be another's.
//
// Thread-safe, but for what is said of step() and run().
class StreamConsumer {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `database` and `checkpoints` must outlive it. invalid_argument, naming the option.
  static Result<std::unique_ptr<StreamConsumer>> open(Database& database,
                                                      StreamCheckpoints& checkpoints,
                                                      StreamConsumerOptions options,
                                                      StreamHandler handler);
  // As stop() without draining.
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
  // Of manual checkpoints: all of that shard up to that record is done, for good on return.
  // invalid_argument: it is not one that was handled, with all before it; write_conflict: the shard
  // is another worker's.
  Result<void> checkpoint(std::string_view shard_id, std::string_view sequence_number);

  // Hands out no batch, of any shard or of that one, until resume() of the same. Reads on until its
  // buffers are full, and keeps its leases.
  void pause();
  void resume();
  void pause(const std::string& shard_id);
  void resume(const std::string& shard_id);
  // Looks for records at once, of all shards: for those who know that something was written.
  void hint();
  // Begins anew somewhere else, with what is being handled waited for. write_conflict: others hold
  // shards; invalid_argument; errors as of start(). Not to be called by a handler.
  Result<void> rewind(StreamRewind to);

  // Ends run(): reads no more, waits for what is being handled, with StreamDrain::yes hands out
  // what was read for up to drain_timeout, writes the last checkpoint and lets go of its leases.
  // Returns when that is done, and at once when a handler calls it, which is not waited for then.
  Result<void> stop(StreamDrain drain = StreamDrain::no);

  StreamFigures figures() const;

 private:
  class Reading;

  explicit StreamConsumer(std::unique_ptr<Reading> reading);

  std::unique_ptr<Reading> reading_;
};

}  // namespace dynakeep
