#include "keys.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json_document.h"
#include "dynakeep/services/api_key_file.h"
#include "moment.h"
#include "table_printer.h"
#include "terminal.h"

namespace dynakeep::app {

namespace {

struct KeysFlags {
  std::string file = {};
  bool json = false;

  std::string name = {};  // of the key that is meant
  ApiKey scope = {};
  std::vector<std::string> permissions = {};
  std::optional<Time> not_after = {};
  std::optional<std::chrono::milliseconds> overlap = std::chrono::hours(24);
  bool keep_record = false;
};

std::vector<std::string> words_of(ApiPermissions permissions) {
  std::vector<std::string> words;
  for (const ApiPermission permission : all_api_permissions) {
    if (permissions.has(permission)) words.emplace_back(to_string(permission));
  }
  return words;
}

std::string validity_of(const ApiKey& key, Time now) {
  if (key.not_after && *key.not_after < now) return "ended " + to_iso(*key.not_after);
  std::string text;
  if (key.not_before && *key.not_before > now) text = "from " + to_iso(*key.not_before);
  if (key.not_after) text += (text.empty() ? "until " : " until ") + to_iso(*key.not_after);
  return text.empty() ? "always" : text;
}

JsonDocument strings(const std::vector<std::string>& texts) {
  std::vector<JsonDocument> elements;
  elements.reserve(texts.size());
  for (const std::string& text : texts) elements.push_back(JsonDocument::string(text));
  return JsonDocument::array(std::move(elements));
}

// All that may be shown of a key. Users are null for all of them.
JsonDocument to_json(const ApiKey& key, Time now) {
  JsonDocument document = JsonDocument::object();
  document.set("fingerprint", JsonDocument::string(key.fingerprint));
  document.set("application", JsonDocument::string(key.application));
  if (!key.label.empty()) document.set("label", JsonDocument::string(key.label));
  document.set("permissions", strings(words_of(key.permissions)));
  document.set("users", key.users.empty() ? JsonDocument() : strings(key.users));
  if (key.not_before) document.set("notBefore", JsonDocument::string(to_iso(*key.not_before)));
  if (key.not_after) document.set("notAfter", JsonDocument::string(to_iso(*key.not_after)));
  document.set("good", JsonDocument::boolean(key.is_good_at(now)));
  return document;
}

JsonDocument to_json(const NewApiKey& made, Time now) {
  JsonDocument document = to_json(made.scope, now);
  document.set("key", JsonDocument::string(made.key));
  return document;
}

// "ci (2bb80d53) of shop"
std::string called(const ApiKey& key) {
  const std::string of = " of " + key.application;
  return printable(key.label.empty() ? key.fingerprint + of
                                     : key.label + " (" + key.fingerprint + ")" + of);
}

// The key alone on stdout, for a script to take; what there is to say of it on stderr.
void print_new(const NewApiKey& made, const std::string& what) {
  std::cerr << what << " Keep the key, it is not shown again:" << std::endl;
  std::cout << made.key << std::endl;
}

Result<void> list(KeysFlags& flags) {
  const Time now = system_clock().now();
  const auto keys = TRY(ApiKeyFile(flags.file).list());
  if (flags.json) {
    for (const ApiKey& key : keys) std::cout << to_json(key, now).to_text() << "\n";
    return {};
  }
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "LABEL", .colour = Colour::cyan},
                      {.heading = "APPLICATION"},
                      {.heading = "FINGERPRINT"},
                      {.heading = "PERMISSIONS"},
                      {.heading = "USERS"},
                      {.heading = "GOOD"}});
  for (const ApiKey& key : keys) {
    table.add({key.label, key.application, key.fingerprint,
               fmt::format("{}", fmt::join(words_of(key.permissions), ",")),
               key.users.empty() ? "all" : fmt::format("{}", fmt::join(key.users, ",")),
               validity_of(key, now)});
  }
  table.finish();
  return {};
}

Result<void> add(KeysFlags& flags) {
  if (!flags.permissions.empty()) {
    flags.scope.permissions = {};
    for (const std::string& word : flags.permissions) {
      flags.scope.permissions.add(*parse_api_permission(word));
    }
  }
  const auto made = TRY(ApiKeyFile(flags.file).add(flags.scope));
  if (flags.json) {
    std::cout << to_json(made, system_clock().now()).to_text() << std::endl;
  } else {
    print_new(made, "Added " + called(made.scope) + ".");
  }
  return {};
}

Result<void> rotate(KeysFlags& flags) {
  const auto rotated =
      TRY(ApiKeyFile(flags.file).rotate(flags.name, *flags.overlap, flags.not_after));
  if (flags.json) {
    const Time now = system_clock().now();
    JsonDocument document = JsonDocument::object();
    document.set("successor", to_json(rotated.successor, now));
    document.set("predecessor", to_json(rotated.predecessor, now));
    std::cout << document.to_text() << std::endl;
  } else {
    print_new(rotated.successor,
              fmt::format("Added {}; {} is good until {}.", called(rotated.successor.scope),
                          rotated.predecessor.fingerprint, to_iso(*rotated.predecessor.not_after)));
  }
  return {};
}

