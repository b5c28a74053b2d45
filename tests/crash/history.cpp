#include "history.h"

#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "support/telling_child.h"

namespace dynakeep::crash {
namespace {

using support::tell;

std::string line(const char* what, const char* kind, int number, std::int64_t turn) {
  return std::string(what) + " " + kind + " " + std::to_string(number) + " " + std::to_string(turn);
}

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "the crash writer failed: %s\n", error.message().c_str());
  std::_Exit(3);
}

Item song_item(int song, std::int64_t turn) {
  Item item{{"name", song_name(song)}, {"turn", turn}, {"text", std::string(200, 'x')}};
  if (const std::string genre = genre_of(song, turn); !genre.empty()) item["genre"] = genre;
  return item;
}

Result<void> write_song(Database& database, int song, std::int64_t turn, std::mt19937_64& chance) {
  const Key key{{"name", song_name(song)}};
  if (is_deletion(song, turn)) {
    TRY(database.delete_item({.table_name = table_name, .key = key}));
    return {};
  }
  const std::string genre = genre_of(song, turn);
  // An update finds the item or not, and leaves in it what a put would.
  if (chance() % 2 == 0) {
    Item values{{":turn", turn}, {":text", std::string(200, 'x')}};
    std::string expression = "SET #turn = :turn, #text = :text";
    ExpressionAttributeNames names{{"#turn", "turn"}, {"#text", "text"}, {"#genre", "genre"}};
    if (genre.empty()) {
      expression += " REMOVE #genre";
    } else {
      expression += ", #genre = :genre";
      values[":genre"] = genre;
    }
    TRY(database.update_item({.table_name = table_name,
                              .key = key,
                              .update_expression = expression,
                              .expression_attribute_names = names,
                              .expression_attribute_values = values}));
    return {};
  }
  TRY(database.put_item({.table_name = table_name, .item = song_item(song, turn)}));
  return {};
}

Result<void> write_ledger(Database& database, int ledger, std::int64_t turn) {
  std::vector<TransactWriteItem> actions;
  for (int i = 0; i < items_of_a_ledger; ++i) {
    actions.push_back(
        {.put = TransactPut{.table_name = table_name,
                            .item = Item{{"name", ledger_name(ledger, i)},
                                         {"turn", turn},
                                         {"genre", "ledger-" + std::to_string(turn % 5)}}}});
  }
  TRY(database.transact_write_items(
      {.transact_items = actions,
       .client_request_token = "ledger-" + std::to_string(ledger) + "-" + std::to_string(turn)}));
  return {};
}

// Where the last life of the writer left off.
std::int64_t last_turn(Database& database, const std::string& name) {
  const auto found = database.get_item({.table_name = table_name, .key = Key{{"name", name}}});
  if (!found) give_up(found.error());
  if (!found->item) return 0;
  return found->item->at("turn").as_number().to_int64().value_or(0);
}

void write_for_ever(Database& database, int thread, std::uint64_t seed) {
  std::mt19937_64 chance(seed + static_cast<std::uint64_t>(thread));
  std::vector<std::int64_t> song_turns(songs_of_a_thread);
  std::vector<std::int64_t> ledger_turns(ledgers_of_a_thread);
  const int first_song = thread * songs_of_a_thread;
  const int first_ledger = thread * ledgers_of_a_thread;
  for (int i = 0; i < songs_of_a_thread; ++i) {
    // A deleted song does not say; the seed is unlike any turn before.
    song_turns[static_cast<std::size_t>(i)] =
        std::max(last_turn(database, song_name(first_song + i)), static_cast<std::int64_t>(seed));
  }
  for (int i = 0; i < ledgers_of_a_thread; ++i) {
    ledger_turns[static_cast<std::size_t>(i)] = std::max(
        last_turn(database, ledger_name(first_ledger + i, 0)), static_cast<std::int64_t>(seed));
  }
  for (;;) {
    if (chance() % 4 == 0) {
      const auto which = chance() % ledgers_of_a_thread;
      const int ledger = first_ledger + static_cast<int>(which);
      const std::int64_t turn = ++ledger_turns[which];
      tell(line("begin", "ledger", ledger, turn));
      if (const auto done = write_ledger(database, ledger, turn); !done) give_up(done.error());
      tell(line("done", "ledger", ledger, turn));
    } else {
      const auto which = chance() % songs_of_a_thread;
      const int song = first_song + static_cast<int>(which);
      const std::int64_t turn = ++song_turns[which];
      tell(line("begin", "song", song, turn));
      if (const auto done = write_song(database, song, turn, chance); !done) give_up(done.error());
      tell(line("done", "song", song, turn));
    }
  }
}

// So that some are killed while shards are closed and others opened.
void roll_for_ever(Database& database) {
  const auto described = database.describe_table({.table_name = table_name});
  if (!described) give_up(described.error());
  for (;;) {
    const auto rolled =
        database.admin()->roll_shards({.stream_arn = described->table.latest_stream_arn});
    if (!rolled) give_up(rolled.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

std::string song_name(int song) { return "song-" + std::to_string(song); }
std::string ledger_name(int ledger, int item) {
  return "ledger-" + std::to_string(ledger) + "-" + std::to_string(item);
}
std::string genre_of(int song, std::int64_t turn) {
  const auto choice = (song + turn) % 4;
  return choice == 0 ? std::string() : "genre-" + std::to_string(choice);
}
bool is_deletion(int song, std::int64_t turn) { return (song * 7 + turn) % 6 == 0; }

Result<void> make_table(Database& database) {
  const auto made =
      database.create_table(
          {.table_name = table_name,
           .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string},
                                                                     {"genre", ScalarType::string},
                                                                     {"turn", ScalarType::number}},
           .key_schema = KeySchema{{"name", KeyType::hash}},
           .global_secondary_indexes =
               std::vector<GlobalSecondaryIndex>{
                   {.index_name = by_genre,
                    .key_schema = KeySchema{{"genre", KeyType::hash}, {"turn", KeyType::range}},
                    .projection = Projection{.projection_type = ProjectionType::all}},
                   {.index_name = by_turn,
                    .key_schema = KeySchema{{"turn", KeyType::hash}},
                    .projection = Projection{.projection_type = ProjectionType::keys_only}}},
           .billing_mode = BillingMode::pay_per_request,
           .stream_specification = StreamSpecification{
               .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images}});
  if (!made && made.error().code() != ErrorCode::resource_in_use) return made.error();
  return {};
}

int write_until_killed(const std::string& path, std::uint64_t seed) {
  // A small write buffer: the memory is written out, and the log changed, while the writes go on.
  auto database = open_embedded({.path = path,
                                 .write_buffer_bytes = std::size_t{256} << 10,
                                 .streams = {.initial_shards = shards}});
  if (!database) give_up(database.error());
  if (const auto made = make_table(**database); !made) give_up(made.error());
  std::vector<std::jthread> writers;
  for (int i = 0; i < threads; ++i) {
    writers.emplace_back([&, i] { write_for_ever(**database, i, seed); });
  }
  writers.emplace_back([&] { roll_for_ever(**database); });
  return 0;
}

}  // namespace dynakeep::crash
