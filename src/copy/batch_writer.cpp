#include "copy/batch_writer.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "dynakeep/json.h"
#include "stores/support/at_once.h"

namespace dynakeep::copying {

namespace {

constexpr std::size_t batch_max = 25;  // BatchWriteItem's
// As DynamoDB counts them, so that a request stays well below 16 MB however it is written.
constexpr std::size_t batch_bytes_max = std::size_t{2} << 20;

bool is_refused_for_being_much(const Error& error) {
  return error.code() == ErrorCode::provisioned_throughput_exceeded ||
         error.code() == ErrorCode::throttling || error.code() == ErrorCode::request_limit_exceeded;
}

}  // namespace

Result<BatchWriter::Written> BatchWriter::write(std::vector<WriteRequest> writes,
                                                std::size_t at_once, const std::stop_token& stop) {
  Written written;
  std::vector<std::vector<WriteRequest>> batches;
  std::size_t batch_bytes = 0;
  for (WriteRequest& each : writes) {
    const std::size_t bytes = TRY(stored_bytes(each.put ? *each.put : *each.remove));
    written.bytes += bytes;
    if (batches.empty() || batches.back().size() == batch_max ||
        batch_bytes + bytes > batch_bytes_max) {
      batches.emplace_back().reserve(batch_max);
      batch_bytes = 0;
    }
    batch_bytes += bytes;
    batches.back().push_back(std::move(each));
  }
  std::mutex mutex;
  std::optional<Error> failure;
  std::atomic<bool> is_over = false;
  const auto durable = stores::at_once(database_, batches.size(), at_once, [&](std::size_t i) {
    if (is_over) return;
    const auto sent = send(std::move(batches[i]), stop);
    if (sent && *sent) return;
    is_over = true;
    const std::scoped_lock lock(mutex);
    if (sent) written.stopped = true;
    if (!sent && !failure) failure = sent.error();
  });
  if (failure) return *failure;
  TRY(durable);
  return written;
}

Result<bool> BatchWriter::send(std::vector<WriteRequest> batch, const std::stop_token& stop) {
  rate_.take(static_cast<double>(batch.size()), stop);
  Endurance::Attempt attempt(endurance_);
  while (!stop.stop_requested()) {
    BatchWriteItemRequest request;
    auto& of_table = request.request_items.emplace()[table_];
    of_table = std::move(batch);
    auto result = database_.batch_write_item(request);
    if (!result) {
      const Error& error = result.error();
      if (is_refused_for_being_much(error)) rate_.refuse(static_cast<double>(of_table.size()));
      if (!attempt.again(error, stop)) {
        if (stop.stop_requested()) return false;
        return may_pass(error) ? error : about_an_item(of_table, error);
      }
      batch = std::move(of_table);
      continue;
    }
    const auto left = result->unprocessed_items.find(table_);
    if (left == result->unprocessed_items.end() || left->second.empty()) return true;
    rate_.refuse(static_cast<double>(left->second.size()));
    if (left->second.size() < of_table.size()) attempt.succeeded();
    batch = std::move(left->second);
    const Error refused(ErrorCode::provisioned_throughput_exceeded,
                        "The table " + table_ + " takes no more writes for now");
    if (!attempt.again(refused, stop)) {
      if (stop.stop_requested()) return false;
      return refused;
    }
  }
  return false;
}

// A batch is refused as a whole for one of its items; which one, is found by asking for each.
Error BatchWriter::about_an_item(const std::vector<WriteRequest>& batch, const Error& error) {
  if (error.code() != ErrorCode::validation && error.code() != ErrorCode::serialization &&
      error.code() != ErrorCode::item_collection_size_limit_exceeded) {
    return error;
  }
  for (const WriteRequest& each : batch) {
    if (!each.put) continue;
    const auto put = database_.put_item({.table_name = table_, .item = each.put});
    if (put || put.error().code() != error.code()) continue;
    constexpr std::size_t shown_max = 500;
    std::string text = to_dynamodb_json(*each.put);
    if (text.size() > shown_max) text = text.substr(0, shown_max) + "…";
    return {put.error().code(), "The destination refuses an item of " + table_ + ": " +
                                    put.error().message() + " The item: " + text};
  }
  return error;
}

}  // namespace dynakeep::copying
