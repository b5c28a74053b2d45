#pragma once

#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/user_data.h"
#include "dynakeep/stores/user_data.h"

// The user data of `dynakeep serve --user-data`.
namespace dynakeep::app {

struct ServedUserDataFlags {
  std::string table = {};  // empty: not served
  std::string config = {};
  std::string api_keys = {};
  std::string prefix = {};
};

void add_served_user_data_flags(CLI::App& command, ServedUserDataFlags& flags);

struct ServedUserData {
  std::unique_ptr<UserDataStore> store = {};
  std::shared_ptr<ApiKeys> keys = {};  // null: everyone on this machine
  std::shared_ptr<Service> service = {};
};

// With the table there and active. invalid_argument, with one line: a file that makes no sense, or
// no keys with an address that is open to other machines.
Result<ServedUserData> serve_user_data(Database& database, const ServedUserDataFlags& flags,
                                       const std::string& address);

}  // namespace dynakeep::app
