#include "users_table.h"

#include <utility>

#include <fmt/format.h>

#include "complain.h"
#include "json_text.h"

namespace dynakeep::app {

void add_users_flags(CLI::App& command, UsersFlags& flags) {
  add_connection_flag(command, flags.connection);
  command.add_option("--table", flags.table, "Table of the users")
      ->required()
      ->type_name("TABLE")
      ->group("Data");
  command.add_option("--key", flags.key_attribute, "Name of the table's key attribute")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Data");
  command
      .add_option("--application", flags.application,
                  "The application whose users these are, where several share the table")
      ->type_name("NAME")
      ->group("Data");
  command.add_flag("--json", flags.json, "For programs: an object of JSON a line")->group("Output");
}

Result<OpenUsers> open_users(const UsersFlags& flags) {
  OpenUsers opened;
  opened.database = TRY(connect(flags.connection));
  opened.store =
      TRY(UserDataStore::create(*opened.database, {.table = {.name = flags.table,
                                                             .key_attribute = flags.key_attribute,
                                                             .create_if_missing = false},
                                                   .application = flags.application}));
  return opened;
}

int complain(const UsersFlags& flags, const Error& error) {
  if (error.code() != ErrorCode::resource_not_found) return complain(error);
  return complain(exit_failed, fmt::format("there is no table '{}' at {}", flags.table,
                                           flags.connection.database));
}

int complain_of_nobody(const std::string& user_id) {
  return complain(exit_failed, fmt::format("nothing is stored of the user '{}'", user_id));
}

std::string size_json(const std::string& user_id, const UserSize& size) {
  return fmt::format(
      R"({{"userId":{},"user":{},"session":{},"history":{},"times":{},"other":{},"total":{}}})",
      json_string(user_id), size.user, size.session, size.history, size.times, size.other,
      size.total());
}

}  // namespace dynakeep::app
