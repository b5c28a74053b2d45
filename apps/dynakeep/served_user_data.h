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
  std::string tokens = {};  // the URL of a provider of tokens
  std::string prefix = {};
};

void add_served_user_data_flags(CLI::App& command, ServedUserDataFlags& flags);

struct ServedUserData {
  std::unique_ptr<UserDataStore> store = {};
  std::shared_ptr<ApiKeys> keys = {};  // null: none
  std::string open_to = {};            // "3 API keys": whom, for a person
  std::shared_ptr<Service> service = {};
};

// With the table there and active. invalid_argument, with one line: a file or variable that makes
// no sense, or neither keys nor tokens with an address that is open to other machines. An error,
// too, if the provider of tokens is not there.
Result<ServedUserData> serve_user_data(Database& database, const ServedUserDataFlags& flags,
                                       const std::string& address);

}  // namespace dynakeep::app
