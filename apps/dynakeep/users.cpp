#include "users.h"

#include "users_commands.h"

namespace dynakeep::app {

void add_users(CLI::App& program, int& exit_code) {
  CLI::App* users = program.add_subcommand(
      "users", "Look into tables of user data, this library's and Jovo's, and erase users");
  users->require_subcommand(1);
  add_users_show(*users, exit_code);
  add_users_export(*users, exit_code);
  add_users_erase(*users, exit_code);
  add_users_size(*users, exit_code);
  users->footer(
      "For example:\n"
      "  dynakeep users show user-1 --table Users\n"
      "  dynakeep users export --all --table Users --output users.jsonl\n"
      "  dynakeep users erase user-1 --table Users --database dynamodb://eu-west-1\n"
      "  dynakeep users size --table Users\n"
      "'dynakeep users SUBCOMMAND --help' has the flags.");
}

}  // namespace dynakeep::app
