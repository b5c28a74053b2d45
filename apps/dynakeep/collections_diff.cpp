#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "dynakeep/json_document.h"
#include "json_text.h"

namespace dynakeep::app {

namespace {

struct DiffFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::optional<VersionReference> from = {};
  std::optional<VersionReference> to = {};
};

struct Compared {
  ResourceVersion from = {};
  ResourceVersion to = {};
  VersionDifference difference = {};
};

Result<ResourceVersion> version_before(VersionedCollections& store, const ResourcePath& path,
                                       const ResourceVersion& later) {
  auto page = TRY(store.history(path, {.page = {.limit = 1}, .to = later.version}));
  if (page.items.empty()) {
    return Error(ErrorCode::not_found,
                 fmt::format("nothing is before version {} to compare it with", later.version));
  }
  return std::move(page.items.front());
}

Result<Compared> compare(const DiffFlags& flags, VersionedCollections& store) {
  const ResourcePath path = TRY(find_path(store, flags.address));
  Compared compared;
  compared.to = TRY(store.version(path, flags.to.value_or(VersionReference::last())));
  compared.from = flags.from ? TRY(store.version(path, *flags.from))
                             : TRY(version_before(store, path, compared.to));
  compared.difference = TRY(store.difference(path, VersionReference::number(compared.from.version),
                                             VersionReference::number(compared.to.version)));
  return compared;
}

std::string as_json(const VersionDifference& difference) {
  std::string json = fmt::format(R"({{"from":{},"to":{})", difference.from, difference.to);
  if (difference.names) {
    json += fmt::format(R"(,"name":[{},{}])", json_string(difference.names->first),
                        json_string(difference.names->second));
  }
  return json + ",\"patch\":" + difference.patch + "}";
}

// A line for each change: "+ /n 3", "- /old", "~ /body "two"".
void print_patch(const Terminal& terminal, const JsonDocument& patch) {
  for (const JsonDocument& operation : patch.elements()) {
    const auto member = [&](std::string_view name) -> std::string {
      const JsonDocument* found = operation.find(name);
      if (found == nullptr) return {};
      return found->is_string() && name != "value" ? found->text() : found->to_text();
    };
    const std::string kind = member("op");
    const bool adds = kind == "add";
    const bool removes = kind == "remove";
    const std::string path = member("path");
    const std::string line =
        fmt::format("{} {}{}{}",
                    adds      ? '+'
                    : removes ? '-'
                              : '~',
                    path.empty() ? "value" : path, removes ? "" : " ", member("value"));
    std::cout << painted(terminal,
                         adds      ? Colour::green
                         : removes ? Colour::red
                                   : Colour::yellow,
                         printable(line))
              << '\n';
  }
}

void print(const Compared& compared) {
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  const auto heading = [&](std::string_view mark, const ResourceVersion& version) {
    std::string line = fmt::format("{} version {}", mark, version.version);
    if (version.revision) line += fmt::format(", revision {}", *version.revision);
    line += ", " + moment_of(version);
    if (!version.by.empty()) line += ", by " + version.by;
    if (!version.message.empty()) line += ": " + version.message;
    std::cout << painted(terminal, Colour::bold, printable(line)) << '\n';
  };
  heading("---", compared.from);
  heading("+++", compared.to);
  const VersionDifference& difference = compared.difference;
  if (difference.names) {
    const std::string line = fmt::format("name {} to {}", json_string(difference.names->first),
                                         json_string(difference.names->second));
    std::cout << painted(terminal, Colour::yellow, "~ " + printable(line)) << '\n';
  }
  const auto patch = JsonDocument::parse(difference.patch);
  const bool same_value = patch && patch->elements().empty();
  if (patch) print_patch(terminal, *patch);
  if (!difference.names && same_value) std::cout << "no difference\n";
}

int diff(const DiffFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto compared = compare(flags, *opened->store);
  if (!compared) return complain(flags.where, compared.error());
  if (flags.where.json) {
    std::cout << as_json(compared->difference) << '\n';
  } else {
    print(*compared);
  }
  return exit_done;
}

}  // namespace

void add_collections_diff(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App* command = collections.add_subcommand(
      "diff", "Show what one version changed of another: of the value as RFC 6902 has it");
  add_address(*command, flags->address, Depth::collection, Depth::entry);
  add_collections_flags(*command, flags->where);
  add_version(*command, "--from", flags->from, "The old one; the one before --to if left out")
      ->group("What");
  add_version(*command, "--to", flags->to, "The new one; the newest if left out")->group("What");
  command->callback([flags, &exit_code] { exit_code = diff(*flags); });
}

}  // namespace dynakeep::app
