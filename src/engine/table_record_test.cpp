#include "engine/table_record.h"

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "model/encoded_item.h"

namespace dynakeep::engine {
namespace {

// docs/formats/catalog.md.
constexpr std::string_view songs_bytes =
    "0109"
    "0a61747472696275746573"
    "061901071602046e616d65010661727469737404747970650101"
    "53"
    "0762696c6c696e67"
    "010b70726f766973696f6e6564"
    "0763726561746564"
    "020a039112010101010d1f00"
    "026964"
    "01083062316533663561"
    "07696e6465786573"
    "060100"
    "036b6579"
    "0609010106617274697374"
    "057370616365"
    "020403824700"
    "0a7468726f756768707574"
    "071802047265616402040382330005777269746502040382"
    "3d00"
    "0776657273696f6e"
    "020403820b00";

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Table songs() {
  Table table;
  table.name = "Songs";
  table.id = "0b1e3f5a";
  table.space = 7;
  table.attribute_definitions = {
      {.attribute_name = "artist", .attribute_type = ScalarType::string}};
  table.keys = {.partition = "artist"};
  table.creation_time = Time{std::chrono::milliseconds{1'700'000'000'123}};
  table.throughput = {.read_capacity_units = 5, .write_capacity_units = 6};
  return table;
}

TEST(TableRecord, HasTheBytesOfItsPage) {
  EXPECT_EQ(base::to_hex(encode_table(songs())), songs_bytes);
}

TEST(TableRecord, OfThePageIsReadBack) {
  const auto table = decode_table("Songs", from_hex(songs_bytes));
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->name, "Songs");
  EXPECT_EQ(table->id, "0b1e3f5a");
  EXPECT_EQ(table->space, 7u);
  EXPECT_EQ(table->attribute_definitions, songs().attribute_definitions);
  EXPECT_EQ(table->keys, songs().keys);
  EXPECT_TRUE(table->indexes.empty());
  EXPECT_EQ(table->creation_time, songs().creation_time);
  EXPECT_EQ(table->billing_mode, BillingMode::provisioned);
  EXPECT_EQ(table->throughput, songs().throughput);
  EXPECT_FALSE(table->stream_label);
}

TEST(TableRecord, KeepsEveryField) {
  Table table = songs();
  table.attribute_definitions = {{.attribute_name = "artist", .attribute_type = ScalarType::string},
                                 {.attribute_name = "plays", .attribute_type = ScalarType::number},
                                 {.attribute_name = "cover", .attribute_type = ScalarType::binary}};
  table.keys = {.partition = "artist",
                .partition_type = ScalarType::string,
                .sort = "cover",
                .sort_type = ScalarType::binary};
  table.indexes = {{.name = "local",
                    .kind = IndexKind::local,
                    .keys = {.partition = "artist",
                             .partition_type = ScalarType::string,
                             .sort = "plays",
                             .sort_type = ScalarType::number},
                    .projection = {.projection_type = ProjectionType::all},
                    .space = 8},
                   {.name = "global",
                    .kind = IndexKind::global,
                    .keys = {.partition = "plays", .partition_type = ScalarType::number},
                    .projection = {.projection_type = ProjectionType::include,
                                   .non_key_attributes = std::vector<std::string>{"y", "x"}},
                    .space = 9,
                    .status = IndexStatus::creating,
                    .throughput = {.last_increase = Time{std::chrono::seconds{10}},
                                   .last_decrease = Time{std::chrono::seconds{11}},
                                   .number_of_decreases_today = 2,
                                   .read_capacity_units = 3,
                                   .write_capacity_units = 4},
                    .on_demand_throughput = OnDemandThroughput{.max_write_request_units = 12}}};
  table.billing_mode = BillingMode::pay_per_request;
  table.last_update_to_pay_per_request = Time{std::chrono::seconds{13}};
  table.on_demand_throughput = OnDemandThroughput{.max_read_request_units = 14};
  table.table_class = TableClass::standard_infrequent_access;
  table.last_table_class_update = Time{std::chrono::seconds{15}};
  table.sse = SseSpecification{.enabled = true, .sse_type = "KMS", .kms_master_key_id = "key"};
  table.deletion_protection = true;
  table.tags = {{.key = "a", .value = "1"}, {.key = "b", .value = ""}};
  table.stream = StreamViewType::old_image;
  table.stream_label = "2023-11-14T22:13:20.007";

  const auto read = decode_table("Songs", encode_table(table));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(encode_table(*read), encode_table(table));
  EXPECT_EQ(read->keys, table.keys);
  ASSERT_EQ(read->indexes.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->indexes[i].name, table.indexes[i].name);
    EXPECT_EQ(read->indexes[i].kind, table.indexes[i].kind);
    EXPECT_EQ(read->indexes[i].keys, table.indexes[i].keys);
    EXPECT_EQ(read->indexes[i].projection, table.indexes[i].projection);
    EXPECT_EQ(read->indexes[i].space, table.indexes[i].space);
    EXPECT_EQ(read->indexes[i].status, table.indexes[i].status);
    EXPECT_EQ(read->indexes[i].throughput, table.indexes[i].throughput);
    EXPECT_EQ(read->indexes[i].on_demand_throughput, table.indexes[i].on_demand_throughput);
  }
  EXPECT_EQ(read->indexes[1].kept,
            (std::vector<std::string>{"artist", "cover", "plays", "x", "y"}));
  EXPECT_EQ(read->billing_mode, table.billing_mode);
  EXPECT_EQ(read->last_update_to_pay_per_request, table.last_update_to_pay_per_request);
  EXPECT_EQ(read->on_demand_throughput, table.on_demand_throughput);
  EXPECT_EQ(read->table_class, table.table_class);
  EXPECT_EQ(read->last_table_class_update, table.last_table_class_update);
  EXPECT_EQ(read->sse, table.sse);
  EXPECT_TRUE(read->deletion_protection);
  EXPECT_EQ(read->tags, table.tags);
  EXPECT_EQ(read->stream, table.stream);
  EXPECT_EQ(read->stream_label, table.stream_label);
}

TEST(TableRecord, OfALaterVersionOrDamagedIsRefusedByName) {
  const auto refusal = [](const AttributeMap& record) {
    const auto table = decode_table("Songs", model::encode(record));
    return table ? std::string() : table.error().message();
  };
  const AttributeMap record = model::decode(encode_table(songs()));
  EXPECT_EQ(refusal(record), "");

  AttributeMap later = record;
  later["version"] = 2;
  EXPECT_EQ(refusal(later),
            "The record of table Songs on disk is of a later version; use the program that wrote "
            "it");
  for (const auto& [name, value] : record) {
    AttributeMap damaged = record;
    damaged[name] = false;
    EXPECT_EQ(refusal(damaged), "The record of table Songs on disk is damaged: " + name);
    damaged.erase(name);
    EXPECT_EQ(refusal(damaged), "The record of table Songs on disk is damaged: " + name);
  }
  AttributeMap undefined = record;
  undefined["key"] = AttributeList{"album"};
  EXPECT_EQ(refusal(undefined), "The record of table Songs on disk is damaged: key");
  EXPECT_FALSE(decode_table("Songs", from_hex(songs_bytes).substr(1)));
}

}  // namespace
}  // namespace dynakeep::engine
