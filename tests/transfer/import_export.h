#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/json.h"
#include "dynakeep/pages.h"
#include "dynakeep/transfer/export.h"
#include "dynakeep/transfer/import.h"
#include "dynakeep/transfer/table_definition.h"

// Two tables and a folder: what the tests of exports and imports have in common.
namespace dynakeep {

namespace fs = std::filesystem;

inline CreateTableRequest table_request(const std::string& name) {
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

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

using Items = std::map<std::string, std::string>;  // by key, as DynamoDB JSON

inline Items items_of(Database& database, const std::string& table) {
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

inline Number number(const char* text) { return Number::parse(text).value(); }

}  // namespace dynakeep
