// Exports and imports of engines that lack something.

#include <gtest/gtest.h>

#include "import_export.h"
#include "support/engine_fronts.h"
#include "support/remote_databases.h"

namespace dynakeep {
namespace {

TEST_F(ImportExport, WhatAnEngineDoesNotTakeIsRejected) {
  const auto other =
      support::remotes_behind(support::front_of(*support::engine_traits_of("no_empty_values")))();
  ASSERT_TRUE(other) << other.error();
  ASSERT_TRUE(other->database->create_table(table_request("Copy")));
  write(folder_ / "lines",
        "{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}}\n"
        "{\"Item\":{\"pk\":{\"S\":\"b\"},\"sk\":{\"N\":\"1\"},\"t\":{\"S\":\"\"}}}\n"
        "{\"Item\":{\"pk\":{\"S\":\"c\"},\"sk\":{\"N\":\"1\"}}}\n");
  std::vector<std::uint64_t> rejected;
  const ImportSummary summary = import_table(
      *other->database,
      {.table = "Copy", .paths = {folder_ / "lines"}, .on_rejected = [&](const RejectedLine& line) {
         rejected.push_back(line.line);
       }});
  EXPECT_EQ(summary.ending, ImportEnding::complete);
  EXPECT_EQ(summary.written, 2U);
  EXPECT_EQ(rejected, std::vector<std::uint64_t>{2});
  EXPECT_EQ(items_of(*other->database, "Copy").size(), 2U);
}

TEST_F(ImportExport, WhatAnEngineDoesNotKeepOfATableIsTold) {
  TableDefinition definition{.table = table_request("Copy"), .time_to_live_attribute = "end"};
  definition.table.stream_specification =
      StreamSpecification{.stream_enabled = true, .stream_view_type = StreamViewType::keys_only};
  definition.table.tags = std::vector<Tag>{{.key = "a", .value = "b"}};
  EXPECT_TRUE(not_kept(definition, Capabilities{}).empty());
  EXPECT_EQ(
      not_kept(definition, {.engine = "E", .tags = false, .streams = false, .time_to_live = false}),
      (std::vector<std::string>{
          "the database (E) has no time to live: nothing deletes what has expired in Copy by end",
          "the database (E) has no tags: Copy is without its own",
          "the database (E) has no streams: Copy is without"}));
}

TEST_F(ImportExport, AnEngineWithoutATimeToLiveHasTablesWithoutOne) {
  const auto other =
      support::remotes_behind(support::front_of(*support::engine_traits_of("no_time_to_live")))();
  ASSERT_TRUE(other) << other.error();
  Database& lesser = *other->database;
  ASSERT_TRUE(database_->update_time_to_live({.table_name = "Songs",
                                              .time_to_live_specification = TimeToLiveSpecification{
                                                  .enabled = true, .attribute_name = "end"}}));
  put({{"pk", "over"}, {"sk", 1}, {"end", 1}});
  ASSERT_TRUE(export_table(*database_, {.table = "Songs", .folder = folder_ / "there"}));

  auto definition = exported_table_definition(folder_ / "there").value();
  definition.table.table_name = "Made";
  EXPECT_EQ(not_kept(definition, lesser.capabilities()),
            std::vector<std::string>{"the database (Timeless/1) has no time to live: nothing "
                                     "deletes what has expired in Made by end"});
  const auto made = create_defined_table(lesser, definition);
  ASSERT_TRUE(made) << made.error();
  EXPECT_TRUE(not_kept(definition, *made).empty());
  const ImportSummary summary =
      import_table(lesser, {.table = "Made", .paths = {folder_ / "there"}});
  EXPECT_EQ(summary.ending, ImportEnding::complete);
  ASSERT_TRUE(set_time_to_live(lesser, definition));
  EXPECT_EQ(items_of(lesser, "Made"), items_of(*database_, "Songs"));

  ASSERT_TRUE(export_table(lesser, {.table = "Made", .folder = folder_ / "here"}));
  const auto back = exported_table_definition(folder_ / "here");
  ASSERT_TRUE(back) << back.error();
  EXPECT_FALSE(back->time_to_live_attribute);
}

TEST_F(ImportExport, AClassThatATableIsWithoutIsTold) {
  TableDefinition definition{.table = table_request("Made")};
  const auto made = create_defined_table(*database_, definition);
  ASSERT_TRUE(made) << made.error();
  EXPECT_TRUE(not_kept(definition, *made).empty());
  definition.table.table_class = TableClass::standard_infrequent_access;
  EXPECT_EQ(not_kept(definition, *made),
            std::vector<std::string>{
                "the table Made is of the class STANDARD, and not STANDARD_INFREQUENT_ACCESS"});
}

TEST_F(ImportExport, ATimeToLiveThatIsSetIsNotSetAgain) {
  const TableDefinition definition{.table = table_request("Songs"),
                                   .time_to_live_attribute = "end"};
  for (int time = 0; time < 2; ++time) {
    const auto set = set_time_to_live(*database_, definition);
    EXPECT_TRUE(set) << set.error();
  }
  EXPECT_EQ(time_to_live_of(*database_, "Songs").value(), "end");
}

}  // namespace
}  // namespace dynakeep
