// What include/dynakeep/transfer promises.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/json.h"
#include "dynakeep/pages.h"
#include "dynakeep/transfer/export.h"
#include "dynakeep/transfer/import.h"
#include "dynakeep/transfer/table_definition.h"
#include "server/unused_database.h"
#include "support/engine_fronts.h"
#include "support/remote_databases.h"

namespace dynakeep {
namespace {

namespace fs = std::filesystem;

CreateTableRequest table_request(const std::string& name) {
  return {.table_name = name,
          .attribute_definitions = std::vector<AttributeDefinition>{{"pk", ScalarType::string},
                                                                    {"sk", ScalarType::number}},
          .key_schema = KeySchema{{"pk", KeyType::hash}, {"sk", KeyType::range}},
          .billing_mode = BillingMode::pay_per_request};
}

// A folder that is gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "dynakeep-transfer-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& each : fs::recursive_directory_iterator(path_)) {
      found.push_back(fs::relative(each.path(), path_).string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  fs::path path_;
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

using Items = std::map<std::string, std::string>;  // by key, as DynamoDB JSON

Items items_of(Database& database, const std::string& table) {
  Items items;
  const auto count = for_each_item(database, ScanRequest{.table_name = table}, [&](Item&& item) {
    const Key key{{"pk", item.at("pk")}, {"sk", item.at("sk")}};
    items[to_dynamodb_json(key)] = to_dynamodb_json(item);
    return true;
  });
  EXPECT_TRUE(count);
  return items;
}

class ImportExport : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = open_embedded({.in_memory = true}).value();
    for (const char* name : {"Songs", "Copy"}) {
      ASSERT_TRUE(database_->create_table(table_request(name)));
    }
  }

  void put(const Item& item) {
    const auto done = database_->put_item({.table_name = "Songs", .item = item});
    ASSERT_TRUE(done) << done.error();
  }

  void put_many(int count) {
    for (int i = 0; i < count; ++i) {
      put({{"pk", "p" + std::to_string(i % 97)}, {"sk", i}, {"text", std::string(100, 'x')}});
    }
  }

  // Into "Copy"; what was rejected as "line: reason".
  ImportSummary import(ImportRequest request) {
    request.table = "Copy";
    rejected_.clear();
    request.on_rejected = [this](const RejectedLine& line) {
      rejected_.push_back(std::to_string(line.line) + ": " + line.reason);
      texts_.push_back(line.text);
    };
    return import_table(*database_, request);
  }

  ImportSummary import_text(std::string text, ImportRequest request = {}) {
    request.paths = {folder_ / "lines"};
    write(request.paths[0], text);
    return import(std::move(request));
  }

