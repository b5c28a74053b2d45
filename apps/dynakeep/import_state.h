#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/transfer/import.h"
#include "import_rejects.h"

namespace dynakeep::app {

// What an import leaves in its state file, for another one of the same to go on: how far it was,
// and what it had come to.
struct ImportState {
  std::string table = {};
  std::vector<std::string> paths = {};
  std::uint64_t bytes_total = 0;  // of the files named, so that others are not taken for them
  ImportPosition position = {};
  bool is_begun = false;  // it was read from a file
  std::uint64_t lines = 0;
  std::uint64_t written = 0;
  std::uint64_t removed = 0;
  std::uint64_t existing = 0;
  std::uint64_t rejected = 0;
  ImportRejects::Sizes rejects = {};
};

// Nothing: there is no such file. invalid_argument: it cannot be read, or is something else.
Result<std::optional<ImportState>> read_import_state(const std::string& path);

// Whoever reads the file finds the old state or the new one.
Result<void> write_import_state(const std::string& path, const ImportState& state);

}  // namespace dynakeep::app
