#include "import_state.h"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "dynakeep/json_document.h"
#include "output_file.h"

namespace dynakeep::app {

namespace {

constexpr std::int64_t format_version = 1;

// The numbers of a state by their names, once for both directions.
auto numbers_of(ImportState& state, std::uint64_t& file) {
  return std::array<std::pair<const char*, std::uint64_t*>, 11>{
      {{"bytesTotal", &state.bytes_total},
       {"file", &file},
       {"bytes", &state.position.bytes},
       {"line", &state.position.line},
       {"lines", &state.lines},
       {"written", &state.written},
       {"removed", &state.removed},
       {"existing", &state.existing},
       {"rejected", &state.rejected},
       {"rejectsBytes", &state.rejects.lines},
       {"reasonsBytes", &state.rejects.reasons}}};
}

std::optional<std::uint64_t> number_of(const JsonDocument& document, const char* name) {
  const JsonDocument* const found = document.find(name);
  if (found == nullptr || found->kind() != JsonDocument::Kind::number ||
      found->text().size() > 18 ||
      found->text().find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(found->text());
}

}  // namespace

Result<std::optional<ImportState>> read_import_state(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return std::optional<ImportState>();
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Error no_state(ErrorCode::invalid_argument, path + " is not the state of an import");
  const auto document = JsonDocument::parse(text);
  if (!document || number_of(*document, "dynakeepImport") != format_version) return no_state;
  const JsonDocument* const table = document->find("table");
  const JsonDocument* const paths = document->find("paths");
  if (table == nullptr || paths == nullptr) return no_state;
  ImportState state{.table = table->text()};
  for (const JsonDocument& each : paths->elements()) state.paths.push_back(each.text());
  std::uint64_t file_index = 0;
  for (const auto& [name, number] : numbers_of(state, file_index)) {
    const auto found = number_of(*document, name);
    if (!found) return no_state;
    *number = *found;
  }
  state.position.file = file_index;
  state.is_begun = true;
  return std::optional(std::move(state));
}

Result<void> write_import_state(const std::string& path, const ImportState& state) {
  ImportState copy = state;
  std::uint64_t file_index = state.position.file;
  std::vector<JsonDocument> paths;
  for (const std::string& each : state.paths) paths.push_back(JsonDocument::string(each));
  JsonDocument document = JsonDocument::object();
  document.set("dynakeepImport", JsonDocument::number(format_version));
  document.set("table", JsonDocument::string(state.table));
  document.set("paths", JsonDocument::array(std::move(paths)));
  for (const auto& [name, number] : numbers_of(copy, file_index)) {
    document.set(name, JsonDocument::number(static_cast<std::int64_t>(*number)));
  }
  auto out = TRY(OutputFile::open(path));
  TRY(out.write(document.to_text() + "\n"));
  return out.finish();
}

}  // namespace dynakeep::app
