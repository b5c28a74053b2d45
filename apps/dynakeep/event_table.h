#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "connection.h"
#include "dynakeep/stores/event_storage.h"

namespace dynakeep::app {

// Where the subcommands of `dynakeep events` find events, and how they show them.
struct EventTableFlags {
  Connection connection = {};
  std::string table = {};
  std::string store = {};
  bool legacy = false;
  bool json = false;
};

// --database, --table, --legacy and --json.
void add_event_table_flags(CLI::App& command, EventTableFlags& flags);
// --store STORE: one, or where there is a list for them, any number.
void add_store_flag(CLI::App& command, std::string& store);
void add_store_flag(CLI::App& command, std::vector<std::string>& stores);

// For subcommands that cannot do without a store; a legacy table is one. Called by their callbacks.
void require_store(const EventTableFlags& flags);

// A table of events, opened.
struct OpenEventTable {
  std::unique_ptr<Database> database = {};
  std::unique_ptr<EventTable> events = {};
  std::string store = {};
};

// Fails as connect() does.
Result<OpenEventTable> open_event_table(const EventTableFlags& flags);

// A store of a single table, as its index has it.
struct StoreSummary {
  std::uint64_t aggregates = 0;
  std::string first = {};  // of the timestamps of initial events
  std::string latest = {};
};

// All of them by id. Reads the whole index.
Result<std::map<std::string, StoreSummary>> stores_of(OpenEventTable& opened,
                                                      const EventTableFlags& flags);

// One line on stderr about an error of the table; returns the code for the program to end with.
int complain(const EventTableFlags& flags, const Error& error);

// The event in JSON as castore has it: {"aggregateId":…,"version":…,"type":…,"timestamp":…} and,
// if it has them, payload and metadata.
std::string event_json(const Event& event);

}  // namespace dynakeep::app
