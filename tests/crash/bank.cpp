#include "bank.h"

#include <array>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace dynakeep::crash {
namespace {

using Place = BankStory::Place;

struct Order {
  enum class Kind { deposit, deposits, transfer };
  Kind kind = Kind::deposit;
  std::string name = {};
  std::string from = {};
  std::string to = {};
  std::int64_t amount = 0;
};

Result<Account> load(const Accounts& accounts, const std::string& id) {
  auto loaded = TRY(accounts.get_aggregate(id));
  return loaded.aggregate.value_or(Account{.aggregate_id = id});
}

Result<std::vector<Place>> deposit(const Order& order, const Accounts& accounts) {
  const Account account = TRY(load(accounts, order.to));
  std::vector<Place> places;
  const Deposited event{.amount = order.amount, .command = order.name};
  if (order.kind == Order::Kind::deposit) {
    const auto pushed = TRY(accounts.push_event(
        {.aggregate_id = order.to, .version = account.version + 1, .body = event}));
    places.emplace_back(order.to, pushed.event.version());
    return places;
  }
  const auto appended = TRY(accounts.append(account, {event, event, event}));
  for (const auto& each : appended.events) places.emplace_back(order.to, each.version());
  return places;
}

Result<std::vector<Place>> transfer(const Order& order, const Accounts& accounts) {
  const Account from = TRY(load(accounts, order.from));
  const Account to = TRY(load(accounts, order.to));
  const auto [sent, received] = TRY(push_event_group(
      accounts.group_event({.aggregate_id = from.aggregate_id,
                            .version = from.version + 1,
                            .body = Sent{.amount = order.amount, .command = order.name}}),
      accounts.group_event({.aggregate_id = to.aggregate_id,
                            .version = to.version + 1,
                            .body = Received{.amount = order.amount, .command = order.name}})));
  return std::vector<Place>{{order.from, sent.event.version()},
                            {order.to, received.event.version()}};
}

const Command<std::vector<Place>(const Order&, const Accounts&)>& carry_out() {
  static const Command<std::vector<Place>(const Order&, const Accounts&)> command(
      {.command_id = "CARRY_OUT",
       .handler =
           [](const Order& order, const Accounts& accounts) {
             return order.kind == Order::Kind::transfer ? transfer(order, accounts)
                                                        : deposit(order, accounts);
           },
       .retries = {.retries = 30,
                   .backoff = Backoff{.first = std::chrono::milliseconds(1),
                                      .longest = std::chrono::milliseconds(16)}}});
  return command;
}

Order random_order(std::mt19937_64& random, std::string name) {
  Order order{.name = std::move(name)};
  const auto kinds = std::array{Order::Kind::deposit, Order::Kind::deposits, Order::Kind::transfer};
  order.kind = kinds[random() % kinds.size()];
  const int to = static_cast<int>(random() % account_count);
  order.to = account_name(to);
  order.from =
      account_name((to + 1 + static_cast<int>(random() % (account_count - 1))) % account_count);
  order.amount = static_cast<std::int64_t>(random() % 1000);
  return order;
}

}  // namespace

Accounts accounts_on(EventStorage& storage) {
  return Accounts(
      {.event_store_id = "ACCOUNTS",
       .reducer = reduce_with(
           [](Account& account, const Deposited& event) { account.balance += event.amount; },
           [](Account& account, const Sent& event) { account.balance -= event.amount; },
           [](Account& account, const Received& event) { account.balance += event.amount; }),
       .storage = &storage});
}

std::string account_name(int account) { return "account-" + std::to_string(account); }

void run_bank(const Accounts& accounts, int threads, int commands, const std::string& run,
              std::uint64_t seed, const BankTeller& teller) {
  std::vector<std::jthread> clerks;
  for (int thread = 0; thread < threads; ++thread) {
    clerks.emplace_back([&, thread] {
      std::mt19937_64 random(seed + static_cast<std::uint64_t>(thread));
      for (int i = 0; i < commands; ++i) {
        const Order order =
            random_order(random, run + "-" + std::to_string(thread) + "-" + std::to_string(i));
        teller.begin(order.name);
        const auto places = carry_out()(order, accounts);
        if (places) {
          teller.finish(order.name, *places);
        } else {
          teller.fail(order.name, places.error());
        }
      }
    });
  }
}

void expect_bank(const Accounts& accounts, const BankStory& story) {
  std::map<std::string, std::vector<Place>> stored;  // by command
  std::map<std::string, std::vector<std::string_view>> types;
  std::int64_t deposited = 0;
  std::int64_t balances = 0;
  for (int number = 0; number < account_count; ++number) {
    const std::string account = account_name(number);
    const auto events = accounts.get_events(account);
    ASSERT_TRUE(events) << events.error();
    std::int64_t balance = 0;
    Version version = 0;
    for (const auto& each : *events) {
      ASSERT_EQ(each.version(), ++version) << account;
      const auto note = [&](const auto& body, std::int64_t change) {
        stored[body.command].emplace_back(account, version);
        types[body.command].push_back(std::remove_cvref_t<decltype(body)>::event_type);
        balance += change;
      };
      if (const auto* body = std::get_if<Deposited>(&each.body)) {
        note(*body, body->amount);
        deposited += body->amount;
      } else if (const auto* sent = std::get_if<Sent>(&each.body)) {
        note(*sent, -sent->amount);
      } else {
        const auto& received = std::get<Received>(each.body);
        note(received, received.amount);
      }
    }
    const auto loaded = accounts.get_aggregate(account);
    ASSERT_TRUE(loaded) << loaded.error();
    if (version == 0) {
      EXPECT_FALSE(loaded->aggregate);
      continue;
    }
    EXPECT_EQ(loaded->aggregate->version, version);
    EXPECT_EQ(loaded->aggregate->balance, balance);
    balances += balance;
  }
  // What one account sends another receives.
  EXPECT_EQ(balances, deposited);

  for (const auto& [command, places] : story.done) {
    const auto found = stored.find(command);
    ASSERT_NE(found, stored.end()) << command << " was answered, and is not there";
    EXPECT_EQ(std::set<Place>(found->second.begin(), found->second.end()), places) << command;
    EXPECT_EQ(found->second.size(), places.size()) << command;
  }
  for (const auto& [command, places] : stored) {
    EXPECT_TRUE(story.begun.contains(command)) << command << " was never sent";
    EXPECT_FALSE(story.failed.contains(command)) << command << " failed, and is there";
    const auto& of = types[command];
    if (of.front() == Deposited::event_type) {
      EXPECT_TRUE(of.size() == 1 || of.size() == 3) << command << " is there by half";
    } else {
      EXPECT_EQ(of.size(), 2u) << command << " is there by half";
      EXPECT_NE(of.front(), of.back()) << command;
    }
  }
}

}  // namespace dynakeep::crash
