#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dynakeep/stores/event_command.h"
#include "dynakeep/stores/event_store.h"

// A bank as an event store, whose few accounts many threads command at once, and what must be true
// of it whatever became of them.
namespace dynakeep::crash {

// Each event names the command that it came from.
struct Deposited {
  static constexpr std::string_view event_type = "DEPOSITED";
  std::int64_t amount = 0;
  std::string command = {};
  static void fields(auto& self, auto&& field) {
    field("amount", self.amount);
    field("command", self.command);
  }
};
// The two ends of a transfer.
struct Sent {
  static constexpr std::string_view event_type = "SENT";
  std::int64_t amount = 0;
  std::string command = {};
  static void fields(auto& self, auto&& field) {
    field("amount", self.amount);
    field("command", self.command);
  }
};
struct Received {
  static constexpr std::string_view event_type = "RECEIVED";
  std::int64_t amount = 0;
  std::string command = {};
  static void fields(auto& self, auto&& field) {
    field("amount", self.amount);
    field("command", self.command);
  }
};
using AccountEvent = std::variant<Deposited, Sent, Received>;

struct Account {
  std::string aggregate_id = {};
  Version version = 0;
  std::int64_t balance = 0;
};
using Accounts = EventStore<Account, AccountEvent>;

inline constexpr const char* bank_table_name = "Bank";
inline constexpr int account_count = 3;

Accounts accounts_on(EventStorage& storage);
std::string account_name(int account);

// What was told of commands. A command has begun when it may have stored something, and is done
// with the events it was answered with.
struct BankStory {
  using Place = std::pair<std::string, Version>;  // account, version

  std::set<std::string> begun;
  std::map<std::string, std::set<Place>> done;
  std::set<std::string> failed;  // answered with an error: nothing may be there

  void begin(const std::string& command) { begun.insert(command); }
  void finish(const std::string& command, const std::vector<Place>& places) {
    done[command].insert(places.begin(), places.end());
  }
};

// How a thread tells. Called by all of them.
struct BankTeller {
  std::function<void(const std::string& command)> begin;
  std::function<void(const std::string& command, const std::vector<BankStory::Place>&)> finish;
  std::function<void(const std::string& command, const Error&)> fail;
};

// Sends random commands from `threads` threads, `commands` each: deposits of one event, deposits of
// three at once, transfers from one account to another as a group. Their names begin with `run`.
void run_bank(const Accounts& accounts, int threads, int commands, const std::string& run,
              std::uint64_t seed, const BankTeller& teller);

// Every event of a command that is done stands at the version it was told, no failed one left
// anything, none is there by half or twice; versions have no gaps; and what the accounts fold to is
// what their events add up to.
void expect_bank(const Accounts& accounts, const BankStory& story);

}  // namespace dynakeep::crash
