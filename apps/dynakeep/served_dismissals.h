#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "dynakeep/services/dismissals_settings.h"
#include "dynakeep/stores/dismissals.h"

// The dismissals of `dynakeep serve --dismissals`.
namespace dynakeep::app {

struct ServedDismissalsFlags {
  bool wanted = false;
  std::optional<std::uint16_t> port = {};  // its own, in place of DISMISSIBLE_PORT
};

void add_served_dismissals_flags(CLI::App& command, ServedDismissalsFlags& flags);

// As the DISMISSIBLE_ variables of the environment say, with the flags in their place. All that is
// wrong is told on stderr, a line each; then there are none.
std::optional<DismissalsSettings> dismissals_settings(const ServedDismissalsFlags& flags);

struct ServedDismissals {
  std::unique_ptr<Database> database = {};  // null: the one that is served, or none
  std::unique_ptr<Dismissals> store = {};
  std::shared_ptr<Service> service = {};
  std::string kept = {};  // "in memory": where, for a person
  bool is_remote = false;
};

// `database` is the one that is served. A missing table is created in it if that is here; elsewhere
// only if the settings say so. An error if that fails, or the provider of tokens is not there.
Result<ServedDismissals> serve_dismissals(Database& database, bool is_remote,
                                          DismissalsSettings settings);

}  // namespace dynakeep::app
