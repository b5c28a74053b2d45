// The changes of a table, as they happen: what `dynakeep tail` is made of.

#include <iostream>
#include <stop_token>
#include <thread>

#include "dynakeep/json.h"
#include "dynakeep/open.h"
#include "dynakeep/stores/stream_consumer.h"
#include "dynakeep/stores/stream_filter.h"

using namespace dynakeep;

void print(const ChangeRecord& record) {
  const StreamRecord& change = record.dynamodb;
  std::cout << record.event_name << ' ' << to_json(change.keys);
  if (change.old_image) std::cout << "  was " << to_json(*change.old_image);
  if (change.new_image) std::cout << "  is " << to_json(*change.new_image);
  std::cout << '\n';
}

Result<std::string> make_table(Database& database) {
  const auto created = TRY(database.create_table(
      {.table_name = "Songs",
       .attribute_definitions = std::vector<AttributeDefinition>{{"title", ScalarType::string}},
       .key_schema = KeySchema{{"title", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request,
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images}}));
  return *created.table_description.latest_stream_arn;
}

Result<void> change_some(Database& database) {
  TRY(database.put_item(
      {.table_name = "Songs", .item = Item{{"title", "Mood Indigo"}, {"plays", 1}}}));
  TRY(database.put_item(
      {.table_name = "Songs", .item = Item{{"title", "Sinnerman"}, {"plays", 1}}}));
  TRY(database.put_item(
      {.table_name = "Songs", .item = Item{{"title", "Sinnerman"}, {"plays", 2}}}));
  TRY(database.delete_item({.table_name = "Songs", .key = Key{{"title", "Sinnerman"}}}));
  return {};
}

Result<void> run(Database& database) {
  const std::string arn = TRY(make_table(database));
  const auto filter =
      TRY(StreamFilter::parse(R"({"dynamodb": {"Keys": {"title": {"S": [{"prefix": "Sin"}]}}}})"));

  // From the tip on. A program that must miss nothing while it is down keeps its checkpoints in a
  // file or a table instead.
  const auto checkpoints = make_in_memory_stream_checkpoints();
  std::stop_source stop;
  std::size_t printed = 0;
  const auto consumer = TRY(StreamConsumer::open(
      database, *checkpoints,
      {.stream_arn = arn,
       .group = "tail",
       .from = StreamStart::Kind::latest,
       .filter = [&](const ChangeRecord& record) { return filter.matches(record); }},
      [&](const StreamBatch& batch) {
        for (const ChangeRecord& record : batch.records) print(record);
        printed += batch.records.size();
        if (printed == 3) stop.request_stop();  // here; a program would go on
        return StreamOutcome::ok();
      }));
  TRY(consumer->start());  // from its return on, no change is missed

  Result<void> changed;
  std::thread writer([&] {
    changed = change_some(database);
    if (!changed) stop.request_stop();
  });
  const auto read = consumer->run(stop.get_token());
  writer.join();
  TRY(changed);
  return read;
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
