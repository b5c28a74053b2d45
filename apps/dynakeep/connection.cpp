#include "connection.h"

#include <filesystem>
#include <system_error>

#include "complain.h"
#include "dynakeep/open.h"

namespace dynakeep::app {

namespace {

constexpr std::string_view embedded_scheme = "embedded:";

}  // namespace

void add_connection_flag(CLI::App& command, Connection& connection) {
  command
      .add_option("--database", connection.database,
                  "Where the data is:\n"
                  "  http://HOST:PORT   a server of the DynamoDB protocol; also https\n"
                  "  dynamodb://REGION  Amazon DynamoDB\n"
                  "  embedded:FOLDER    a folder that no server has open")
      ->envname("DYNAKEEP_DATABASE")
      ->capture_default_str()
      ->type_name("CONNECTION")
      ->group("Data");
}

Result<std::unique_ptr<Database>> connect(const Connection& connection) {
  if (connection.database.starts_with(embedded_scheme)) {
    const std::string folder = connection.database.substr(embedded_scheme.size());
    std::error_code cannot_be_read;  // which opening it says better
    if (!folder.empty() &&
        (!std::filesystem::exists(folder, cannot_be_read) ||
         std::filesystem::is_empty(folder, cannot_be_read)) &&
        !cannot_be_read) {
      return Error(ErrorCode::invalid_argument, "There is no data in the folder '" + folder + "'");
    }
  }
  return connect_or_make(connection);
}

Result<std::unique_ptr<Database>> connect_or_make(const Connection& connection) {
  return open(connection.database);
}

bool is_misuse(const Connection& connection, const Error& error) {
  // Of a folder everything is the folder's fault; of another string, what makes no sense is its
  // own.
  const bool of_folder = connection.database.starts_with(embedded_scheme) &&
                         connection.database.size() > embedded_scheme.size();
  return error.code() == ErrorCode::invalid_argument && !of_folder;
}

int complain(const Connection& connection, const Error& error) {
  return complain(is_misuse(connection, error) ? exit_misused : exit_no_data, error.message());
}

}  // namespace dynakeep::app
