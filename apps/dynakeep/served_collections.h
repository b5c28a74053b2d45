#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/versioned_collections.h"
#include "dynakeep/stores/versioned_collections.h"

// The versioned collections of `dynakeep serve --collections`.
namespace dynakeep::app {

struct ServedCollectionsFlags {
  bool wanted = false;
  std::optional<std::uint16_t> port = {};  // of their own
  std::optional<std::string> api_keys = {};
  std::optional<std::string> collections_table = {};
  std::optional<std::string> entries_table = {};
};

void add_served_collections_flags(CLI::App& command, ServedCollectionsFlags& flags);

// What the flags say, or else dynamodb-mini's environment variables and ours beside them, or else
// the defaults, which are dynamodb-mini's. docs/stores/versioned-collections.md lists them.
struct CollectionsSettings {
  std::string api_keys_file = "./env/api-keys.json";
  VersionedCollectionsOptions store = {.name_policy = NamePolicy::slug};
  VersionedCollectionsServiceOptions service = {};
  bool create_tables = true;

  std::optional<std::string> host = {};    // to listen on
  std::optional<std::uint16_t> port = {};  // to listen on
  bool debug = false;
  // Of calls to a database that is elsewhere.
  std::chrono::milliseconds retry_base_delay{50};
  std::optional<unsigned> attempts_max = {};
};

// invalid_argument, with one line that says which variable makes no sense. One that is passed over
// instead, as dynamodb-mini does, is complained about on stderr.
Result<CollectionsSettings> collections_settings(const ServedCollectionsFlags& flags);

struct ServedCollections {
  std::unique_ptr<VersionedCollections> store = {};
  std::shared_ptr<Service> service = {};
};

// With both tables there, active, and of the right keys.
Result<ServedCollections> serve_collections(Database& database, std::shared_ptr<ApiKeys> keys,
                                            const CollectionsSettings& settings);

}  // namespace dynakeep::app
