// What is exported comes back as it was, and an export may be a part.

#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "import_export.h"
#include "support/remote_databases.h"

namespace dynakeep {
namespace {

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

}  // namespace
}  // namespace dynakeep
