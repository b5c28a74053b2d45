#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "server/unused_database.h"

namespace dynakeep::streams {

enum class ShardIds : std::uint8_t {
  usual,
  other,  // as Alternator's: nothing to be read from them, and a child's comes before its parent's
};

// A stream that lives on a manual clock and does at once what streams do in days: its shards roll
// and split, its iterators expire, its records are trimmed, its listings come in pages and late,
// and its server fails as often as it is told to. Every change is of an item `k` whose attribute
// `n` counts its changes, so that a test can tell what is missing or out of order. For one thread.
class SimulatedStream : public server::UnusedDatabase {
 public:
  struct Faults {
    double errors = 0;   // throttled, unavailable, or a 500, of any call
    double expired = 0;  // of GetRecords
    // Though there are records. The iterator of such a page lies further on, so that they come to
    // an end: never five in a row of an open shard, which readers take for its tip.
    double empty_pages = 0;
    double duplicates = 0;    // a page that begins with the last record of the one before
    double late_listing = 0;  // a listing without the newest shards
    std::chrono::milliseconds children_hidden{0};  // for so long after their birth
    double throttled = 0;                          // of any call
    bool no_iterator_at_an_end = false;            // of a closed shard behind its last record
    bool disorder = false;                         // a page's first two records change places
    bool refuses_filter = false;
    std::set<std::string> unlisted = {};    // shards that no listing shows
    std::set<std::string> shown_open = {};  // though they are closed
    // By the operation's name; empty: no more than the others say.
    std::function<std::optional<Error>(std::string_view operation)> fails = {};
    bool ignores_filter = false;
    std::int32_t shards_in_page = 3;
    std::int32_t records_in_page = 1000;
  };

  SimulatedStream(const Clock& clock, std::uint64_t seed, ShardIds ids = ShardIds::usual);

  Faults faults;
  const std::string arn =
      "arn:aws:dynamodb:eu-central-1:000000000000:table/Songs/stream/2026-01-01T00:00:00.000";

  // Changes the item; returns how often it has been.
  std::int64_t write(const std::string& key);
  void remove(const std::string& key);
  // Closes the shard that takes the item's changes; one or two take its place.
  void roll(const std::string& key);
  void split(const std::string& key);
  void roll_all();
  void split_all();
  // Records of before are gone, and shards that were closed before.
  void trim(Time before);
  void disable();

  std::size_t open_shards() const;
  // The shard that takes the item's changes.
  const std::string& shard_of(const std::string& key) { return taking(key).id; }
  // The number of the newest change, or a greater one.
  std::string position() const { return number_text(number_); }
  std::vector<std::string> shard_ids() const;
  // Of each item, how often it was changed.
  const std::map<std::string, std::int64_t>& written() const { return versions_; }
  std::size_t calls = 0;
  std::vector<ShardIteratorType> iterators_asked;

  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override;
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override;
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override;

 private:
  struct Shard {
    std::string id = {};
    std::optional<std::string> parent = {};
    std::uint32_t from = 0;  // of hashes
    std::uint64_t until = std::uint64_t{1} << 32;
    Time born = {};
    std::optional<Time> closed = {};
    std::uint64_t first_number = 0;
    std::uint64_t newest_number = 0;                // of its records; without one, the first
    std::optional<std::uint64_t> last_number = {};  // once it is closed
    std::vector<ChangeRecord> records = {};
    std::size_t trimmed = 0;
    int empty_pages = 0;  // in a row, though there were records
  };

  bool happens(double probability);
  std::optional<Error> fault(std::string_view operation);
  Shard& taking(const std::string& key);
  void add_shard(std::optional<std::string> parent, std::uint32_t from, std::uint64_t until);
  void close(Shard& shard);
  void replace(Shard& shard, bool in_two);
  void replace_all(bool in_two);
  void record(const std::string& key, const char* event, std::optional<Item> before,
              std::optional<Item> after);
  Shard* find(const std::string& id);
  std::string number_text(std::uint64_t number) const;
  std::string iterator_text(const Shard& shard, std::size_t index) const;

  const Clock& clock_;
  const ShardIds ids_;
  std::mt19937_64 random_;
  std::vector<Shard> shards_;
  std::map<std::string, std::int64_t> versions_;
  std::map<std::string, Item> items_;
  std::uint64_t number_ = 1000;
  bool enabled_ = true;
};

}  // namespace dynakeep::streams
