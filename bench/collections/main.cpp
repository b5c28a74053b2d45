// What reading and updating an entry of versioned collections costs in the process, beside the
// requests to the database that they are made of: microseconds of this thread's CPU, by turns, so
// that whatever else the machine does meets all of them.
//
//   dynakeep_collections_bench CONNECTION SECONDS
//
// Prints one JSON object. Makes its tables, and removes them.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "../turns.h"
#include "dynakeep/open.h"
#include "dynakeep/stores/versioned_collections.h"

using namespace dynakeep;
using bench::must;

namespace {

constexpr const char* collections_table = "BenchCollections";
constexpr const char* entries_table = "BenchEntries";
constexpr int entries = 1000;

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

class Bench {
 public:
  explicit Bench(Database& database)
      : database_(database),
        store_(must(VersionedCollections::create(
            database, {.collections_table = collections_table, .entries_table = entries_table}))) {
    must(store_->prepare_tables());
    posts_ = must(store_->create_collection("app", "user-1", "posts")).path;
    partition_ = posts_.user + "#" + posts_.collection + "#";
    for (int i = 0; i < entries; ++i) {
      paths_.push_back(must(store_->create_entry(posts_, value_)).path);
      must(store_->update(paths_.back(), value_));
    }
  }
  ~Bench() {
    must(database_.delete_table({.table_name = collections_table}));
    must(database_.delete_table({.table_name = entries_table}));
  }

  void run(double seconds) {
    struct Row {
      const char* name;
      std::function<void(const ResourcePath&)> turn;
      double cpu_us = 0;
    };
    std::vector<Row> rows{
        {"read", [&](const ResourcePath& path) { must(store_->get(path)); }},
        {"update", [&](const ResourcePath& path) { must(store_->update(path, value_)); }},
        {"GetItem of the head", [&](const ResourcePath& path) { head(path); }},
        {"Query of the newest", [&](const ResourcePath& path) { newest(path); }},
        {"TransactWriteItems", [&](const ResourcePath& path) { transact(path); }}};
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    std::size_t turns = 0;
    for (; Clock::now() < end; ++turns) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        Row& row = rows[i];
        // Another entry for each: what one has read, the next would find in the caches.
        const ResourcePath& path = paths_[(turns * 7919 + i * 211) % paths_.size()];
        const double start = thread_cpu_us();
        row.turn(path);
        row.cpu_us += thread_cpu_us() - start;
      }
    }
    std::cout << "{";
    for (const Row& row : rows) {
      std::cout << (&row == &rows.front() ? "" : ", ") << '"' << row.name
                << "\": " << row.cpu_us / static_cast<double>(turns);
    }
    std::cout << "}\n";
  }

 private:
  void head(const ResourcePath& path) {
    must(database_.get_item(
        {.table_name = entries_table,
         .key = Key{{"userCollection", partition_ + "@head"}, {"entryVersion", path.entry}},
         .consistent_read = true}));
  }

  void newest(const ResourcePath& path) {
    const auto found = must(database_.query(
        {.table_name = entries_table,
         .key_condition_expression = "#partition = :partition AND #sort BETWEEN :low AND :high",
         .expression_attribute_names = {{{"#partition", "userCollection"},
                                         {"#sort", "entryVersion"}}},
         .expression_attribute_values = Item{{":partition", partition_},
                                             {":low", path.entry + "#0"},
                                             {":high", path.entry + "#:"}},
         .limit = 1,
         .scan_index_forward = false,
         .consistent_read = true}));
    if (found.items->size() != 1) std::abort();
  }

  // What an update writes, on conditions that always hold, under entries that no one reads.
  void transact(const ResourcePath& path) {
    const std::string id = path.entry + "-written";
    char token[40];
    std::snprintf(token, sizeof token, "00000000-0000-4000-8000-%012zu", ++written_);
    must(database_.transact_write_items(
        {.transact_items =
             {{{.put =
                    TransactPut{.table_name = entries_table,
                                .item = Item{{"userCollection", partition_},
                                             {"entryVersion", id + "#" + std::to_string(written_)},
                                             {"name", "post"},
                                             {"value", *value_.value},
                                             {"rev", static_cast<std::int64_t>(written_)}},
                                .condition_expression = "attribute_not_exists(#sort)",
                                .expression_attribute_names = {{{"#sort", "entryVersion"}}}}},
               {.update =
                    TransactUpdate{
                        .table_name =
                            entries_table,
                        .key = Key{{"userCollection", partition_ + "@head"}, {"entryVersion", id}},
                        .update_expression =
                            "SET #ver = :ver, #rev = :rev, #del = :del, #tok = :tok",
                        .condition_expression =
                            "attribute_not_exists(#ver) OR (#ver < :seenVer AND #rev < :seenRev "
                            "AND #del = :seenDel)",
                        .expression_attribute_names =
                            {{{"#ver", "ver"}, {"#rev", "rev"}, {"#del", "del"}, {"#tok", "tok"}}},
                        .expression_attribute_values =
                            Item{{":ver", static_cast<std::int64_t>(written_)},
                                 {":rev", static_cast<std::int64_t>(written_)},
                                 {":del", false},
                                 {":tok", token},
                                 {":seenVer", static_cast<std::int64_t>(written_)},
                                 {":seenRev", static_cast<std::int64_t>(written_)},
                                 {":seenDel", false}}}}}},
         .client_request_token = token}));
  }

  Database& database_;
  std::unique_ptr<VersionedCollections> store_;
  const ResourceChange value_{.sets_name = true,
                              .name = "post",
                              .sets_value = true,
                              .value = R"({"body":")" + std::string(350, 'b') +
                                       R"(","bg":{"img":"pic.png"},"happinessIndex":9})"};
  ResourcePath posts_;
  std::string partition_;
  std::vector<ResourcePath> paths_;
  std::size_t written_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc == 3 ? std::atof(argv[2]) : 0;
  if (!(seconds > 0)) {
    std::cerr << "usage: dynakeep_collections_bench CONNECTION SECONDS\n";
    return 2;
  }
  OpenOptions options;
  options.embedded.durability = Durability::none;
  const auto database = must(open(argv[1], options));
  Bench(*database).run(seconds);
}
