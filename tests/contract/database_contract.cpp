#include "contract/database_contract.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <random>
#include <sstream>
#include <thread>

namespace dynakeep::contract {

namespace {

constexpr auto patience = std::chrono::seconds{120};

bool is_active(const TableDescription& table) {
  return table.table_status == TableStatus::active &&
         std::all_of(table.global_secondary_indexes.begin(), table.global_secondary_indexes.end(),
                     [](const auto& index) { return index.index_status == IndexStatus::active; });
}

// Told apart from those of other runs: an endpoint may keep tables from before.
std::string next_name() {
  static const std::uint32_t run = std::random_device()();
  static unsigned tables = 0;
  std::ostringstream name;
  name << "Contract-" << std::hex << run << "-" << std::dec << ++tables;
  return name.str();
}

}  // namespace

void fail(const std::string& what, const std::source_location& where) {
  std::ostringstream out;
  out << where.file_name() << ":" << where.line() << ": " << what;
  throw Unexpected(out.str());
}

std::string words(const Error& error) {
  std::ostringstream out;
  out << error;
  return out.str();
}

void DatabaseContract::SetUp() { opened_ = must(GetParam().open()); }

void DatabaseContract::TearDown() { close(); }

void DatabaseContract::close() {
  if (opened_.database != nullptr) {
    for (const auto& name : names_) {
      const auto deleted = database().delete_table({.table_name = name});
      if (deleted || deleted.error().code() != ErrorCode::validation) continue;
      // A case that failed has left it protected.
      (void)database().update_table({.table_name = name, .deletion_protection_enabled = false});
      (void)database().delete_table({.table_name = name});
    }
  }
  names_.clear();
  opened_ = {};
}

std::string DatabaseContract::unused_name() { return names_.emplace_back(next_name()); }

std::string DatabaseContract::create(CreateTableRequest request) {
  auto name = unused_name();
  request.table_name = name;
  must(database().create_table(request));
  wait_until_active(name);
  return name;
}

void DatabaseContract::wait_until_active(const std::string& table) {
  wait_until(
      [&] { return is_active(must(database().describe_table({.table_name = table})).table); });
}

std::string DatabaseContract::create_songs() {
  return create(table_of("artist", ScalarType::string, "title", ScalarType::string));
}

std::string DatabaseContract::create_plain() { return create(table_of("id")); }

void DatabaseContract::put(const std::string& table, Item item) {
  must(database().put_item({.table_name = table, .item = std::move(item)}));
}

std::optional<Item> DatabaseContract::get(const std::string& table, Key key) {
  return must(database().get_item(
                  {.table_name = table, .key = std::move(key), .consistent_read = true}))
      .item;
}

CreateTableRequest table_of(const std::string& partition, ScalarType partition_type) {
  return {
      .attribute_definitions = {{{.attribute_name = partition, .attribute_type = partition_type}}},
      .key_schema = key_schema(partition),
      .billing_mode = BillingMode::pay_per_request};
}

CreateTableRequest table_of(const std::string& partition, ScalarType partition_type,
                            const std::string& sort, ScalarType sort_type) {
  auto request = table_of(partition, partition_type);
  request.attribute_definitions->push_back({.attribute_name = sort, .attribute_type = sort_type});
  request.key_schema = key_schema(partition, sort);
  return request;
}

KeySchema key_schema(const std::string& partition, const std::string& sort) {
  KeySchema schema{{.attribute_name = partition, .key_type = KeyType::hash}};
  if (!sort.empty()) schema.push_back({.attribute_name = sort, .key_type = KeyType::range});
  return schema;
}

std::string padded(int number) {
  auto digits = std::to_string(number);
  return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

void wait_until(const std::function<bool()>& holds, const std::source_location& where) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) fail("does not come about", where);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

void on_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(count));
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < count; ++i) {
      running.emplace_back([&work, &thrown, i] {
        try {
          work(i);
        } catch (...) {
          thrown[static_cast<std::size_t>(i)] = std::current_exception();
        }
      });
    }
  }
  for (const auto& each : thrown) {
    if (each) std::rethrow_exception(each);
  }
}

std::string kind_name(const testing::TestParamInfo<Kind>& kind) { return kind.param.name; }

}  // namespace dynakeep::contract
