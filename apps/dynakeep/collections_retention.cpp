#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collections_commands.h"
#include "collections_where.h"
#include "complain.h"
#include "counting.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "json_text.h"
#include "moment.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

struct RetentionFlags {
  CollectionsFlags where = {};
  std::vector<std::string> applications = {};
  bool all_applications = false;
  Retention retention = {};
  bool apply = false;
};

Result<std::set<std::string>> applications_of(const RetentionFlags& flags, Database& database) {
  std::set<std::string> names(flags.applications.begin(), flags.applications.end());
  if (!flags.all_applications) return names;
  TRY(for_each_item(database,
                    ScanRequest{.table_name = flags.where.options.collections_table,
                                .projection_expression = "application"},
                    [&](Item&& row) {
                      names.emplace(AttributeView(row)["application"].text().value_or(""));
                      return true;
                    }));
  return names;
}

void print(const RetentionFlags& flags, const std::string& application, const PurgeReport& report) {
  if (flags.where.json) {
    std::cout << fmt::format(R"({{"application":{},"purged":{},"kept":{},"dryRun":{}}})"
                             "\n",
                             json_string(application), report.purged, report.kept, !flags.apply);
    return;
  }
  std::cout << printable(application) << ": " << counted(report.purged, "version")
            << (flags.apply ? " purged, " : " would be purged, ") << with_separators(report.kept)
            << " kept\n";
}

int retention(RetentionFlags& flags) {
  auto opened = open_collections(flags.where, flags.apply ? Access::write : Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto applications = applications_of(flags, *opened->database);
  if (!applications) return complain(flags.where, applications.error());

  flags.retention.dry_run = !flags.apply;
  for (const std::string& application : *applications) {
    Progress progress("versions seen");
    std::uint64_t seen = 0;
    flags.retention.on_progress = [&](std::size_t more) { progress.at(seen += more); };
    const auto report = opened->store->apply_retention(application, flags.retention);
    progress.hide();
    if (!report) return complain(flags.where, report.error());
    print(flags, application, *report);
  }
  return exit_done;
}

}  // namespace

void add_collections_retention(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<RetentionFlags>();
  CLI::App* command = collections.add_subcommand(
      "retention", "Purge old versions of all that applications have; without --apply, count them");
  command->add_option("applications", flags->applications, "Applications")->type_name("APP...");
  add_collections_flags(*command, flags->where);
  add_write_mode_flag(*command, flags->where);
  command->add_flag("--all-applications", flags->all_applications, "All that the table has");
  command->add_option("--keep-last", flags->retention.keep_last, "The last so many versions stay")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->envname("RETENTION_KEEP_LAST")
      ->type_name("N");
  add_duration(*command, "--max-age", flags->retention.max_age,
               "Versions that are no older than this stay (30d, 12h)")
      ->envname("RETENTION_MAX_AGE");
  command->add_flag("--apply", flags->apply, "Purge them");
  command->footer(
      "What is purged is neither the newest version, nor among the last --keep-last, nor as young\n"
      "as --max-age; one of the two must be given.");
  command->callback([flags, &exit_code] {
    if (flags->applications.empty() != flags->all_applications) {
      throw CLI::RequiredError("Either APP... or --all-applications");
    }
    if (!flags->retention.keep_last && !flags->retention.max_age) {
      throw CLI::RequiredError("--keep-last or --max-age");
    }
    exit_code = retention(*flags);
  });
}

}  // namespace dynakeep::app
