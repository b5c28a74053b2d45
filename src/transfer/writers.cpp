#include "transfer/writers.h"

#include <algorithm>
#include <utility>

#include "dynakeep/pages.h"

namespace dynakeep::transfer {

namespace {

constexpr std::size_t batch_max = 25;  // BatchWriteItem's
// Of text, so that a request stays well below 16 MB whatever it becomes on its way.
constexpr std::size_t batch_bytes_max = std::size_t{2} << 20;
constexpr std::size_t waiting_max = 4;  // batches a lane

// Whether the error is about the item, and another may do better.
bool is_about_the_item(const Error& error) {
  return error.code() == ErrorCode::validation || error.code() == ErrorCode::serialization ||
         error.code() == ErrorCode::item_collection_size_limit_exceeded;
}

}  // namespace

Writers::Writers(Database& database, WritersOptions options)
    : database_(database), options_(std::move(options)) {
  for (unsigned i = 0; i < options_.writers; ++i) lanes_.push_back(std::make_unique<Lane>());
  for (const auto& lane : lanes_) {
    lane->thread = std::jthread([this, &lane = *lane] { work(lane); });
  }
}

Writers::~Writers() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    for (const auto& lane : lanes_) lane->waiting.clear();
  }
  changed_.notify_all();
}

bool Writers::add(PendingChange change) {
  Lane& lane = *lanes_[std::hash<std::string>()(change.key) % lanes_.size()];
  Batch& batch = lane.filling;
  // A batch has no two writes of one item.
  const bool is_there =
      std::any_of(batch.changes.begin(), batch.changes.end(),
                  [&](const PendingChange& each) { return each.key == change.key; });
  if (is_there || batch.bytes + change.text.size() > batch_bytes_max) push(lane);
  batch.bytes += change.text.size();
  batch.changes.push_back(std::move(change));
  if (batch.changes.size() == batch_max) push(lane);
  const std::scoped_lock lock(mutex_);
  return !failure_;
}

void Writers::push(Lane& lane) {
  if (lane.filling.changes.empty()) return;
  Batch batch = std::exchange(lane.filling, {});
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || lane.waiting.size() < waiting_max; });
    if (failure_) return;
    lane.waiting.push_back(std::move(batch));
  }
  changed_.notify_all();
}

Result<void> Writers::drain() {
  for (const auto& lane : lanes_) push(*lane);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::none_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) {
      return lane->busy || (!failure_ && !lane->waiting.empty());
    });
  });
  if (failure_) return *failure_;
  return {};
}

WriterCounts Writers::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

void Writers::count(const WriterCounts& done) {
  const std::scoped_lock lock(mutex_);
  counts_.written += done.written;
  counts_.removed += done.removed;
  counts_.existing += done.existing;
}

void Writers::work(Lane& lane) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closing_ || (!failure_ && !lane.waiting.empty()); });
    if (closing_) return;
    Batch batch = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    lane.busy = true;
    lock.unlock();
    changed_.notify_all();
    const auto done = write(batch);
    lock.lock();
    lane.busy = false;
    if (!done && !failure_) failure_ = done.error();
    changed_.notify_all();
  }
}

Result<void> Writers::write(Batch& batch) {
  if (!options_.only_if_absent) {
    const auto done = write_together(batch.changes);
    // A batch is refused as a whole for one of its items; which one, is found by asking for each.
    if (done || !is_about_the_item(done.error())) return done;
  }
  for (const PendingChange& change : batch.changes) {
    const auto done = write_alone(change);
    if (done) continue;
    if (!is_about_the_item(done.error())) return done;
    options_.on_refused(change, done.error());
  }
  return {};
}

Result<void> Writers::write_together(std::vector<PendingChange>& changes) {
  WriterCounts done;
  std::vector<WriteRequest> writes;
  writes.reserve(changes.size());
  for (PendingChange& change : changes) {
    ++(change.write.put ? done.written : done.removed);
    writes.push_back(std::move(change.write));
  }
  BatchWriteItemRequest request;
  auto& of_table = request.request_items.emplace()[options_.table];
  of_table = std::move(writes);
  auto result = database_.batch_write_item(request);
  if (!result) {
    for (std::size_t i = 0; i < changes.size(); ++i) changes[i].write = std::move(of_table[i]);
    return result.error();
  }
  for (auto& [table, left] : result->unprocessed_items) {
    TRY(write_items(database_, table, std::move(left)));
  }
  count(done);
  return {};
}

Result<void> Writers::write_alone(const PendingChange& change) {
  WriterCounts done;
  if (change.write.remove) {
    TRY(database_.delete_item({.table_name = options_.table, .key = change.write.remove}));
    done.removed = 1;
    count(done);
    return {};
  }
  PutItemRequest request{.table_name = options_.table, .item = change.write.put};
  if (options_.only_if_absent) {
    request.condition_expression = "attribute_not_exists(#key)";
    request.expression_attribute_names = {{"#key", options_.partition_key}};
  }
  const auto put = database_.put_item(request);
  const bool is_there = !put && put.error().is_condition_failure();
  if (!put && !is_there) return put.error();
  ++(is_there ? done.existing : done.written);
  count(done);
  return {};
}

}  // namespace dynakeep::transfer
