// Amazon's layout of exports, written and read.

#include <gtest/gtest.h>

#include "import_export.h"

namespace dynakeep {
namespace {

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

}  // namespace
}  // namespace dynakeep
