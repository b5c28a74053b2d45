#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/unused_database.h"

namespace dynakeep::contract {

// Between a storage and its database: notes every request, and lets happen to writes what a network
// and other clients make happen. For one thread.
class ScriptedDatabase : public server::UnusedDatabase {
 public:
  explicit ScriptedDatabase(Database& inner) : inner_(inner) {}

  // What happens to one write, or to one read.
  struct Turn {
    bool carried_out = true;
    std::optional<Error> error = {};  // what is answered instead of the truth
    bool twice = false;               // sent again after the first answer was lost
    std::function<void()> before = {};
  };
  std::deque<Turn> writes;  // of all that write; the rest go through
  std::deque<Turn> reads;   // of GetItem; the rest go through
  // Of the next BatchGetItem, the one after it, …: how many of its keys are left unprocessed.
  std::deque<std::size_t> unprocessed;

  std::vector<PutItemRequest> puts;
  std::vector<UpdateItemRequest> updates;
  std::vector<DeleteItemRequest> deletes;
  std::vector<BatchGetItemRequest> batch_gets;
  std::vector<GetItemRequest> gets;
  std::vector<QueryRequest> queries;
  std::vector<TransactWriteItemsRequest> transactions;
  std::vector<BatchWriteItemRequest> batches;
  std::vector<UpdateTimeToLiveRequest> time_to_lives;
  std::vector<std::string> described;  // names of tables
  Capabilities can;

  std::size_t requests() const {
    return puts.size() + updates.size() + deletes.size() + gets.size() + batch_gets.size() +
           queries.size() + transactions.size() + batches.size();
  }

  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    puts.push_back(request);
    return play(writes, [&] { return inner_.put_item(request); });
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    gets.push_back(request);
    return play(reads, [&] { return inner_.get_item(request); });
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    updates.push_back(request);
    return play(writes, [&] { return inner_.update_item(request); });
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    deletes.push_back(request);
    return play(writes, [&] { return inner_.delete_item(request); });
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    batch_gets.push_back(request);
    if (unprocessed.empty()) return inner_.batch_get_item(request);
    auto& [table, asked] = *request.request_items->begin();
    KeysAndAttributes some = asked;
    KeysAndAttributes rest = asked;
    const auto left = static_cast<std::ptrdiff_t>(std::min(unprocessed.front(), some.keys->size()));
    unprocessed.pop_front();
    some.keys->erase(some.keys->end() - left, some.keys->end());
    rest.keys->erase(rest.keys->begin(), rest.keys->end() - left);
    Result<BatchGetItemResult> answer = BatchGetItemResult();
    if (!some.keys->empty()) {
      BatchGetItemRequest part;
      part.request_items.emplace().emplace(table, std::move(some));
      answer = inner_.batch_get_item(part);
    }
    if (answer && left > 0) answer->unprocessed_keys.emplace(table, std::move(rest));
    return answer;
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    queries.push_back(request);
    return inner_.query(request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    transactions.push_back(request);
    return play(writes, [&] { return inner_.transact_write_items(request); });
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    batches.push_back(request);
    return play(writes, [&] { return inner_.batch_write_item(request); });
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    described.push_back(request.table_name.value_or(""));
    return inner_.describe_table(request);
  }
  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return inner_.create_table(request);
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    time_to_lives.push_back(request);
    return play(writes, [&] { return inner_.update_time_to_live(request); });
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    return inner_.describe_time_to_live(request);
  }
  const Capabilities& capabilities() const override { return can; }

 private:
  template <typename Call>
  auto play(std::deque<Turn>& script, const Call& call) -> decltype(call()) {
    if (script.empty()) return call();
    const Turn turn = std::move(script.front());
    script.pop_front();
    if (turn.before) turn.before();
    if (turn.carried_out) {
      auto answer = call();
      if (turn.twice) {
        answer = call();
        // As the remote body says of an answer to a repetition.
        if (!answer) answer.error().set_outcome_unknown(true);
      }
      if (!turn.error) return answer;
    }
    return *turn.error;
  }

  Database& inner_;
};

}  // namespace dynakeep::contract
