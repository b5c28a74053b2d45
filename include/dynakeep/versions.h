#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What is said of versions, by the store of versioned collections (stores/versioned_collections.h)
// and by its client (clients/versioned_collections.h) alike. A resource is a collection or an
// entry.
namespace dynakeep {

// Milliseconds since 1970-01-01 UTC, as version numbers and times are in the tables.
using Millis = std::int64_t;

// What identifies a resource's state: its newest version, and whether that is marked as deleted.
struct StateTag {
  Millis version = 0;
  bool deleted = false;
  friend bool operator==(const StateTag&, const StateTag&) = default;
};

// Which one of a resource's versions.
class VersionReference {
 public:
  enum class Kind : std::uint8_t { number, revision, at, first, last };

  static VersionReference number(Millis version) { return {Kind::number, version}; }
  static VersionReference revision(std::int64_t revision) { return {Kind::revision, revision}; }
  static VersionReference at(Millis time) { return {Kind::at, time}; }  // the newest of that time
  static VersionReference first() { return {Kind::first, 0}; }
  static VersionReference last() { return {Kind::last, 0}; }

  Kind kind() const { return kind_; }
  std::int64_t value() const { return value_; }

 private:
  VersionReference(Kind kind, std::int64_t value) : kind_(kind), value_(value) {}
  Kind kind_;
  std::int64_t value_;
};

// Which versions a read shows.
enum class VersionFilter : std::uint8_t {
  latest,   // the newest of each live resource
  current,  // the newest of each, deleted ones included
  all,      // every version of every resource
};

// What to remove for good.
struct PurgeRequest {
  // One of these four. The newest version stays, except with `all`.
  std::vector<Millis> versions = {};
  std::optional<Millis> before = {};          // exclusive
  std::optional<std::size_t> keep_last = {};  // at least 1
  bool all = false;  // the resource as a whole, and the entries of a collection; it must be deleted

  bool force = false;    // with all: also what is live
  bool dry_run = false;  // only tells what would go
  std::optional<std::vector<StateTag>> if_match = {};
  // Told of each bunch of versions that is gone, by its size; not by the client.
  std::function<void(std::size_t)> on_progress = {};
};

struct PurgeReport {
  std::size_t purged = 0;            // versions, those of entries included
  std::size_t kept = 0;              // versions
  std::optional<Millis> floor = {};  // what lies at or below it is gone
};

struct RestoreReport {
  std::size_t restored = 0;
  std::size_t deleted = 0;
  std::size_t unchanged = 0;
  std::vector<std::string> failed = {};  // ids of entries
};

struct VersionDifference {
  Millis from = 0;
  Millis to = 0;
  // If they differ: the old and the new one; empty for none.
  std::optional<std::pair<std::string, std::string>> names = {};
  std::string patch = {};  // RFC 6902, from the old value to the new, as JSON text; none is null
};

}  // namespace dynakeep
