#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/services/dismissals.h"

// The options of the dismissals service as Dismissible's environment variables say them.
namespace dynakeep {

enum class DismissalStorageType : std::uint8_t { memory, dynamodb };

// Where dismissals are kept, as far as the variables say.
struct DismissalStorageSettings {
  std::optional<DismissalStorageType> type = {};  // nothing: not said; upstream takes memory
  bool run_setup = false;

  std::optional<std::chrono::seconds> expire_after = {};
  bool count_dismissals = false;

  std::size_t memory_items_max = 5000;
  std::chrono::milliseconds memory_time_to_live = std::chrono::hours(6);

  std::string table = "dismissible-items";
  std::string region = "us-east-1";
  std::string endpoint = {};  // empty: the region's own
  // Good for something only together; without, the usual AWS places.
  std::string access_key_id = {};
  std::string secret_access_key = {};
  std::string session_token = {};
  bool consistent_reads = true;
};

struct DismissalsSettings {
  std::optional<std::uint16_t> port = {};  // nothing: not said; upstream takes 3001
  DismissalStorageSettings storage = {};
  DismissalsServiceOptions service = {};

  // Lines for a person: variable, rule and value; secrets are in none. With a fault the rest is not
  // to be used.
  std::vector<std::string> faults = {};
  std::vector<std::string> warnings = {};  // of names that mean nothing here, and the like
};

// Every variable whose name begins with it, and its value.
constexpr std::string_view dismissal_variable_prefix = "DISMISSIBLE_";
using DismissalVariables = std::map<std::string, std::string, std::less<>>;

// Reads them all, and tells all that is wrong with them at once. A variable that is empty counts as
// one that is not set. Numbers are whole; booleans: "true" in any case is true, all else is false;
// lists are separated by commas, their elements trimmed.
DismissalsSettings read_dismissals_settings(const DismissalVariables& variables);

// One name and what it is for, a line each: what a program may show for help.
struct DismissalVariable {
  std::string_view name = {};           // "DISMISSIBLE_PORT"
  std::string_view default_value = {};  // empty: none
  std::string_view meaning = {};
};
std::vector<DismissalVariable> dismissal_variables();

}  // namespace dynakeep
