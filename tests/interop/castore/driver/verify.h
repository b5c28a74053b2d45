#pragma once

#include <string>
#include <vector>

#include "driver/stores.h"

namespace dynakeep::castore {

struct DatasetEvent {
  std::string store = {};
  NewEvent event = {};
};

struct Dataset {
  std::vector<std::string> stores = {};
  std::vector<DatasetEvent> events = {};
};

// What is in a file of the form of dataset.json.
Result<Dataset> read_dataset(const std::string& path);

// Checks both tables against the dataset: each item attribute by attribute, then what the storage
// reads. The error says what differs.
Result<void> verify(Stores& stores, const Dataset& dataset);

}  // namespace dynakeep::castore
