#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "dynakeep/json.h"
#include "exit_code.h"
#include "json_text.h"
#include "users_commands.h"
#include "users_table.h"

namespace dynakeep::app {

namespace {

struct ShowFlags {
  UsersFlags where = {};
  std::string user_id = {};
  bool raw = false;
};

int show(const ShowFlags& flags) {
  auto opened = open_users(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto stored = opened->store->stored(flags.user_id);
  if (!stored) return complain(flags.where, stored.error());
  if (!*stored) return complain_of_nobody(flags.user_id);
  const std::string json = flags.raw ? to_dynamodb_json((*stored)->item) : export_user(**stored);
  std::cout << (flags.where.json ? json : indented(json, terminal_of(STDOUT_FILENO))) << '\n';
  return exit_done;
}

}  // namespace

void add_users_show(CLI::App& users, int& exit_code) {
  auto flags = std::make_shared<ShowFlags>();
  CLI::App* command = users.add_subcommand("show", "Show all that is stored of a user");
  command->add_option("user", flags->user_id, "Id of the user")->required()->type_name("ID");
  add_users_flags(*command, flags->where);
  command->add_flag("--raw", flags->raw, "The item as it is stored, as DynamoDB JSON")
      ->group("Output");
  command->callback([flags, &exit_code] { exit_code = show(*flags); });
}

}  // namespace dynakeep::app
