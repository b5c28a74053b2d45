#include "transfer/csv.h"

#include <random>

#include <gtest/gtest.h>

#include "dynakeep/json.h"
#include "transfer/text_source.h"

namespace dynakeep::transfer {
namespace {

struct Row {
  std::uint64_t line = 0;
  std::string problem = {};
  std::vector<std::string> cells = {};

  friend bool operator==(const Row&, const Row&) = default;
  friend void PrintTo(const Row& row, std::ostream* out) {
    *out << row.line << ": " << row.problem;
    for (const std::string& cell : row.cells) *out << " [" << cell << "]";
  }
};

// Cells that were quoted begin with a quote here.
std::vector<Row> rows_of(std::string text, std::size_t piece = 3, std::size_t bytes_max = 1000) {
  TextSource source(std::move(text), piece);
  ReadAhead bytes(source);
  CsvReader reader(bytes, ',', bytes_max);
  std::vector<Row> rows;
  while (true) {
    const auto record = reader.next().value();
    if (!record) return rows;
    rows.push_back({.line = record->line, .problem = record->problem});
    if (!record->problem.empty()) continue;
    for (const CsvCell& cell : reader.cells()) {
      rows.back().cells.push_back((cell.quoted ? "\"" : "") + cell.text);
    }
  }
}

TEST(CsvReader, ReadsWhatRfc4180Says) {
  for (const std::size_t piece : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(rows_of("a,b\r\n\"1,\"\"x\"\"\",\"two\r\nlines\"\n\n,\"\"\nlast,\rone", piece),
              (std::vector<Row>{{1, "", {"a", "b"}},
                                {2, "", {"\"1,\"x\"", "\"two\r\nlines"}},
                                {5, "", {"", "\""}},
                                {6, "a carriage return that ends no line and is not quoted", {}}}))
        << piece;
  }
}

TEST(CsvReader, TheLastLineNeedsNoEnd) {
  EXPECT_EQ(rows_of("a,b"), (std::vector<Row>{{1, "", {"a", "b"}}}));
  EXPECT_EQ(rows_of("a,"), (std::vector<Row>{{1, "", {"a", ""}}}));
  EXPECT_EQ(rows_of("a\r"), (std::vector<Row>{{1, "", {"a"}}}));
  EXPECT_EQ(rows_of("\"a\""), (std::vector<Row>{{1, "", {"\"a"}}}));
  EXPECT_EQ(rows_of(""), std::vector<Row>{});
  EXPECT_EQ(rows_of("\n\r\n"), std::vector<Row>{});
}

TEST(CsvReader, GoesOnWithTheLineAfterOneThatIsWrong) {
  EXPECT_EQ(rows_of("5\" screen,x\n\"a\"b,c\nok,1\n\"never closed,\nok,2\n"),
            (std::vector<Row>{{1, "a quote in a cell that does not begin with one", {}},
                              {2, "text behind a closing quote", {}},
                              {3, "", {"ok", "1"}},
                              {4, "a quote is not closed", {}}}));
}

TEST(CsvReader, PassesOverWhatIsTooLong) {
  const std::string text = std::string(40, 'x') + ",y\n\"" + std::string(40, 'z') + "\"\nok\n";
  for (const std::size_t piece : {1, 7, 1000}) {
    EXPECT_EQ(rows_of(text, piece, 20), (std::vector<Row>{{1, "longer than 20 bytes", {}},
                                                          {2, "longer than 20 bytes", {}},
                                                          {3, "", {"ok"}}}))
        << piece;
  }
}

// ---- cells and values ----

std::string json_of(std::string header, std::string row, const AttributeTypes& types = {},
                    bool infer = false) {
  TextSource source(header + "\n" + row + "\n", 100);
  ReadAhead bytes(source);
  CsvReader reader(bytes, ',', 10'000);
  std::vector<CsvColumn> columns;
  EXPECT_TRUE(reader.next().value());
  for (const CsvCell& cell : reader.cells()) columns.push_back(parse_csv_column(cell.text));
  const auto record = reader.next().value();
  if (!record) return "no row";
  if (!record->problem.empty()) return record->problem;
  const auto item = item_of_cells(columns, reader.cells(), types, infer);
  return item ? to_dynamodb_json(*item) : item.error().message();
}

TEST(CsvItems, ColumnsSayTheirTypes) {
  EXPECT_EQ(json_of("pk:S,age:N,on:BOOL,no:NULL,raw:B", "a,12.50,true,null,aGk="),
            R"({"age":{"N":"12.5"},"no":{"NULL":true},"on":{"BOOL":true},"pk":{"S":"a"},)"
            R"("raw":{"B":"aGk="}})");
  EXPECT_EQ(
      json_of("s:SS,n:NS,b:BS,l:L,m:M",
              R"("[""a"",""b""]","[1,2.5]","[""aGk=""]","[1,""x""]","{""a"":{""$set"":[1]}}")"),
      R"({"b":{"BS":["aGk="]},"l":{"L":[{"N":"1"},{"S":"x"}]},)"
      R"("m":{"M":{"a":{"NS":["1"]}}},"n":{"NS":["1","2.5"]},"s":{"SS":["a","b"]}})");
  EXPECT_EQ(json_of("a:b,c:XX,d:", "1,2,3"),
            R"({"a:b":{"S":"1"},"c:XX":{"S":"2"},"d:":{"S":"3"}})");
}

TEST(CsvItems, WithoutATypeOnlyKeysAreOtherThanText) {
  const AttributeTypes types{{"id", AttributeType::number}};
  EXPECT_EQ(json_of("id,n,t", "7,12,true", types),
            R"({"id":{"N":"7"},"n":{"S":"12"},"t":{"S":"true"}})");
  EXPECT_EQ(json_of("id,n,t,q,x", "7,12,true,\"12\",1a", types, true),
            R"({"id":{"N":"7"},"n":{"N":"12"},"q":{"S":"12"},"t":{"BOOL":true},"x":{"S":"1a"}})");
}

TEST(CsvItems, AnEmptyCellIsNoAttributeAndAQuotedOneIsEmptyText) {
  EXPECT_EQ(json_of("a:S,b:S,c:B,d:N", ",\"\",\"\","), R"({"b":{"S":""},"c":{"B":""}})");
}

TEST(CsvItems, SayWhatIsWrong) {
  EXPECT_EQ(json_of("a:S,b:S", "1"), "has 1 cells where the header has 2");
  EXPECT_EQ(json_of("a:BOOL", "yes"), "the cell of a is not of type BOOL");
  EXPECT_EQ(json_of("a:N", "x").substr(0, 3), "a: ");
  EXPECT_EQ(json_of("a:N", "123456789012345678901234567890123456789").substr(0, 3), "a: ");
  EXPECT_EQ(json_of("a:B", "a"), "the cell of a is not of type B");
  EXPECT_EQ(json_of("a:SS", "[]"), "the cell of a is not of type SS");
  EXPECT_EQ(json_of("a:SS", "\"[1]\""), "the cell of a is not of type SS");
  EXPECT_EQ(json_of("a:NS", "\"[1,1.0]\""), "the set of a says a member twice");
  EXPECT_EQ(json_of("a:M", "[]"), "the cell of a is not of type M");
  EXPECT_EQ(json_of("a:S", "\xff"), "the cell of a is not UTF-8");
  EXPECT_EQ(json_of("a:S,a:N", "x,1"), "two cells for the attribute a");
}

TEST(CsvItems, RandomItemsComeBackAsTheyWere) {
  const unsigned seed = 20261121;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> texts = {"",    "a",         "a,b", "\"",   "\r\n",
                                          " x ", "ü€🙂", "1",   "null", ":"};
  const auto text = [&] { return texts[random() % texts.size()]; };
  const auto value = [&](AttributeType type) -> AttributeValue {
    switch (type) {
      case AttributeType::string:
        return text();
      case AttributeType::number:
        return Number::parse("-1234567890123456789012345678.0123456789").value();
      case AttributeType::binary:
        return Binary(std::string("\0\xff", random() % 3));
      case AttributeType::boolean:
        return random() % 2 == 0;
      case AttributeType::null:
        return nullptr;
      case AttributeType::list:
        return AttributeList{text(), 1, Binary("x"), AttributeMap{{"$set", text()}}};
      case AttributeType::map:
        return AttributeMap{{text(), StringSet{text()}}, {"l", AttributeList{}}};
      case AttributeType::string_set:
        return StringSet{text(), text()};
      case AttributeType::number_set:
        return NumberSet{1, Number::parse("0.5").value()};
      case AttributeType::binary_set:
        return BinarySet{Binary(""), Binary("\xfe")};
    }
    return {};
  };
  std::vector<CsvColumn> columns;
  for (const std::string name : {"a", "b,\"", "c:S"}) {
    for (int type = 0; type < 10; ++type) {
      columns.push_back({.name = name, .type = static_cast<AttributeType>(type)});
    }
  }
  for (int i = 0; i < 300; ++i) {
    AttributeMap attributes{{"a", value(static_cast<AttributeType>(random() % 10))}};
    if (random() % 2 == 0) attributes["b,\""] = value(static_cast<AttributeType>(random() % 10));
    if (random() % 2 == 0) attributes["c:S"] = value(static_cast<AttributeType>(random() % 10));
    const Item item(attributes);
    std::string csv;
    append_csv_header(csv, columns);
    ASSERT_TRUE(append_csv_row(csv, columns, item, true));
    const std::size_t header_end = csv.find('\n') + 1;
    std::string row = csv.substr(header_end);
    row.pop_back();
    ASSERT_EQ(json_of(csv.substr(0, header_end - 1), row), to_dynamodb_json(item)) << csv;
  }
}

TEST(CsvItems, ARowThatTheColumnsCannotSayIsRefused) {
  std::string out;
  const std::vector<CsvColumn> columns{{.name = "a", .type = AttributeType::string}};
  EXPECT_EQ(append_csv_row(out, columns, Item{{"a", 1}}, false).error().message(),
            "the attribute a of an item is of type N, and there is no column a:N");
  EXPECT_EQ(append_csv_row(out, columns, Item{{"a", "x"}, {"b", 1}}, true).error().message(),
            "there is no column for the attribute b");
  EXPECT_TRUE(append_csv_row(out, columns, Item{{"a", "x"}, {"b", 1}}, false));
}

}  // namespace
}  // namespace dynakeep::transfer
