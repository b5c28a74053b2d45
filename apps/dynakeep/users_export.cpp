#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "counting.h"
#include "exit_code.h"
#include "output_file.h"
#include "progress.h"
#include "users_commands.h"
#include "users_table.h"

namespace dynakeep::app {

namespace {

struct ExportFlags {
  UsersFlags where = {};
  std::vector<std::string> user_ids = {};
  bool all = false;
  std::string output = {};
};

Result<std::uint64_t> write_all(UserDataStore& store, OutputFile& out) {
  Progress progress("users exported");
  std::uint64_t written = 0;
  std::optional<Error> failure;
  TRY(store.for_each_user([&](StoredUser&& user) {
    const auto line = out.write(export_user(user) + "\n");
    if (!line) failure = line.error();
    progress.at(++written);
    return !failure;
  }));
  if (failure) return *failure;
  return written;
}

Result<std::uint64_t> write_some(UserDataStore& store, const std::vector<std::string>& user_ids,
                                 OutputFile& out) {
  for (const std::string& user_id : user_ids) {
    const auto stored = TRY(store.stored(user_id));
    if (!stored) {
      return Error(ErrorCode::not_found,
                   fmt::format("nothing is stored of the user '{}'", user_id));
    }
    TRY(out.write(export_user(*stored) + "\n"));
  }
  return user_ids.size();
}

Result<std::uint64_t> write_export(const ExportFlags& flags, UserDataStore& store) {
  auto out = TRY(OutputFile::open(flags.output));
  const auto written =
      TRY(flags.all ? write_all(store, out) : write_some(store, flags.user_ids, out));
  TRY(out.finish());
  return written;
}

int export_users(const ExportFlags& flags) {
  auto opened = open_users(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto written = write_export(flags, *opened->store);
  if (!written) return complain(flags.where, written.error());
  if (!flags.output.empty() && flags.output != "-") {
    std::cerr << fmt::format("{} in {}\n", counted(*written, "user"), flags.output);
  }
  return exit_done;
}

}  // namespace

void add_users_export(CLI::App& users, int& exit_code) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command = users.add_subcommand(
      "export", "Write all that is stored of users as lines of JSON, one for each");
  auto* const ids =
      command->add_option("user", flags->user_ids, "Ids of the users")->type_name("ID");
  auto* const all =
      command->add_flag("--all", flags->all, "Every user of the table")->group("What");
  all->excludes(ids);
  add_users_flags(*command, flags->where);
  command
      ->add_option("--output", flags->output,
                   "File to write, in place of one that is there; stdout if left out. It appears\n"
                   "when it is complete")
      ->type_name("FILE")
      ->group("Output");
  command->footer(
      "Bytes are {\"$bytes\": base64}, sets {\"$set\": […]}; numbers have all their digits.");
  command->callback([flags, &exit_code] {
    if (flags->user_ids.empty() && !flags->all) throw CLI::RequiredError("ID (or --all)");
    exit_code = export_users(*flags);
  });
}

}  // namespace dynakeep::app