  Folder folder_;
  std::unique_ptr<Database> database_;
  std::vector<std::string> rejected_;
  std::vector<std::string> texts_;
};

Number number(const char* text) { return Number::parse(text).value(); }

std::vector<Item> items_of_every_type() {
  AttributeValue deep = "bottom";
  for (int i = 0; i < 31; ++i) deep = AttributeList{deep};
  return {
      {{"pk", "types"},
       {"sk", 1},
       {"S", "text"},
       {"N", number("-12345678901234567890123456789012345678")},
       {"B", Binary(std::string("\0\x01\xff", 3))},
       {"yes", true},
       {"no", false},
       {"NULL", nullptr},
       {"L", AttributeList{1, "two", nullptr, AttributeList{}, AttributeMap{}}},
       {"M", AttributeMap{{"", 1}, {"$set", AttributeMap{{"$bytes", "x"}}}}},
       {"SS", StringSet{"", "a", "ü"}},
       {"NS", NumberSet{number("1E-130"), number("9.9999999999999999999999999999999999999E+125")}},
       {"BS", BinarySet{Binary(""), Binary("x")}}},
      {{"pk", "empty"},
       {"sk", 0},
       {"S", ""},
       {"B", Binary("")},
       {"L", AttributeList{}},
       {"M", AttributeMap{}}},
      {{"pk", "ünï\n\"cödé\" 🙂,\x01"},
       {"sk", number("0.1")},
       {"tab\tname", "\r\n\"quoted\", and\\"},
       {"Item", "Item"},
       {"a:N", "colon"}},
      {{"pk", "deep"}, {"sk", 0}, {"deep", deep}},
      {{"pk", "large"}, {"sk", 0}, {"text", std::string(400 * 1024 - 30, 'x')}},
      {{"pk", "escapes"}, {"sk", 0}, {"text", std::string(200'000, '\x01')}},
      {{"pk", "bytes"}, {"sk", 0}, {"raw", Binary(std::string(400 * 1024 - 30, '\xff'))}},
      {{"pk", "mixed"}, {"sk", 1}, {"value", 1}},
      {{"pk", "mixed"}, {"sk", 2}, {"value", "1"}},
  };
}

TEST_F(ImportExport, EveryTypeComesBackFromEveryFormatAndPacking) {
  for (const Item& item : items_of_every_type()) put(item);
  const Items all = items_of(*database_, "Songs");
  for (const LineFormat format : {LineFormat::dynamodb_json, LineFormat::json, LineFormat::csv}) {
    for (const Compression compression :
         {Compression::none, Compression::gzip, Compression::zstd}) {
      SCOPED_TRACE(static_cast<int>(format) * 10 + static_cast<int>(compression));
      ASSERT_TRUE(database_->delete_table({.table_name = "Copy"}));
      ASSERT_TRUE(database_->create_table(table_request("Copy")));
      const auto exported = export_table(*database_, {.table = "Songs",
                                                      .file = folder_ / "items",
                                                      .format = format,
                                                      .compression = compression,
                                                      .segments = 3});
      ASSERT_TRUE(exported) << exported.error();
      EXPECT_EQ(exported->items, all.size());
      EXPECT_EQ(folder_.names(), std::vector<std::string>{"items"});
      EXPECT_EQ(exported->written_bytes, fs::file_size(folder_ / "items"));

      const ImportSummary imported = import({.paths = {folder_ / "items"}});
      EXPECT_EQ(imported.ending, ImportEnding::complete)
          << (imported.failure ? imported.failure->message() : "");
      EXPECT_EQ(imported.written, all.size());
      EXPECT_EQ(rejected_, std::vector<std::string>{});
      EXPECT_EQ(items_of(*database_, "Copy"), all);
    }
  }
}

TEST_F(ImportExport, RandomItemsComeBackOverTheWireToo) {
  const char* const given = std::getenv("DYNAKEEP_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 20261121;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::function<AttributeValue(int)> value = [&](int depth) -> AttributeValue {
    const auto text = [&] {
      std::string made;
      const char* const pieces[] = {"a", "\"", "\\", "ü", "🙂", "\n", ",", " ", "\x7f", "0"};
      for (auto left = random() % 6; left > 0; --left) made += pieces[random() % 10];
      return made;
    };
    const auto digits = [&] {
      return number((std::to_string(random()) + std::to_string(random()) + "." +
                     std::to_string(random()) + "E" +
                     std::to_string(static_cast<int>(random() % 150) - 90))
                        .c_str());
    };
    switch (random() % (depth > 3 ? 8 : 10)) {
      case 0:
        return text();
      case 1:
        return digits();
      case 2:
        return Binary(text());
      case 3:
        return random() % 2 == 0;
      case 4:
        return nullptr;
      case 5:
        return StringSet{text(), text(), text()};
      case 6:
        return NumberSet{digits(), digits()};
      case 7:
        return BinarySet{Binary(text()), Binary(text())};
      case 8: {
        AttributeList list;
        for (auto left = random() % 4; left > 0; --left) list.push_back(value(depth + 1));
        return list;
      }
      default: {
        AttributeMap map;
        for (auto left = random() % 4; left > 0; --left) map[text()] = value(depth + 1);
        return map;
      }
    }
  };
  auto remote = support::open_remote_in_process().value();
  for (const char* name : {"Songs", "Copy"}) {
    ASSERT_TRUE(remote.database->create_table(table_request(name)));
  }
  for (int i = 0; i < 300; ++i) {
    Item item{{"pk", "p" + std::to_string(random() % 20)}, {"sk", i}};
    for (auto left = random() % 4; left > 0; --left) {
      item[std::string(1, static_cast<char>('a' + random() % 26))] = value(1);
    }
    ASSERT_TRUE(remote.database->put_item({.table_name = "Songs", .item = item}));
  }
  const Items all = items_of(*remote.database, "Songs");
  for (const LineFormat format : {LineFormat::dynamodb_json, LineFormat::json, LineFormat::csv}) {
    ASSERT_TRUE(remote.database->delete_table({.table_name = "Copy"}));
    ASSERT_TRUE(remote.database->create_table(table_request("Copy")));
    std::string text;
    const auto exported = export_table(*remote.database, {.table = "Songs",
                                                          .write =
                                                              [&](std::string_view bytes) {
                                                                text += bytes;
                                                                return Result<void>();
                                                              },
                                                          .format = format});
    ASSERT_TRUE(exported) << exported.error();
    std::size_t at = 0;
    const ImportSummary imported = import_table(
        *remote.database, {.table = "Copy", .read = [&](std::span<char> to) -> Result<std::size_t> {
                             const std::size_t count = text.copy(to.data(), to.size(), at);
                             at += count;
                             return count;
                           }});
    EXPECT_EQ(imported.ending, ImportEnding::complete);
    EXPECT_EQ(imported.written, all.size());
    EXPECT_EQ(items_of(*remote.database, "Copy"), all);
  }
}

// ---- Amazon's layout ----

TEST_F(ImportExport, AFolderHoldsManifestsSumsAndTheTable) {
  put_many(1000);
  CreateTableRequest request = table_request("Other");
  request.tags = std::vector<Tag>{{"team", "music"}};
  request.global_secondary_indexes = std::vector<GlobalSecondaryIndex>{
      {.index_name = "by_sk",
       .key_schema = KeySchema{{"sk", KeyType::hash}},
       .projection = Projection{.projection_type = ProjectionType::keys_only}}};
  request.stream_specification =
      StreamSpecification{.stream_enabled = true, .stream_view_type = StreamViewType::new_image};
  ASSERT_TRUE(database_->create_table(request));
  ASSERT_TRUE(database_->update_time_to_live({.table_name = "Other",
                                              .time_to_live_specification = TimeToLiveSpecification{
                                                  .enabled = true, .attribute_name = "end"}}));
  const ManualClock clock;
  const auto exported = export_table(
      *database_, {.table = "Songs", .folder = folder_.path(), .segments = 2, .clock = &clock});
  ASSERT_TRUE(exported) << exported.error();
  const std::string id = fs::path(exported->path).filename().string();
  EXPECT_EQ(id.substr(0, 15), "01700000000000-");
  const std::string base = "AWSDynamoDB/" + id;
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{
                                 "AWSDynamoDB", base, base + "/data", base + "/data/00000.json.gz",
                                 base + "/data/00001.json.gz", base + "/manifest-files.json",
                                 base + "/manifest-files.md5", base + "/manifest-summary.json",
                                 base + "/manifest-summary.md5", base + "/table.json"}));

  for (const std::string& path : {folder_.path(), folder_ / "AWSDynamoDB", exported->path}) {
    ASSERT_TRUE(database_->delete_table({.table_name = "Copy"}));
    ASSERT_TRUE(database_->create_table(table_request("Copy")));
    const ImportSummary imported = import({.paths = {path}});
    EXPECT_EQ(imported.ending, ImportEnding::complete);
    EXPECT_EQ(imported.written, 1000U);
    EXPECT_EQ(items_of(*database_, "Copy"), items_of(*database_, "Songs"));
  }

  const auto other = export_table(*database_, {.table = "Other", .folder = folder_ / "other"});
  ASSERT_TRUE(other) << other.error();
  auto definition = exported_table_definition(folder_ / "other");
  ASSERT_TRUE(definition) << definition.error();
  EXPECT_EQ(definition->time_to_live_attribute, "end");
  definition->table.table_name = "Made";
  ASSERT_TRUE(create_defined_table(*database_, *definition));
  EXPECT_EQ(create_defined_table(*database_, *definition).error().code(),
            ErrorCode::resource_in_use);
  ASSERT_TRUE(set_time_to_live(*database_, *definition));
  const auto made = table_definition(*database_, "Made").value();
  request.table_name = "Made";
  EXPECT_EQ(to_dynamodb_json(made.table), to_dynamodb_json(request));
  EXPECT_EQ(made.time_to_live_attribute, "end");
}

class Damaged : public ImportExport {
 protected:
  void SetUp() override {
    ImportExport::SetUp();
    put_many(100);
    path_ = export_table(*database_, {.table = "Songs", .folder = folder_.path(), .segments = 1})
                .value()
                .path;
  }

  // Why nothing of it is imported.
  std::string refusal() {
    const ImportSummary summary = import({.paths = {folder_.path()}});
    EXPECT_EQ(summary.ending, ImportEnding::failed);
    EXPECT_EQ(items_of(*database_, "Copy"), Items{});
    return summary.failure ? summary.failure->message() : "none";
  }

  void change(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = read(path_ + name);
    ASSERT_NE(text.find(from), std::string::npos) << text;
    text.replace(text.find(from), from.size(), to);
    write(path_ + name, text);
  }

  std::string path_;
};

TEST_F(Damaged, FilesAreFoundByTheirSumsBeforeAnythingIsWritten) {
  std::string data = read(path_ + "/data/00000.json.gz");
  data[data.size() / 2] = static_cast<char>(data[data.size() / 2] ^ 1);
  write(path_ + "/data/00000.json.gz", data);
  EXPECT_EQ(refusal(), path_ +
                           "/data/00000.json.gz: is not what its md5Checksum in "
                           "manifest-files.json says");
  fs::remove(path_ + "/data/00000.json.gz");
  EXPECT_NE(refusal().find("cannot open"), std::string::npos);
}

TEST_F(Damaged, ManifestsAreFoundByTheirSums) {
  change("/manifest-files.json", "\"itemCount\":100", "\"itemCount\":101");
  EXPECT_NE(refusal().find("is not what its sum in manifest-files.md5 says"), std::string::npos);
  fs::remove(path_ + "/manifest-files.md5");
  EXPECT_NE(refusal().find("its files have 101 items, and manifest-summary.json says 100"),
            std::string::npos);
}

TEST_F(Damaged, ManifestsReachNoFileElsewhere) {
  fs::remove(path_ + "/manifest-files.md5");
  change("/manifest-files.json", "data/00000.json.gz", "data/../../../..");
  EXPECT_NE(refusal().find("names no file"), std::string::npos);
  change("/manifest-files.json", "data/../../../..", "data/../../manifest-summary.json");
  EXPECT_NE(refusal().find("cannot open " + path_ + "/data/manifest-summary.json"),
            std::string::npos);
}

TEST_F(Damaged, AnotherFormatIsNamed) {
  fs::remove(path_ + "/manifest-summary.md5");
  change("/manifest-summary.json", "DYNAMODB_JSON", "ION");
  EXPECT_NE(refusal().find("in the format ION"), std::string::npos);
}

TEST_F(Damaged, WhatWasNotFinishedIsNoExport) {
  fs::rename(path_, path_ + ".partial");
  EXPECT_NE(refusal().find("holds no export"), std::string::npos);
}

TEST_F(Damaged, OfSeveralExportsOneIsToBeNamed) {
  ManualClock clock;
  ASSERT_TRUE(
      export_table(*database_, {.table = "Songs", .folder = folder_.path(), .clock = &clock}));
  EXPECT_NE(refusal().find("holds several exports, name one: "), std::string::npos);
}

TEST_F(ImportExport, AmazonsOwnLayoutIsRead) {
  // The forms of Amazon's guide, with a prefix of a bucket, and a data file that is not packed.
  const std::string base = folder_ / "2020-Nov/AWSDynamoDB/01693685827463-2d8752fd";
  const std::string data =
      "{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"Authors\":{\"SS\":[\"Author1\","
      "\"Author2\"]}}}\n"
      "{\"Item\":{\"pk\":{\"S\":\"b\"},\"sk\":{\"N\":\"2.50\"}}}\n";
  write(base + "/data/asdl123dasas.json.gz", data);
  write(base + "/manifest-summary.json",
        "{\n  \"version\": \"2020-06-30\",\n  \"tableArn\": "
        "\"arn:aws:dynamodb:us-east-1:1:table/X\",\n"
        "  \"s3Prefix\": \"2020-Nov\", \"itemCount\": 2, \"outputFormat\": \"DYNAMODB_JSON\",\n"
        "  \"exportType\": \"FULL_EXPORT\"\n}\n");
  write(base + "/manifest-files.json",
        "{\"itemCount\":2,\"md5Checksum\":\"j1RSvG8FYux5BLsPh6cXig==\",\"etag\":\"x-1\","
        "\"dataFileS3Key\":\"2020-Nov/AWSDynamoDB/01693685827463-2d8752fd/data/"
        "asdl123dasas.json.gz\"}\n");
  const ImportSummary imported = import({.paths = {folder_ / "2020-Nov"}});
  ASSERT_EQ(imported.ending, ImportEnding::complete)
      << (imported.failure ? imported.failure->message() : "");
  EXPECT_EQ(items_of(*database_, "Copy").size(), 2U);
  EXPECT_EQ(exported_table_definition(folder_ / "2020-Nov").error().code(), ErrorCode::not_found);
}

TEST_F(ImportExport, IncrementalLinesPutAndRemove) {
  const ImportSummary first = import_text(
      R"({"Metadata":{"WriteTimestampMicros":{"N":"1"}},"Keys":{"pk":{"S":"a"},"sk":{"N":"1"}},"NewImage":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"N":"1"}}})"
      "\n"
      R"({"Metadata":{"WriteTimestampMicros":{"N":"2"}},"Keys":{"pk":{"S":"a"},"sk":{"N":"1"}},"OldImage":{"pk":{"S":"a"},"sk":{"N":"1"}}})"
      "\n"
      R"({"Metadata":{"WriteTimestampMicros":"3"},"Key":{"pk":{"S":"b"},"sk":{"N":"1"}},"NewImage":{"pk":{"S":"b"},"sk":{"N":"1"}}})");
  EXPECT_EQ(first.ending, ImportEnding::complete);
  EXPECT_EQ(first.written, 2U);
  EXPECT_EQ(first.removed, 1U);
  EXPECT_EQ(items_of(*database_, "Copy").size(), 1U);
}

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

// ---- engines that lack something ----

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
