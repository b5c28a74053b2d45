#pragma once

#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "connection.h"
#include "dynakeep/stores/user_data.h"

namespace dynakeep::app {

// Where the subcommands of `dynakeep users` find users.
struct UsersFlags {
  Connection connection = {};
  std::string table = {};
  std::string key_attribute = "userId";
  std::string application = {};
  bool json = false;
};

// --database, --table, --key, --application and --json.
void add_users_flags(CLI::App& command, UsersFlags& flags);

struct OpenUsers {
  std::unique_ptr<Database> database = {};
  std::unique_ptr<UserDataStore> store = {};
};

// Creates no table. Fails as connect() does.
Result<OpenUsers> open_users(const UsersFlags& flags);

// One line on stderr about an error of the table; returns the code for the program to end with.
int complain(const UsersFlags& flags, const Error& error);
// The same about a user of whom nothing is stored.
int complain_of_nobody(const std::string& user_id);

// A line of JSON: {"userId": …, "user": 12, …, "total": 34}.
std::string size_json(const std::string& user_id, const UserSize& size);

}  // namespace dynakeep::app
