#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "counting.h"
#include "exit_code.h"
#include "progress.h"
#include "table_printer.h"
#include "users_commands.h"
#include "users_table.h"

namespace dynakeep::app {

namespace {

struct SizeFlags {
  UsersFlags where = {};
  std::string user_id = {};
  std::size_t top = 10;
};

struct Measured {
  std::string user_id = {};
  UserSize size = {};
};

bool is_larger(const Measured& a, const Measured& b) {
  const auto rank = [](const Measured& each) {
    return std::pair(each.size.total(), std::string_view(each.user_id));
  };
  return rank(a) > rank(b);
}

struct Sizes {
  std::vector<Measured> largest = {};  // first
  std::uint64_t users = 0;
  std::uint64_t bytes = 0;
};

Result<Sizes> measure_all(UserDataStore& store, std::size_t top) {
  Progress progress("users measured");
  Sizes sizes;
  TRY(store.for_each_user([&](StoredUser&& user) {
    Measured measured{.size = store.size_of(user)};
    measured.user_id = std::move(user.user_id);
    sizes.bytes += measured.size.total();
    progress.at(++sizes.users);
    // The smallest of the largest is in front, to make place.
    sizes.largest.push_back(std::move(measured));
    std::push_heap(sizes.largest.begin(), sizes.largest.end(), is_larger);
    if (sizes.largest.size() > top) {
      std::pop_heap(sizes.largest.begin(), sizes.largest.end(), is_larger);
      sizes.largest.pop_back();
    }
    return true;
  }));
  std::sort(sizes.largest.begin(), sizes.largest.end(), is_larger);
  return sizes;
}

Result<Sizes> measure_one(UserDataStore& store, const std::string& user_id) {
  const auto stored = TRY(store.stored(user_id));
  Sizes sizes;
  if (!stored) return sizes;
  sizes.largest.push_back({.user_id = user_id, .size = store.size_of(*stored)});
  sizes.users = 1;
  sizes.bytes = sizes.largest.front().size.total();
  return sizes;
}

void print(const SizeFlags& flags, const Sizes& sizes) {
  if (flags.where.json) {
    for (const Measured& each : sizes.largest) {
      std::cout << size_json(each.user_id, each.size) << '\n';
    }
    return;
  }
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "TOTAL", .to_the_right = true},
                      {.heading = "USER", .to_the_right = true},
                      {.heading = "SESSION", .to_the_right = true},
                      {.heading = "HISTORY", .to_the_right = true},
                      {.heading = "OTHER", .to_the_right = true},
                      {.heading = "ID", .colour = Colour::cyan}});
  for (const auto& [user_id, size] : sizes.largest) {
    table.add({with_separators(size.total()), with_separators(size.user),
               with_separators(size.session), with_separators(size.history),
               with_separators(size.times + size.other), user_id});
  }
  table.finish();
  if (flags.user_id.empty()) {
    std::cout << fmt::format("{}, {}\n", counted(sizes.users, "user"),
                             counted(sizes.bytes, "byte"));
  }
}

int size(const SizeFlags& flags) {
  auto opened = open_users(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  UserDataStore& store = *opened->store;
  const auto sizes =
      flags.user_id.empty() ? measure_all(store, flags.top) : measure_one(store, flags.user_id);
  if (!sizes) return complain(flags.where, sizes.error());
  if (!flags.user_id.empty() && sizes->users == 0) return complain_of_nobody(flags.user_id);
  print(flags, *sizes);
  return exit_done;
}

}  // namespace

void add_users_size(CLI::App& users, int& exit_code) {
  auto flags = std::make_shared<SizeFlags>();
  CLI::App* command = users.add_subcommand(
      "size", "Tell how many bytes a user takes, or which users of the table take the most");
  command->add_option("user", flags->user_id, "Id of one user")->type_name("ID");
  add_users_flags(*command, flags->where);
  command->add_option("--top", flags->top, "How many of the largest users to show")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000).description(""))
      ->type_name("N")
      ->group("What");
  command->footer("An item may have 409,600 bytes, as DynamoDB counts them.");
  command->callback([flags, &exit_code] { exit_code = size(*flags); });
}

}  // namespace dynakeep::app
