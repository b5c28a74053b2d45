#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "counting.h"
#include "dynakeep/iso_time.h"
#include "json_text.h"
#include "output_file.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

struct ExportFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::string output = {};
  bool latest = false;
};

// Writes versions, and counts them.
class Exporter {
 public:
  Exporter(const ExportFlags& flags, VersionedCollections& store, OutputFile& out)
      : store_(store),
        out_(out),
        options_{.filter = flags.latest ? VersionFilter::latest : VersionFilter::all} {}

  Result<void> collections_of(const std::string& application,
                              std::optional<std::string_view> user) {
    // Versions of one collection are beside each other; its entries follow the last of them.
    std::optional<ResourcePath> open;
    PageOptions page{.limit = 1000};
    do {
      ResourcePage got = TRY(store_.list_collections_page(application, user, page, options_));
      for (const ResourceVersion& version : got.items) {
        if (open && *open != version.path) TRY(entries_of(*open));
        open = version.path;
        TRY(write(version));
      }
      page.cursor = std::move(got.next_cursor);
    } while (!page.cursor.empty());
    if (open) TRY(entries_of(*open));
    return {};
  }

  Result<void> collection(const ResourcePath& path) {
    if (options_.filter == VersionFilter::latest) {
      TRY(write(TRY(store_.get(path, options_))));
      return entries_of(path);
    }
    HistoryOptions history{.page = {.limit = 1000}, .ascending = true};
    do {
      ResourcePage got = TRY(store_.history(path, history));
      for (const ResourceVersion& version : got.items) TRY(write(version));
      history.page.cursor = std::move(got.next_cursor);
    } while (!history.page.cursor.empty());
    return entries_of(path);
  }

  std::uint64_t versions() const { return versions_; }

 private:
  Result<void> entries_of(const ResourcePath& collection) {
    PageOptions page{.limit = 1000};
    do {
      ResourcePage got = TRY(store_.list_entries_page(collection, page, options_));
      for (const ResourceVersion& version : got.items) TRY(write(version));
      page.cursor = std::move(got.next_cursor);
    } while (!page.cursor.empty());
    return {};
  }

  Result<void> write(const ResourceVersion& version) {
    progress_.at(++versions_);
    return out_.write(version_json(version) + "\n");
  }

  VersionedCollections& store_;
  OutputFile& out_;
  const ReadOptions options_;
  Progress progress_{"versions exported"};
  std::uint64_t versions_ = 0;
};

std::string header_of(const ExportFlags& flags, const std::optional<ResourcePath>& collection) {
  std::string json =
      fmt::format(R"({{"format":"dynakeep-collections","formatVersion":1,"exportedAt":"{}")"
                  R"(,"versions":"{}","application":{})",
                  to_iso(system_clock().now()), flags.latest ? "latest" : "all",
                  json_string(flags.address.application));
  if (flags.address.user) json += ",\"user\":" + json_string(slug(*flags.address.user));
  if (collection) json += ",\"collection\":" + json_string(collection->collection);
  return json + "}\n";
}

Result<std::uint64_t> write_export(const ExportFlags& flags, VersionedCollections& store) {
  std::optional<ResourcePath> collection;
  if (flags.address.collection) collection = TRY(find_path(store, flags.address));
  auto out = TRY(OutputFile::open(flags.output));
  TRY(out.write(header_of(flags, collection)));
  Exporter exporter(flags, store, out);
  if (collection) {
    TRY(exporter.collection(*collection));
  } else {
    std::optional<std::string_view> user;
    if (flags.address.user) user = *flags.address.user;
    TRY(exporter.collections_of(flags.address.application, user));
  }
  // Whoever reads this knows that nothing is missing.
  TRY(out.write(fmt::format("{{\"end\":true,\"count\":{}}}\n", exporter.versions())));
  TRY(out.finish());
  return exporter.versions();
}

int export_versions(const ExportFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto written = write_export(flags, *opened->store);
  if (!written) return complain(flags.where, written.error());
  if (!flags.output.empty() && flags.output != "-") {
    std::cerr << fmt::format("{} in {}\n", counted(*written, "version"), flags.output);
  }
  return exit_done;
}

}  // namespace

void add_collections_export(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command = collections.add_subcommand(
      "export",
      "Write a collection, all of a user or all of an application as lines of JSON: a header, a\n"
      "line for each version, and a last line with their number");
  add_address(*command, flags->address, Depth::application, Depth::collection);
  add_collections_flags(*command, flags->where);
  command
      ->add_option("--output", flags->output,
                   "File to write, in place of one that is there; stdout if left out. It appears\n"
                   "when it is complete")
      ->type_name("FILE")
      ->group("Output");
  command->add_flag("--latest", flags->latest, "Only what is live, as it is now")->group("What");
  command->footer("A collection's versions come before those of its entries, the oldest first.");
  command->callback([flags, &exit_code] { exit_code = export_versions(*flags); });
}

}  // namespace dynakeep::app
