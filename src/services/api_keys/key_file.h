#pragma once

#include <string>
#include <vector>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "services/api_keys/private_file.h"
#include "services/api_keys/record.h"

namespace dynakeep::services {

// A file of API keys that was read: its records as they stand, and what they say, in one order.
struct KeyFile {
  JsonDocument document = JsonDocument::array();
  std::vector<DigestedKey> keys = {};
  FileStamp stamp = {};
  bool others_may_read = false;
};

// invalid_argument, as ApiKeys::load.
Result<KeyFile> read_key_file(const std::string& path);

// Puts the records into it, each on a line of its own for people who look at them.
Result<void> write_key_file(const std::string& path, const JsonDocument& document);

}  // namespace dynakeep::services
