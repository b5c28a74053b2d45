#include "contract/kinds.h"

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "dynakeep/embedded.h"

namespace dynakeep::contract {

namespace {

using support::OwnedDatabase;

// A new folder, and its end.
class TemporaryFolder {
 public:
  static Result<std::shared_ptr<TemporaryFolder>> make() {
    std::string path = std::filesystem::temp_directory_path() / "dynakeep-contract-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return Error(ErrorCode::invalid_argument, "cannot make a folder like " + path);
    }
    return std::shared_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // what stays behind is in the system's temporary folder
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

Result<OwnedDatabase> open_in_memory() {
  return OwnedDatabase{.database = TRY(open_embedded({.in_memory = true}))};
}

Result<OwnedDatabase> open_on_disk() {
  auto folder = TRY(TemporaryFolder::make());
  auto database = TRY(open_embedded({.path = folder->path()}));
  return OwnedDatabase{.under = std::move(folder), .database = std::move(database)};
}

std::vector<Kind>& all() {
  static std::vector<Kind> kinds{
      {.name = "embedded_in_memory", .open = open_in_memory},
      {.name = "embedded_on_disk", .open = open_on_disk},
      {.name = "remote_in_process", .open = [] { return support::open_remote_in_process(); }},
      {.name = "remote_over_a_socket", .open = [] { return support::open_remote_over_a_socket(); }},
  };
  return kinds;
}

}  // namespace

const std::vector<Kind>& kinds() { return all(); }

void only_kind(Kind kind) {
  all().clear();
  all().push_back(std::move(kind));
}

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

}  // namespace dynakeep::contract
