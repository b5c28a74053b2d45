// A replica that reaches both its table and its copy badly: whatever happens on the way, in the end
// the copy is the table.

#include "dynakeep/stores/replica.h"

#include <chrono>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dynakeep/pages.h"
#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;
using support::Fault;

constexpr int keys = 150;
constexpr std::size_t writers = 3;

Item item_of(const std::string& id, int number) { return {{"id", id}, {"n", number}}; }

// Each writer has items of its own.
void change(Database& database, std::size_t writer, std::uint64_t seed, int changes) {
  std::mt19937_64 random(seed * writers + writer);
  for (int number = 1; number <= changes; ++number) {
    const std::string id = std::to_string(writer) + "/" + std::to_string(random() % keys);
    if (random() % 4 == 0) {
      EXPECT_TRUE(database.delete_item({.table_name = "Table", .key = Key{{"id", id}}}));
    } else {
      EXPECT_TRUE(database.put_item({.table_name = "Table", .item = item_of(id, number)}));
    }
  }
}

std::map<std::string, Item> items_of(Database& database, const std::string& table) {
  std::map<std::string, Item> items;
  const auto visited = for_each_item(
      database, ScanRequest{.table_name = table, .consistent_read = true}, [&](Item&& item) {
        std::string id = item.at("id").as_string();
        items.insert_or_assign(std::move(id), std::move(item));
        return true;
      });
  EXPECT_TRUE(visited) << visited.error();
  return items;
}

int last_in(Database& database) {
  const auto found = database.get_item(
      {.table_name = "Copy", .key = Key{{"id", "last"}}, .consistent_read = true});
  EXPECT_TRUE(found) << found.error();
  if (!found || !found->item) return 0;
  return static_cast<int>(found->item->at("n").as_number().to_int64().value_or(-1));
}

TEST(FaultyReplicas, TheCopyIsTheTableInTheEnd) {
  World source = make_world(all_faults_but({}));
  // A page of the table is no transaction: it must not come a second time behind later changes.
  World keeper = make_world(all_faults_but({Fault::send_twice, Fault::send_twice_answer_second}));
  ASSERT_TRUE(source.embedded->update_table(
      {.table_name = "Table",
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  on_threads(writers, [&](std::size_t writer) { change(*source.embedded, writer, 1, 2 * keys); });

  const ReplicaOptions options{.table_name = "Table",
                               .kept_in = keeper.remote.get(),
                               .copy_name = "Copy",
                               .settle = 0ms,
                               .idle_poll_max = 10ms,
                               .discovery_interval = 100ms};
  auto opened = Replica::open(*source.remote, options);
  for (int attempt = 0; attempt < 50 && !opened; ++attempt) {
    opened = Replica::open(*source.remote, options);
  }
  ASSERT_TRUE(opened) << opened.error();
  Replica& replica = **opened;
  Result<void> ended;
  std::jthread running([&](const std::stop_token& stop) { ended = replica.run(stop); });
  on_threads(writers, [&](std::size_t writer) { change(*source.embedded, writer, 2, 200); });
  bool is_live = replica.wait_live(300s).has_value();
  EXPECT_TRUE(is_live) << to_text(replica.state());
  for (int round = 1; round <= 40 && is_live; ++round) {
    on_threads(writers, [&](std::size_t writer) {
      change(*source.embedded, writer, 2U + static_cast<unsigned>(round), 20);
    });
    // Once it is there, so is all before it: there is one shard.
    ASSERT_TRUE(source.embedded->put_item({.table_name = "Table", .item = item_of("last", round)}));
    const auto until = std::chrono::steady_clock::now() + 300s;
    while (last_in(*keeper.embedded) != round) {
      is_live = std::chrono::steady_clock::now() < until;
      ASSERT_TRUE(is_live) << "round " << round;
      std::this_thread::sleep_for(5ms);
    }
  }
  running.request_stop();
  running.join();
  EXPECT_TRUE(ended) << ended.error();
  const ReplicaFigures figures = replica.figures();
  std::cout << figures.records << " records, " << figures.errors << " errors outwaited\n";
  opened->reset();
  source.settle();
  keeper.settle();
  EXPECT_EQ(items_of(*keeper.embedded, "Copy"), items_of(*source.embedded, "Table"));
  EXPECT_EQ(figures.gaps, 0U);
  EXPECT_GT(source.proxy->counts().faults(), 5U);
  EXPECT_GT(keeper.proxy->counts().faults(), 5U);
}

}  // namespace
}  // namespace dynakeep::faults
