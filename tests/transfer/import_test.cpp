// Lines that are wrong, what is written, and databases with troubles.

#include <algorithm>
#include <atomic>

#include <gtest/gtest.h>

#include "import_export.h"
#include "server/unused_database.h"

namespace dynakeep {
namespace {

// ---- lines that are wrong ----

TEST_F(ImportExport, WrongLinesAreRejectedAndTheOthersWritten) {
  const std::string too_large =
      "{\"Item\":{\"pk\":{\"S\":\"x\"},\"sk\":{\"N\":\"1\"},\"t\":{\"S\":\"" +
      std::string(410'000, 'x') + "\"}}}";
  const ImportSummary summary = import_text(
      "{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}}\n"
      "{\"Item\":{\"pk\":{\"S\":\"a\"}}}\n"
      "{\"Item\":{\"pk\":{\"N\":\"1\"},\"sk\":{\"N\":\"1\"}}}\n"
      "{\"Item\":{\"pk\":{\"S\":\"\"},\"sk\":{\"N\":\"1\"}}}\n"
      "\n"
      "not json\n"
      "{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1e999\"}}}\n" +
      too_large +
      "\n{\"Item\":{\"pk\":{\"S\":\"b\"},\"sk\":{\"N\":\"1\"}}}\n{\"Item\":{\"pk\":{\"S\":");
  EXPECT_EQ(summary.ending, ImportEnding::complete);
  EXPECT_EQ(summary.lines, 9U);
  EXPECT_EQ(summary.written, 2U);
  EXPECT_EQ(summary.rejected, 7U);
  EXPECT_EQ(items_of(*database_, "Copy").size(), 2U);
  std::sort(rejected_.begin(), rejected_.end());
  ASSERT_EQ(rejected_.size(), 7U);
  EXPECT_TRUE(rejected_[0].starts_with("10: ")) << rejected_[0];
  EXPECT_EQ(rejected_[1], "2: has no key attribute sk");
  EXPECT_EQ(rejected_[2], "3: the key attribute pk is of type N, not S");
  EXPECT_EQ(rejected_[3], "4: the key attribute pk is empty");
  EXPECT_TRUE(rejected_[4].starts_with("6: ")) << rejected_[4];
  EXPECT_TRUE(rejected_[5].starts_with("7: ")) << rejected_[5];
  EXPECT_EQ(rejected_[6], "8: Item size has exceeded the maximum allowed size");
  EXPECT_NE(std::find(texts_.begin(), texts_.end(), too_large), texts_.end());
}

TEST_F(ImportExport, TooManyRejectedLinesEndIt) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "wrong\n";
  const ImportSummary summary = import_text("{\"a\":1}\n" + text, {.rejected_max = 5});
  EXPECT_EQ(summary.ending, ImportEnding::too_many_rejected);
  EXPECT_EQ(summary.rejected, 5U);
  EXPECT_EQ(summary.lines, 5U);
  EXPECT_EQ(summary.position.line, 6U);
}

TEST_F(ImportExport, DamagedPackingFailsAndSaysWhatIsDone) {
  put_many(3000);
  ASSERT_TRUE(export_table(*database_, {.table = "Songs",
                                        .file = folder_ / "whole",
                                        .compression = Compression::gzip,
                                        .segments = 1}));
  const std::string whole = read(folder_ / "whole");
  write(folder_ / "cut", whole.substr(0, whole.size() - 10));
  const ImportSummary summary = import({.paths = {folder_ / "cut"}});
  EXPECT_EQ(summary.ending, ImportEnding::failed);
  EXPECT_EQ(summary.failure->message(), (folder_ / "cut") + ": the gzip data is cut short");
  EXPECT_EQ(summary.unknown, 0U);
  EXPECT_EQ(summary.written, items_of(*database_, "Copy").size());
  EXPECT_GT(summary.written, 0U);
}

TEST_F(ImportExport, WhatIsNotThereFailsBeforeAnythingIsWritten) {
  write(folder_ / "lines", "{\"pk\":\"a\",\"sk\":1}\n");
  const ImportSummary summary = import({.paths = {folder_ / "lines", folder_ / "nothing"}});
  EXPECT_EQ(summary.ending, ImportEnding::failed);
  EXPECT_EQ(summary.written, 0U);
  EXPECT_EQ(items_of(*database_, "Copy"), Items{});
  const ImportSummary other =
      import_table(*database_, {.table = "Nothing", .paths = {folder_ / "lines"}});
  EXPECT_EQ(other.failure->code(), ErrorCode::resource_not_found);
}

// ---- what is written ----

TEST_F(ImportExport, OfLinesWithOneKeyTheLastStays) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text +=
        "{\"pk\":\"p" + std::to_string(i % 7) + "\",\"sk\":0,\"v\":" + std::to_string(i) + "}\n";
  }
  EXPECT_EQ(import_text(text, {.writers = 8}).written, 5000U);
  for (int i = 4993; i < 5000; ++i) {
    const auto got = database_->get_item(
        {.table_name = "Copy", .key = Key{{"pk", "p" + std::to_string(i % 7)}, {"sk", 0}}});
    EXPECT_EQ(got->item->at("v"), AttributeValue(i));
  }
}

