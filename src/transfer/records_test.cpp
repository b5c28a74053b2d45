#include "transfer/records.h"

#include <gtest/gtest.h>

#include "dynakeep/json.h"
#include "transfer/text_source.h"

namespace dynakeep::transfer {
namespace {

std::string change_of(LineFormat format, std::string_view line) {
  const auto change = change_of_line(format, line);
  if (!change) return "error";
  return (change->is_removal ? "remove " : "put ") + to_dynamodb_json(change->item);
}

TEST(Lines, OfDynamoDbJsonHoldAnItem) {
  for (const char* line :
       {R"({"Item":{"a":{"S":"x"}}})", " { \"Item\" :\t{\"a\":{\"S\":\"x\"}} } \r",
        R"({"Item":{"a":{"S":"x"}} })", R"({"I\u0074em":{"a":{"S":"x"}}})"}) {
    EXPECT_EQ(change_of(LineFormat::dynamodb_json, line), R"(put {"a":{"S":"x"}})") << line;
  }
}

TEST(Lines, OfIncrementalExportsPutTheNewImageOrRemoveTheKey) {
  const auto change = [](std::string_view line) {
    return change_of(LineFormat::dynamodb_json, line);
  };
  constexpr std::string_view metadata =
      R"({"Metadata":{"WriteTimestampMicros":{"N":"1680109764000000"}},)";
  EXPECT_EQ(change(std::string(metadata) + R"("Keys":{"a":{"S":"x"}},"NewImage":{"a":{"S":"x"}}})"),
            R"(put {"a":{"S":"x"}})");
  EXPECT_EQ(change(std::string(metadata) +
                   R"("Keys":{"a":{"S":"x"}},"OldImage":{"a":{"S":"x"},"b":{"N":"1"}},)"
                   R"("NewImage":{"a":{"S":"x"},"b":{"N":"2"}}})"),
            R"(put {"a":{"S":"x"},"b":{"N":"2"}})");
  EXPECT_EQ(change(std::string(metadata) + R"("Key":{"a":{"S":"x"}},"OldImage":{"a":{"S":"x"}}})"),
            R"(remove {"a":{"S":"x"}})");
}

TEST(Lines, ThatAreNoneAreRefused) {
  for (const char* line :
       {"", "{", "[]", "1", "{}", R"({"Item":1})", R"({"Item":{"a":1}})",
        R"({"Item":{"a":{"S":1}}})", R"({"Item":{"a":{"N":"x"}}})", R"({"Item":{}}x)",
        R"({"Item":{}},)", R"({"Item":{}}})", R"({"Item":{"a":{"S":"x"}},"Other":1})",
        R"({"Item":{"a":{"S":"\ud800"}}})", R"({"Item":{"a":{"SS":[]}}})",
        "{\"Item\":{\"a\":{\"S\":\"\xff\"}}}", R"({"Metadata":{"WriteTimestampMicros":{"N":"1"}}})",
        R"({"a":{"S":"x"}})"}) {
    EXPECT_EQ(change_of(LineFormat::dynamodb_json, line), "error") << line;
  }
  for (const char* line : {"", "{", "[]", "1", R"({"a":1e999})", R"({"a":{"$set":[]}})",
                           R"({"a":{"$bytes":"%"}})", R"({"$set":["a"]})"}) {
    EXPECT_EQ(change_of(LineFormat::json, line), "error") << line;
  }
}

TEST(Lines, OfDeepNestingAreRefused) {
  const std::string deep(100'000, '[');
  for (const LineFormat format : {LineFormat::dynamodb_json, LineFormat::json}) {
    EXPECT_EQ(change_of(format, R"({"Item":{"a":{"L":)" + deep), "error");
    EXPECT_EQ(change_of(format, deep + std::string(100'000, ']')), "error");
  }
}

LineFormat detected(std::string text) {
  TextSource source(std::move(text), 5);
  ReadAhead bytes(source);
  return detect_format(bytes).value();
}

TEST(Formats, AreToldByTheBeginning) {
  EXPECT_EQ(detected("{\"Item\":{"), LineFormat::dynamodb_json);
  EXPECT_EQ(detected("\xef\xbb\xbf\n { \"Metadata\" : {"), LineFormat::dynamodb_json);
  EXPECT_EQ(detected("{\"Keys\":{"), LineFormat::dynamodb_json);
  EXPECT_EQ(detected("{\"Item\":1"), LineFormat::json);
  EXPECT_EQ(detected("{\"Items\":{"), LineFormat::json);
  EXPECT_EQ(detected("{}"), LineFormat::json);
  EXPECT_EQ(detected("Item,x\n"), LineFormat::csv);
  EXPECT_EQ(detected(""), LineFormat::csv);
}

// "line:text:ok" of each record.
std::vector<std::string> records_of(std::string text, std::size_t line_bytes_max,
                                    LineFormat format = LineFormat::json) {
  TextSource source(std::move(text), 7);
  ReadAhead bytes(source);
  const CsvImport csv;
  const AttributeTypes types;
  const auto reader = read_records(bytes, format, csv, types, {}, line_bytes_max, {}).value();
  std::vector<std::string> found;
  while (true) {
    const auto record = reader->next().value();
    if (!record) return found;
    found.push_back(std::to_string(record->line) + ":" + std::string(record->text) +
                    (record->change ? ":ok" : ":" + record->change.error().message()));
  }
}

TEST(Records, OfJsonAreLines) {
  EXPECT_EQ(records_of("\xef\xbb\xbf{}\n\n \r\n{\"a\":1}\r\n{}", 100),
            (std::vector<std::string>{"1:{}:ok", "4:{\"a\":1}\r:ok", "5:{}:ok"}));
  EXPECT_EQ(records_of("", 100), std::vector<std::string>{});
}

TEST(Records, ThatAreTooLongArePassedOver) {
  const std::string text =
      "{\"a\":\"" + std::string(1'000'000, 'x') + "\"}\n{}\n" + std::string(500'000, ' ');
  EXPECT_EQ(records_of(text, 100), (std::vector<std::string>{"1::longer than 100 bytes", "2:{}:ok",
                                                             "3::longer than 100 bytes"}));
}

TEST(Records, OfCsvFollowTheirHeader) {
  EXPECT_EQ(records_of("a,b:N\nx,1\nx,y\n", 100, LineFormat::csv).size(), 2U);
  for (const char* header : {"a,a\nx,y\n", "a,\nx,y\n", "\"a\n", "b\nx\n"}) {
    TextSource source(header);
    ReadAhead bytes(source);
    const CsvImport csv;
    const AttributeTypes types;
    const KeyAttributes keys{{"a", AttributeType::string}};
    EXPECT_FALSE(read_records(bytes, LineFormat::csv, csv, types, keys, 100, {})) << header;
  }
}

TEST(Records, GoOnFromWhereAnotherReaderWas) {
  for (const LineFormat format : {LineFormat::json, LineFormat::csv}) {
    const std::string text = format == LineFormat::csv
                                 ? "a\nx\n\"y\nz\"\nlast\n"
                                 : "{\"a\":\"x\"}\n\n{\"a\":\"y\"}\n{\"a\":\"z\"}";
    const CsvImport csv;
    const AttributeTypes types;
    const KeyAttributes keys;
    std::vector<std::pair<ImportPosition, std::string>> after;  // what is left at each position
    TextSource source(text, 3);
    ReadAhead bytes(source);
    const auto reader = read_records(bytes, format, csv, types, keys, 100, {}).value();
    while (const auto record = reader->next().value()) {
      for (auto& [position, left] : after) {
        left += std::to_string(record->line) + std::string(record->text);
      }
      after.emplace_back(reader->position(), "");
    }
    ASSERT_EQ(after.size(), 3U);
    for (const auto& [position, left] : after) {
      TextSource again(text, 3);
      ReadAhead more(again);
      const auto rest = read_records(more, format, csv, types, keys, 100, position).value();
      std::string found;
      while (const auto record = rest->next().value()) {
        found += std::to_string(record->line) + std::string(record->text);
      }
      EXPECT_EQ(found, left);
    }
  }
}

}  // namespace
}  // namespace dynakeep::transfer
