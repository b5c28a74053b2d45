#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dynakeep/json.h"
#include "server/unused_database.h"

namespace dynakeep::contract {

// A database whose streams keep the order of each item's changes and no other: every item is in one
// of several shards, which answer as slowly as they like. So it is with Amazon's, as far as it
// promises. Fails as often as it is told to. Thread-safe.
class SpreadStream : public server::UnusedDatabase {
 public:
  SpreadStream(Database& inner, std::uint64_t seed) : inner_(inner), random_(seed) {}

  double errors = 0;             // of any call
  double lost_answers = 0;       // of writes
  std::size_t shards = 4;        // not to be changed once the stream is read
  std::size_t page_records = 5;  // at most
  // Records that are gone, of each shard, as if nobody had read them for a day.
  void trim() {
    const std::lock_guard lock(mutex_);
    pull();
    for (auto& [shard, log] : logs_) log.trimmed = log.records.size();
  }
  std::size_t queries = 0;

  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return inner_.create_table(request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return inner_.describe_table(request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return read([&] { return inner_.get_item(request); });
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    return read([&] { return inner_.batch_get_item(request); });
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    ++queries;
    return read([&] { return inner_.query(request); });
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return read([&] { return inner_.scan(request); });
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return write([&] { return inner_.put_item(request); });
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return write([&] { return inner_.update_item(request); });
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return write([&] { return inner_.delete_item(request); });
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    return write([&] { return inner_.batch_write_item(request); });
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return write([&] { return inner_.transact_write_items(request); });
  }

  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return read([&]() -> Result<DescribeStreamResult> {
      const std::lock_guard lock(mutex_);
      arn_ = *request.stream_arn;
      auto real = TRY(inner_.describe_stream({.stream_arn = arn_}));
      real.stream_description.shards.clear();
      real.stream_description.last_evaluated_shard_id.reset();
      for (std::size_t i = 0; i < shards; ++i) {
        real.stream_description.shards.push_back(
            {.shard_id = shard_id(i),
             .sequence_number_range = {.starting_sequence_number = number(i, 0)}});
      }
      return real;
    });
  }

  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return read([&]() -> Result<GetShardIteratorResult> {
      const std::lock_guard lock(mutex_);
      pull();
      const std::size_t shard = std::stoul(request.shard_id->substr(8, 20));
      const Log& log = logs_[shard];
      std::size_t index = log.trimmed;
      switch (*request.shard_iterator_type) {
        case ShardIteratorType::trim_horizon:
          break;
        case ShardIteratorType::latest:
          index = log.records.size();
          break;
        case ShardIteratorType::at_sequence_number:
        case ShardIteratorType::after_sequence_number: {
          const std::size_t wanted = std::stoul(request.sequence_number->substr(8)) - 1;
          index = wanted;
          if (index < log.trimmed) return Error(ErrorCode::trimmed_data_access, "It is gone");
          if (request.shard_iterator_type == ShardIteratorType::after_sequence_number) ++index;
          break;
        }
      }
      return GetShardIteratorResult{std::to_string(shard) + "/" + std::to_string(index)};
    });
  }

  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return read([&]() -> Result<GetRecordsResult> {
      const std::lock_guard lock(mutex_);
      pull();
      const std::size_t slash = request.shard_iterator->find('/');
      const std::size_t shard = std::stoul(request.shard_iterator->substr(0, slash));
      const std::size_t index = std::stoul(request.shard_iterator->substr(slash + 1));
      const Log& log = logs_[shard];
      if (index < log.trimmed) return Error(ErrorCode::trimmed_data_access, "It is gone");
      const std::size_t count =
          std::min(log.records.size() - index, random_() % (page_records + 1));
      GetRecordsResult page;
      const auto first = log.records.begin() + static_cast<std::ptrdiff_t>(index);
      page.records.assign(first, first + static_cast<std::ptrdiff_t>(count));
      page.next_shard_iterator = std::to_string(shard) + "/" + std::to_string(index + count);
      return page;
    });
  }

  std::size_t records() {
    const std::lock_guard lock(mutex_);
    pull();
    std::size_t count = 0;
    for (const auto& [shard, log] : logs_) count += log.records.size();
    return count;
  }

 private:
  struct Log {
    std::vector<ChangeRecord> records = {};
    std::size_t trimmed = 0;
  };

  static std::string shard_id(std::size_t shard) {
    const std::string digits = std::to_string(shard);
    return "shardId-" + std::string(20 - digits.size(), '0') + digits + "-00000000";
  }
  static std::string number(std::size_t shard, std::size_t index) {
    const std::string digits = std::to_string(index + 1);
    return std::to_string(10'000'000 + shard) + std::string(20 - digits.size(), '0') + digits;
  }

  bool happens(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  template <typename Call>
  auto read(const Call& call) -> decltype(call()) {
    {
      const std::lock_guard lock(mutex_);
      if (happens(errors)) return Error(ErrorCode::throttling, "Slow down");
    }
    return call();
  }
  template <typename Call>
  auto write(const Call& call) -> decltype(call()) {
    bool loses = false;
    {
      const std::lock_guard lock(mutex_);
      if (happens(errors)) return Error(ErrorCode::throttling, "Slow down");
      loses = happens(lost_answers);
    }
    auto answer = call();
    if (!loses) return answer;
    return Error(ErrorCode::timed_out, "No answer").set_outcome_unknown(true);
  }

  // Takes over what the real stream has by now.
  void pull() {
    if (arn_.empty()) return;
    const auto listed = inner_.describe_stream({.stream_arn = arn_});
    for (const StreamShard& shard : listed->stream_description.shards) {
      auto& iterator = iterators_[shard.shard_id];
      if (iterator && iterator->empty()) continue;
      if (!iterator) {
        iterator = inner_
                       .get_shard_iterator({.stream_arn = arn_,
                                            .shard_id = shard.shard_id,
                                            .shard_iterator_type = ShardIteratorType::trim_horizon})
                       ->shard_iterator;
      }
      while (true) {
        const auto page = inner_.get_records({.shard_iterator = *iterator});
        for (const ChangeRecord& record : page->records) {
          const std::size_t place =
              std::hash<std::string>()(to_json(record.dynamodb.keys)) % shards;
          Log& log = logs_[place];
          log.records.push_back(record);
          log.records.back().dynamodb.sequence_number = number(place, log.records.size() - 1);
        }
        iterator = page->next_shard_iterator.value_or("");
        if (page->records.empty() || iterator->empty()) break;
      }
    }
  }

  Database& inner_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::string arn_;
  std::map<std::size_t, Log> logs_;
  std::map<std::string, std::optional<std::string>> iterators_;  // "": at its end
};

}  // namespace dynakeep::contract