TEST_F(ImportExport, WhatIsThereStaysIfAskedFor) {
  ASSERT_EQ(import_text("{\"pk\":\"a\",\"sk\":1,\"v\":\"old\"}\n").written, 1U);
  const ImportSummary summary =
      import_text("{\"pk\":\"a\",\"sk\":1,\"v\":\"new\"}\n{\"pk\":\"b\",\"sk\":1,\"v\":\"new\"}\n",
                  {.only_if_absent = true});
  EXPECT_EQ(summary.written, 1U);
  EXPECT_EQ(summary.existing, 1U);
  const auto got = database_->get_item({.table_name = "Copy", .key = Key{{"pk", "a"}, {"sk", 1}}});
  EXPECT_EQ(got->item->at("v"), AttributeValue("old"));
}

TEST_F(ImportExport, ADryRunChecksAndWritesNothing) {
  const ImportSummary summary = import_text(
      "pk,sk,v\na,1,x\nb,x,y\n\"c\",2," + std::string(420'000, 'x') + "\n", {.dry_run = true});
  EXPECT_EQ(summary.written, 1U);
  EXPECT_EQ(summary.rejected, 2U);
  EXPECT_EQ(items_of(*database_, "Copy"), Items{});
}

TEST_F(ImportExport, OneGoesOnWhereAnotherStopped) {
  put_many(1000);
  ASSERT_TRUE(export_table(*database_, {.table = "Songs",
                                        .file = folder_ / "items",
                                        .compression = Compression::zstd,
                                        .segments = 1}));
  std::stop_source stop;
  ImportRequest request{.paths = {folder_ / "items"}};
  request.checkpoint_lines = 100;
  request.on_checkpoint = [&](const ImportProgress& progress) {
    if (progress.lines == 300) stop.request_stop();
  };
  request.stop = stop.get_token();
  const ImportSummary first = import(request);
  EXPECT_EQ(first.ending, ImportEnding::stopped);
  EXPECT_EQ(first.written, 300U);
  EXPECT_EQ(first.position.line, 301U);
  const ImportSummary second = import({.paths = request.paths, .from = first.position});
  EXPECT_EQ(second.ending, ImportEnding::complete);
  EXPECT_EQ(second.written, 700U);
  EXPECT_EQ(items_of(*database_, "Copy"), items_of(*database_, "Songs"));
}

// ---- databases with troubles ----

// Passes on what an import asks for, with something in its way.
class Troubled : public server::UnusedDatabase {
 public:
  explicit Troubled(Database& under) : under_(under) {}

  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return under_.describe_table(request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return under_.put_item(request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    if (--scans_left_ < 0) return Error(ErrorCode::unavailable, "gone");
    return under_.scan(request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    if (--batches_left_ < 0) return Error(ErrorCode::unavailable, "gone");
    if (!leaves_some_) return under_.batch_write_item(request);
    // Every other write is left unprocessed.
    BatchWriteItemRequest some;
    BatchWriteItemResult result;
    auto& taken = some.request_items.emplace();
    for (const auto& [table, writes] : *request.request_items) {
      for (std::size_t i = 0; i < writes.size(); ++i) {
        (i % 2 == 0 ? taken[table] : result.unprocessed_items[table]).push_back(writes[i]);
      }
    }
    const auto done = under_.batch_write_item(some);
    if (!done) return done.error();
    return result;
  }

  std::atomic<int> batches_left_ = 1'000'000;
  std::atomic<int> scans_left_ = 1'000'000;
  bool leaves_some_ = false;

 private:
  Database& under_;
};

TEST_F(ImportExport, WhatABatchLeavesUnprocessedIsSentAgain) {
  Troubled troubled(*database_);
  troubled.leaves_some_ = true;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "{\"pk\":\"a\",\"sk\":" + std::to_string(i) + "}\n";
  write(folder_ / "lines", text);
  const ImportSummary summary =
      import_table(troubled, {.table = "Copy", .paths = {folder_ / "lines"}, .writers = 1});
  EXPECT_EQ(summary.ending, ImportEnding::complete);
  EXPECT_EQ(summary.written, 60U);
  EXPECT_EQ(items_of(*database_, "Copy").size(), 60U);
}

TEST_F(ImportExport, ADatabaseThatGoesAwayFailsItWithCounts) {
  Troubled troubled(*database_);
  troubled.batches_left_ = 10;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"pk\":\"a\",\"sk\":" + std::to_string(i) + "}\n";
  write(folder_ / "lines", text);
  const ImportSummary summary =
      import_table(troubled, {.table = "Copy", .paths = {folder_ / "lines"}, .writers = 2});
  EXPECT_EQ(summary.ending, ImportEnding::failed);
  EXPECT_EQ(summary.failure->code(), ErrorCode::unavailable);
  EXPECT_EQ(summary.written, 250U);
  EXPECT_EQ(summary.written + summary.unknown, summary.lines);
  EXPECT_LT(summary.lines, 5000U);  // it did not read on for long
  EXPECT_EQ(summary.position, ImportPosition{});
}

TEST_F(ImportExport, AnExportThatFailsOrIsStoppedLeavesNothing) {
  put_many(30'000);
  write(folder_ / "file", "as it was");
  Troubled troubled(*database_);
  troubled.scans_left_ = 1;
  for (const unsigned segments : {1U, 4U}) {
    troubled.scans_left_ = 1;
    EXPECT_FALSE(
        export_table(troubled, {.table = "Songs", .file = folder_ / "file", .segments = segments}));
  }
  std::stop_source stop;
  for (const bool to_folder : {false, true}) {
    ExportRequest request{.table = "Songs"};
    (to_folder ? request.folder : request.file) = folder_ / (to_folder ? "folder" : "file");
    request.on_progress = [&](const ExportProgress&) { stop.request_stop(); };
    request.stop = stop.get_token();
    const auto stopped = export_table(*database_, request);
    ASSERT_TRUE(stopped) << stopped.error();
    EXPECT_TRUE(stopped->stopped);
  }
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"file", "folder", "folder/AWSDynamoDB"}));
  EXPECT_EQ(read(folder_ / "file"), "as it was");
}

TEST_F(ImportExport, AnExportTakesAFilterAProjectionAndColumns) {
  put({{"pk", "a"}, {"sk", 1}, {"v", 1}, {"w", "x"}});
  put({{"pk", "b"}, {"sk", 2}, {"v", 2}, {"w", "y"}});
  const auto text_of = [&](ExportRequest request) {
    std::string text;
    request.table = "Songs";
    request.segments = 1;
    request.write = [&](std::string_view bytes) {
      text += bytes;
      return Result<void>();
    };
    const auto exported = export_table(*database_, request);
    return exported ? text : exported.error().message();
  };
  EXPECT_EQ(text_of({.filter_expression = "v = :v",
                     .projection_expression = "#w",
                     .expression_attribute_names = ExpressionAttributeNames{{"#w", "w"}},
                     .expression_attribute_values = Item{{":v", 2}}}),
            "{\"Item\":{\"w\":{\"S\":\"y\"}}}\n");
  EXPECT_EQ(text_of({.format = LineFormat::csv,
                     .columns = {{.name = "w"}, {.name = "sk"}},
                     .filter_expression = "v = :v",
                     .expression_attribute_values = Item{{":v", 2}}}),
            "w:S,sk:N\ny,2\n");
  EXPECT_EQ(text_of({.format = LineFormat::csv,
                     .filter_expression = "v = :v",
                     .expression_attribute_values = Item{{":v", 3}}}),
            "pk:S,sk:N\n");
  EXPECT_EQ(text_of({.format = LineFormat::csv, .columns = {{.name = "v"}}}),
            "the attribute v of an item is of type N, and there is no column v:N");
  EXPECT_EQ(text_of({.columns = {{.name = "v"}}}), "only CSV has columns");
}

}  // namespace
}  // namespace dynakeep