Result<void> revoke(KeysFlags& flags) {
  const auto how = flags.keep_record ? ApiKeyFile::Revocation::end : ApiKeyFile::Revocation::remove;
  const ApiKey revoked = TRY(ApiKeyFile(flags.file).revoke(flags.name, how));
  if (flags.json) {
    std::cout << to_json(revoked, system_clock().now()).to_text() << std::endl;
  } else {
    std::cout << "Revoked " << called(revoked) << std::endl;
  }
  return {};
}

using Action = Result<void> (*)(KeysFlags&);

// A subcommand with the flags that all of them have.
CLI::App* add_subcommand(CLI::App& keys, const std::string& name, const std::string& description,
                         const std::shared_ptr<KeysFlags>& flags, int& exit_code, Action act) {
  CLI::App* command = keys.add_subcommand(name, description);
  command->add_option("--file", flags->file, "The file of keys")
      ->envname("API_KEYS_FILE")
      ->required()
      ->type_name("FILE");
  command->add_flag("--json", flags->json, "Say it in JSON");
  command->callback([flags, &exit_code, act] {
    const auto done = act(*flags);
    exit_code = done ? exit_done : complain(done.error());
  });
  return command;
}

void add_name(CLI::App& command, KeysFlags& flags) {
  command.add_option("key", flags.name, "Label or fingerprint of the key")
      ->required()
      ->type_name("KEY");
}

void add_add(CLI::App& keys, int& exit_code) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* command =
      add_subcommand(keys, "add", "Make a key and print it, this once; the file has its SHA-256",
                     flags, exit_code, add);
  command->add_option("--application", flags->scope.application, "Whose data the key opens")
      ->required()
      ->type_name("NAME");
  command->add_option("--label", flags->scope.label, "What logs and versions call the key")
      ->type_name("TEXT");
  const auto words = words_of(ApiPermissions::all());
  command
      ->add_option("--permissions", flags->permissions,
                   "What it may do, of read, write, delete, history and purge; all but purge\n"
                   "unless said")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(words).description(""))
      ->type_name("LIST");
  command
      ->add_option("--users", flags->scope.users,
                   "Slugs of the users it reaches, a * at the end for whatever follows; all\n"
                   "unless said")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST");
  add_moment(*command, "--not-before", flags->scope.not_before, "When it begins to be good");
  add_moment(*command, "--not-after", flags->scope.not_after,
             "When it ends: 2031-01-01, 2031-01-01T12:00:00Z or \"in 90d\"");
  command->footer(
      "For example:\n"
      "  KEY=$(dynakeep keys add --file api-keys.json --application shop --label ci)");
}

void add_list(CLI::App& keys, int& exit_code) {
  add_subcommand(keys, "list", "Show what there is of the keys, but for the keys themselves",
                 std::make_shared<KeysFlags>(), exit_code, list);
}

void add_rotate(CLI::App& keys, int& exit_code) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* command = add_subcommand(
      keys, "rotate", "Make a key of the same scope and print it, this once; the old one ends",
      flags, exit_code, rotate);
  add_name(*command, *flags);
  add_duration(*command, "--overlap", flags->overlap, "How long the old one goes on (24h)");
  add_moment(*command, "--not-after", flags->not_after,
             "When the new one ends; as the old one was to unless said");
}

void add_revoke(CLI::App& keys, int& exit_code) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* command = add_subcommand(keys, "revoke", "Take a key away", flags, exit_code, revoke);
  add_name(*command, *flags);
  command->add_flag("--keep-record", flags->keep_record,
                    "Leave its record in the file, with now as its end");
}

}  // namespace

void add_keys(CLI::App& program, int& exit_code) {
  CLI::App* keys =
      program.add_subcommand("keys", "Manage the API keys of 'dynakeep serve --api-keys'");
  keys->require_subcommand(1);
  add_add(*keys, exit_code);
  add_list(*keys, exit_code);
  add_rotate(*keys, exit_code);
  add_revoke(*keys, exit_code);
  keys->footer(
      "For example:\n"
      "  dynakeep keys add --file api-keys.json --application shop --label ci --users 'team-*'\n"
      "  dynakeep keys rotate ci --file api-keys.json --overlap 48h\n"
      "  dynakeep keys revoke 2bb80d53 --file api-keys.json\n"
      "A running server sees the change within five seconds, or at once by SIGHUP. A key that\n"
      "shares its label with others is named by its fingerprint. The server of dynamodb-mini\n"
      "itself reads no digests and no ends: give it no file that was changed here.");
}

}  // namespace dynakeep::app
