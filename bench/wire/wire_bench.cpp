// What JSON costs: nanoseconds of one thread for each step between a request's text and its stored
// encoding, and back.
//
//   build/release/bench/wire/wire_bench

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "dynakeep/item_requests.h"
#include "dynakeep/json.h"
#include "dynakeep/query_requests.h"
#include "model/encoded_item.h"
#include "model/item_text.h"
#include "wire/json_reader.h"
#include "wire/message_json.h"
#include "wire/value_json.h"

using namespace dynakeep;

namespace {

std::size_t bytes_seen = 0;  // so that no work is thrown away unseen

template <typename Work>
double nanoseconds_each(Work work) {
  using Steady = std::chrono::steady_clock;
  constexpr int rounds = 9;
  constexpr auto round_time = std::chrono::milliseconds(50);
  std::vector<double> found;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Steady::now();
    std::size_t times = 0;
    while (Steady::now() - start < round_time) {
      for (int i = 0; i < 64; ++i) bytes_seen += work();
      times += 64;
    }
    const std::chrono::duration<double, std::nano> spent = Steady::now() - start;
    found.push_back(spent.count() / static_cast<double>(times));
  }
  std::sort(found.begin(), found.end());
  return found[rounds / 2];
}

template <typename Work>
void measure(const char* what, Work work) {
  std::printf("%-48s %9.0f ns\n", what, nanoseconds_each(work));
}

// Ten attributes of five types in no particular order, 450 bytes as DynamoDB counts them.
Item song() {
  return Item{
      {"song_id", "c0ffee00-0000-4000-8000-000000000000"},
      {"artist", "Nina Simone"},
      {"title", "Sinnerman (live in New York, 1965)"},
      {"album", "Pastel Blues"},
      {"year", 1965},
      {"plays", 1234567},
      {"rating", *Number::parse("4.75")},
      {"released", true},
      {"tags", StringSet{"jazz", "soul", "traditional"}},
      {"notes", std::string(254, 'n')},
  };
}

void measure_item() {
  const Item item = song();
  std::string scratch;
  const std::string encoded(ItemAccess::encoded(item, scratch));
  std::string json = to_dynamodb_json(item);
  std::printf("an item of %zu bytes, %zu of JSON, %zu stored\n",
              model::size_of(model::view_item(encoded)), json.size(), encoded.size());
  // As clients write it: names in any order.
  const auto year = json.find(",\"year\"");
  json = "{" + json.substr(year + 1, json.size() - year - 2) + "," + json.substr(1, year - 1) + "}";

  measure("  parse", [&] { return wire::ParsedJson(json).is_valid() ? 1U : 0U; });
  const wire::ParsedJson parsed(json);
  measure("  decode what is parsed", [&] {
    wire::ValueProblem problem;
    return wire::decode_attributes(parsed.root(), problem).size();
  });
  const std::string put = R"({"TableName":"Songs","Item":)" + json + "}";
  measure("  PutItem request, parse and decode",
          [&] { return wire::decode_message<PutItemRequest>(put)->item->empty() ? 0U : 1U; });
  std::string text;
  measure("  encode", [&] {
    text.clear();
    model::append_json_text(text, model::view_item(encoded));
    return text.size();
  });
  const GetItemResult got{.item = ItemAccess::from_encoded(encoded)};
  measure("  GetItem result, encode", [&] { return wire::encode_message(got)->size(); });
  const std::string get =
      R"({"TableName":"Songs","Key":{"song_id":{"S":"c0ffee00-0000-4000-8000-000000000000"}}})";
  measure("  GetItem request, parse and decode",
          [&] { return wire::decode_message<GetItemRequest>(get)->table_name->size(); });
  QueryResult page{.items = std::vector<Item>(100, ItemAccess::from_encoded(encoded)),
                   .count = 100,
                   .scanned_count = 100};
  measure("  page of 100, encode", [&] { return wire::encode_message(page)->size(); });
}

void measure_values() {
  std::printf("single values, decode what is parsed and encode\n");
  for (const auto& [name, value] : std::vector<std::pair<const char*, AttributeValue>>{
           {"  integer", 1234567},
           {"  38 digits", *Number::parse("12345678901234567890.123456789012345678")},
           {"  text of 20", std::string(20, 'x')},
           {"  text of 10,000", std::string(10'000, 'x')},
           {"  text of 10,000 with quotes", std::string(10'000, '"')},
           {"  binary of 10,000", Binary(std::string(10'000, '\x81'))},
           {"  list of 100 integers", AttributeList(100, AttributeValue(42))}}) {
    const std::string json = to_dynamodb_json(value);
    const wire::ParsedJson parsed(json);
    const double decode = nanoseconds_each([&] {
      wire::ValueProblem problem;
      return wire::decode_value(parsed.root(), problem).size();
    });
    std::string encoded;
    model::append_value(encoded, value);
    std::string text;
    const double encode = nanoseconds_each([&] {
      text.clear();
      model::append_json_text(text, model::ValueView(encoded));
      return text.size();
    });
    std::printf("%-32s %9.0f ns %9.0f ns\n", name, decode, encode);
  }
}

}  // namespace

int main() {
  measure_item();
  measure_values();
  return bytes_seen == 0 ? 1 : 0;
}
