#pragma once

#include <cstddef>

// DynamoDB's documented limits (Developer Guide, "Service, account, and table quotas"), each with
// its unit.
namespace dynakeep::model {

constexpr std::size_t item_bytes_max = 400 * 1024;
constexpr int nesting_levels_max = 32;
constexpr std::size_t partition_key_bytes_max = 2048;
constexpr std::size_t sort_key_bytes_max = 1024;
constexpr std::size_t attribute_name_bytes_max = 64 * 1024 - 1;
constexpr std::size_t page_bytes_max = 1024 * 1024;
constexpr std::size_t batch_get_keys_max = 100;
constexpr std::size_t batch_get_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t batch_write_requests_max = 25;
constexpr std::size_t transaction_actions_max = 100;
constexpr std::size_t transaction_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t read_unit_bytes = 4096;
constexpr std::size_t write_unit_bytes = 1024;

}  // namespace dynakeep::model
