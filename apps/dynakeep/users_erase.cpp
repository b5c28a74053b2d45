#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "confirmation.h"
#include "counting.h"
#include "json_text.h"
#include "terminal.h"
#include "users_commands.h"
#include "users_table.h"

namespace dynakeep::app {

namespace {

struct EraseFlags {
  UsersFlags where = {};
  std::string user_id = {};
  bool yes = false;
};

int erase(const EraseFlags& flags) {
  if (!flags.yes && !terminal_of(STDIN_FILENO).interactive) {
    return complain(exit_misused, "what is erased cannot be brought back: say --yes");
  }
  auto opened = open_users(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  UserDataStore& store = *opened->store;
  const auto stored = store.stored(flags.user_id);
  if (!stored) return complain(flags.where, stored.error());
  if (!*stored) return complain_of_nobody(flags.user_id);
  const std::size_t bytes = store.size_of(**stored).total();
  if (!flags.yes && !is_confirmed(fmt::format("Erase all {} of the user '{}' for good?",
                                              counted(bytes, "byte"), flags.user_id))) {
    return complain(exit_failed, "nothing was erased");
  }
  const auto erased = store.erase(flags.user_id);
  if (!erased) return complain(flags.where, erased.error());
  if (!*erased) return complain_of_nobody(flags.user_id);
  if (flags.where.json) {
    std::cout << fmt::format(R"({{"userId":{},"erasedBytes":{}}})"
                             "\n",
                             json_string(flags.user_id), bytes);
  } else {
    std::cout << fmt::format("{} erased\n", counted(bytes, "byte"));
  }
  return exit_done;
}

}  // namespace

void add_users_erase(CLI::App& users, int& exit_code) {
  auto flags = std::make_shared<EraseFlags>();
  CLI::App* command =
      users.add_subcommand("erase", "Remove all that is stored of a user, for good");
  command->add_option("user", flags->user_id, "Id of the user")->required()->type_name("ID");
  add_users_flags(*command, flags->where);
  command->add_flag("--yes", flags->yes, "Do not ask")->group("What");
  command->footer("A turn of the user that is under way may store what it changes once more.");
  command->callback([flags, &exit_code] { exit_code = erase(*flags); });
}

}  // namespace dynakeep::app
