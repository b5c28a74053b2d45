#include "served_user_data.h"

#include <cstddef>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "complain.h"
#include "counting.h"
#include "dynakeep/json_document.h"
#include "environment.h"

namespace dynakeep::app {

namespace {

constexpr std::string_view variable_prefix = "DYNAKEEP_USER_DATA_";
constexpr std::size_t config_bytes_max = std::size_t{1} << 20;

bool is_loopback(const std::string& address) {
  // A name may begin like an address, and be anywhere.
  const bool is_numeric = address.find_first_not_of("0123456789.") == std::string::npos;
  return (is_numeric && address.starts_with("127.")) || address == "::1" || address == "localhost";
}

Result<JsonDocument> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(ErrorCode::invalid_argument, path + " cannot be read");
  std::string text(config_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > config_bytes_max) {
    return Error(ErrorCode::invalid_argument, path + " has more than 1 MiB");
  }
  auto document = JsonDocument::parse(text);
  if (document && document->is_object()) return document;
  return Error(ErrorCode::invalid_argument,
               path + " is no configuration: " +
                   (document ? "it is no object" : document.error().message()));
}

Result<UserDataOptions> options_of(const ServedUserDataFlags& flags) {
  if (flags.config.empty()) {
    // What others store is seen, and none of their history is cut.
    return UserDataOptions{.table = {.name = flags.table},
                           .session = {.enabled = true},
                           .history = {.enabled = true, .size = std::nullopt}};
  }
  JsonDocument config = TRY(read_config(flags.config));
  JsonDocument table = JsonDocument::object();
  if (const auto* given = config.find("table"); given != nullptr && given->is_object()) {
    table = *given;
  }
  table.set("name", JsonDocument::string(flags.table));
  config.set("table", std::move(table));
  auto options = parse_user_data_options(config);
  if (options) return options;
  return Error(ErrorCode::invalid_argument, flags.config + ": " + options.error().message());
}

// As the flag and the variables say; nothing, if they say nothing.
Result<std::optional<TokenOptions>> tokens_of(const ServedUserDataFlags& flags) {
  auto variables = variables_beginning_with(variable_prefix);
  if (!flags.tokens.empty()) {
    variables.insert_or_assign(std::string(variable_prefix) + "JWT_AUTH_WELL_KNOWN_URL",
                               flags.tokens);
  }
  TokenSettings settings = read_token_settings(variable_prefix, variables);
  for (const std::string& warning : settings.warnings) warn(warning);
  if (settings.faults.empty()) return std::move(settings.tokens);
  return Error(ErrorCode::invalid_argument, fmt::format("{}", fmt::join(settings.faults, "; ")));
}

std::string words_of(const UserDataServiceOptions& options) {
  if (!options.keys) return options.tokens ? "bearer tokens" : "everyone here";
  return counted(options.keys->size(), "API key") + (options.tokens ? " and bearer tokens" : "");
}

}  // namespace

void add_served_user_data_flags(CLI::App& command, ServedUserDataFlags& flags) {
  CLI::Option* const table =
      command
          .add_option("--user-data", flags.table,
                      "Serve the users of this table over HTTP under /v1/users; it is created if\n"
                      "need be")
          ->type_name("TABLE")
          ->group("User data");
  const auto add = [&](const char* name, std::string& value, const char* description,
                       const char* type) {
    command.add_option(name, value, description)->type_name(type)->needs(table)->group("User data");
  };
  add("--user-data-config", flags.config,
      "Settings in JSON, as Jovo's integration has them and ours beside them; sessions and\n"
      "history are switched on if left out",
      "FILE");
  add("--user-data-keys", flags.api_keys,
      "Serve who has one of these keys ('dynakeep keys' makes them), read again when the\n"
      "file changes; they or tokens must be given unless the address is this machine's own",
      "FILE");
  add("--user-data-tokens", flags.tokens,
      "Serve who has a bearer token of an OpenID provider, each for its own user; the URL\n"
      "is of the provider's configuration. Else DYNAKEEP_USER_DATA_JWT_AUTH_WELL_KNOWN_URL;\n"
      "the other DYNAKEEP_USER_DATA_JWT_AUTH_ variables count too: ISSUER, AUDIENCE, …",
      "URL");
  add("--user-data-prefix", flags.prefix, "Path before /v1/users, such as /app", "PATH");
}

Result<ServedUserData> serve_user_data(Database& database, const ServedUserDataFlags& flags,
                                       const std::string& address) {
  UserDataServiceOptions options{.tokens = TRY(tokens_of(flags)), .prefix = flags.prefix};
  if (flags.api_keys.empty() && !options.tokens && !is_loopback(address)) {
    return Error(ErrorCode::invalid_argument,
                 address +
                     " is open to other machines; give --user-data-keys FILE or "
                     "--user-data-tokens URL");
  }
  if (!flags.prefix.empty() && (!flags.prefix.starts_with('/') || flags.prefix.ends_with('/'))) {
    return Error(ErrorCode::invalid_argument,
                 "--user-data-prefix begins with '/' and ends without");
  }
  ServedUserData served;
  if (!flags.api_keys.empty()) served.keys = TRY(ApiKeys::load(flags.api_keys));
  options.keys = served.keys;
  served.open_to = words_of(options);
  served.store = TRY(UserDataStore::create(database, TRY(options_of(flags))));
  TRY(served.store->ensure_table());
  served.service = TRY(dynakeep::serve_user_data(*served.store, options));
  return served;
}

}  // namespace dynakeep::app
