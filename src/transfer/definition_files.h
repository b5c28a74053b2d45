#pragma once

#include <string>

// What an export's folder of ours holds beside what Amazon's do: its table, as the requests that
// make one like it. The AWS CLI takes both with --cli-input-json.
namespace dynakeep::transfer {

constexpr const char* table_file = "table.json";                // of create-table
constexpr const char* time_to_live_file = "time-to-live.json";  // of update-time-to-live

std::string time_to_live_json(const std::string& table, const std::string& attribute);

}  // namespace dynakeep::transfer
