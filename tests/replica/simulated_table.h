#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "streams/simulated_stream.h"

namespace dynakeep::replicas {

// A table with its stream, on a manual clock: its scans take as long as they are told to, and those
// that do not ask for consistency see what was a while ago. For one thread.
class SimulatedTable : public streams::SimulatedStream {
 public:
  SimulatedTable(const Clock& clock, std::uint64_t seed)
      : SimulatedStream(clock, seed), clock_(clock) {}

  void put(const std::string& key);
  void erase(const std::string& key);
  // A change that the stream does not tell of: what no table does.
  void put_in_secret(const std::string& key, std::int64_t number);
  void erase_in_secret(const std::string& key);
  const std::map<std::string, Item>& items() const { return items_; }

  StreamViewType view = StreamViewType::new_and_old_images;
  bool is_stream_enabled = true;
  std::size_t items_in_page = 3;
  std::chrono::milliseconds stale_by{0};  // of reads that are not consistent
  double scan_errors = 0;
  // Like the engine: answers say what they reflect, and there are snapshots, for so many pages.
  bool tells_positions = false;
  std::size_t snapshot_pages = 1000;
  std::function<void()> on_page = {};  // before a page is read
  std::size_t pages = 0;
  std::uint64_t records_given = 0;

  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override;
  Result<ScanResult> scan(const ScanRequest& request) override;
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override;
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override;
  const Capabilities& capabilities() const override {
    capabilities_.positions = capabilities_.snapshots = tells_positions;
    return capabilities_;
  }

 private:
  struct Before {
    Time changed = {};
    std::string key = {};
    std::optional<Item> item = {};
  };

  void note(const std::string& key);
  std::map<std::string, Item> seen(bool is_consistent) const;

  struct Moment {
    std::map<std::string, Item> items = {};
    StreamPoint point = {};
    std::size_t pages_left = 0;
  };
  // The point and token for a read, and what it sees.
  Result<std::map<std::string, Item>> look(const SnapshotUse& use, bool is_consistent,
                                           std::optional<StreamPoint>& point,
                                           std::optional<std::string>& token);

  const Clock& clock_;
  mutable Capabilities capabilities_;
  std::map<std::string, Moment> snapshots_;
  std::map<std::string, Item> items_;
  std::deque<Before> history_;  // what items were before they changed
  std::mt19937_64 random_{7};
};

}  // namespace dynakeep::replicas
