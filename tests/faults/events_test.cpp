// What the event store says of a push must be true, whatever happened on the way: stored means
// stored at that version, an error that does not say outcome_unknown means not stored, and nobody
// is in conflict with himself.

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/stores/event_storage.h"
#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;
using support::Fault;

constexpr std::size_t threads = 8;
const std::array<std::string, 3> aggregates = {"a-1", "a-2", "a-3"};

enum class Told : std::uint8_t { stored, not_stored, unknown };

template <typename T>
Told told_of(const Result<T>& result) {
  if (result) return Told::stored;
  return result.error().outcome_unknown() ? Told::unknown : Told::not_stored;
}

// What each push was told, by what tells it from all others: its payload.
class Ledger {
 public:
  void note(const std::string& push, Told told) {
    const std::lock_guard lock(mutex_);
    told_[push] = told;
    ++counts_[static_cast<std::size_t>(told)];
  }
  Told told(const std::string& push) const { return told_.at(push); }
  std::set<std::string> stored() const {
    std::set<std::string> pushes;
    for (const auto& [push, told] : told_) {
      if (told == Told::stored) pushes.insert(push);
    }
    return pushes;
  }

  friend std::ostream& operator<<(std::ostream& out, const Ledger& ledger) {
    return out << ledger.counts_[0] << " stored, " << ledger.counts_[1] << " not stored, "
               << ledger.counts_[2] << " unknown";
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Told> told_;
  std::array<std::size_t, 3> counts_ = {};
};

class FaultyEvents : public testing::Test {
 protected:
  void begin(const std::vector<Fault>& left_out, bool transactions = true) {
    world_ = transactions ? make_world(all_faults_but(left_out))
                          : make_world_without_transactions(all_faults_but(left_out));
    remote_ = single_table_event_storage(*world_.remote, {.table_name = "Events"});
    local_ = single_table_event_storage(*world_.embedded, {.table_name = "Events"});
    const auto created = local_->create_table();
    ASSERT_TRUE(created) << created.error();
  }
  // No request gets through any more, and enough went wrong.
  void settle(const Ledger& ledger) {
    world_.settle();
    std::cout << ledger << '\n';
    EXPECT_GT(world_.proxy->counts().faults(), 200U);
    EXPECT_FALSE(ledger.stored().empty());
  }

  // The last version as the far side sees it, through all that goes wrong.
  Version last_version(const std::string& id) {
    while (true) {
      if (const auto last = remote_->last_version("ORDERS", id)) return last->value_or(0);
    }
  }
  // As they are, past all that can go wrong.
  std::vector<Event> events(const std::string& store, const std::string& id) {
    auto read = local_->get_events(store, id);
    EXPECT_TRUE(read) << read.error();
    return std::move(*read);
  }

  World world_;
  std::unique_ptr<EventTable> remote_;
  std::unique_ptr<EventTable> local_;
};

NewEvent push_of(const std::string& id, Version version, const std::string& push) {
  return {.aggregate_id = id, .version = version, .type = "PUSHED", .payload = push};
}

std::string name_of(std::size_t thread, int turn) {
  return std::to_string(thread) + "-" + std::to_string(turn);
}

std::string push_in(const Event& event) { return event.payload().value().as_string(); }

// Who doubles a request and passes on the second answer makes a conflict of a success. No client
// can know, since to it there was one request.
const std::vector<Fault> doubled_answers = {Fault::send_twice_answer_second};

TEST_F(FaultyEvents, WhatWasAcknowledgedIsStoredAndWhatWasRefusedIsNot) {
  begin(doubled_answers);
  Ledger ledger;
  std::mutex mutex;
  std::map<std::string, std::pair<std::string, Version>> places;  // of what was stored, by push
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 250; ++turn) {
      const std::string& id = aggregates[static_cast<std::size_t>(turn) % aggregates.size()];
      const Version version = last_version(id) + 1;
      const std::string push = name_of(thread, turn);
      const auto pushed = remote_->push_event("ORDERS", push_of(id, version, push));
      ledger.note(push, told_of(pushed));
      if (pushed) {
        const std::lock_guard lock(mutex);
        places[push] = {id, pushed->version()};
      } else if (pushed.error().code() == ErrorCode::event_already_exists) {
        EXPECT_EQ(conflicting_events(pushed.error()),
                  (std::vector<EventKey>{{"ORDERS", id, version}}));
      }
    }
  });
  settle(ledger);

  std::set<std::string> found;
  for (const std::string& id : aggregates) {
    Version next = 1;
    for (const Event& event : events("ORDERS", id)) {
      EXPECT_EQ(event.version(), next++);
      const std::string push = push_in(event);
      found.insert(push);
      EXPECT_NE(ledger.told(push), Told::not_stored) << push;
      if (ledger.told(push) == Told::stored) {
        EXPECT_EQ(places.at(push), (std::pair(id, event.version())));
      }
    }
  }
  for (const std::string& push : ledger.stored()) EXPECT_TRUE(found.contains(push)) << push;
}

TEST_F(FaultyEvents, AWriterThatIsAloneHasNoConflictWithItself) {
  begin(doubled_answers);
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    const std::string id = "own-" + std::to_string(thread);
    // A push whose outcome is unknown may yet arrive: that is what was said of it.
    std::set<Version> in_doubt;
    for (int turn = 0; turn < 150; ++turn) {
      const Version version = last_version(id) + 1;
      const auto pushed =
          remote_->push_event("ORDERS", push_of(id, version, name_of(thread, turn)));
      ledger.note(name_of(thread, turn), told_of(pushed));
      if (pushed) continue;
      if (pushed.error().outcome_unknown()) in_doubt.insert(version);
      if (pushed.error().code() == ErrorCode::event_already_exists) {
        EXPECT_TRUE(in_doubt.contains(version)) << pushed.error();
      }
    }
  });
  settle(ledger);
}

TEST_F(FaultyEvents, AGroupIsStoredOnceAndNeverByHalf) {
  begin({});
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 100; ++turn) {
      const std::string push = name_of(thread, turn);
      const std::string& id = aggregates[static_cast<std::size_t>(turn) % aggregates.size()];
      const auto pushed = remote_->push_event_group(
          {{.event_store_id = "ORDERS", .event = push_of(id, last_version(id) + 1, push)},
           {.event_store_id = "CUSTOMERS", .event = push_of(push, 1, push)},
           {.event_store_id = "CUSTOMERS", .event = push_of(push, 2, push)}});
      ledger.note(push, told_of(pushed));
      if (!pushed && pushed.error().code() == ErrorCode::event_already_exists) {
        // The customer is this group's alone.
        for (const EventKey& key : conflicting_events(pushed.error())) {
          EXPECT_EQ(key.event_store_id, "ORDERS");
        }
      }
    }
  });
  settle(ledger);

  std::set<std::string> found;
  for (const std::string& id : aggregates) {
    for (const Event& event : events("ORDERS", id)) found.insert(push_in(event));
  }
  for (std::size_t thread = 0; thread < threads; ++thread) {
    for (int turn = 0; turn < 100; ++turn) {
      const std::string push = name_of(thread, turn);
      EXPECT_EQ(events("CUSTOMERS", push).size(), found.contains(push) ? 2U : 0U) << push;
      if (ledger.told(push) != Told::unknown) {
        EXPECT_EQ(found.contains(push), ledger.told(push) == Told::stored) << push;
      }
    }
  }
}

// Whatever an append is told, its caller may repeat it until it is told that it is done.
TEST_F(FaultyEvents, AnAppendWithAKeyIsDoneOnceHoweverOftenItIsRepeated) {
  begin({});
  Ledger ledger;
  std::atomic<int> repeats = 0;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 40; ++turn) {
      const std::string push = name_of(thread, turn);
      const std::string& id = aggregates[static_cast<std::size_t>(turn) % aggregates.size()];
      const auto append = [&] {
        return remote_->append(
            "ORDERS", id, ExpectedVersion::any(),
            {{.type = "PUSHED", .payload = push}, {.type = "PUSHED", .payload = push}},
            {.idempotency_key = push});
      };
      auto appended = append();
      for (; !appended; appended = append()) ++repeats;
      EXPECT_EQ(appended->size(), 2U);
      for (const Event& event : *appended) EXPECT_EQ(push_in(event), push);
      ledger.note(push, Told::stored);
    }
  });
  settle(ledger);
  std::cout << repeats << " repeats\n";

  std::map<std::string, int> found;
  for (const std::string& id : aggregates) {
    Version next = 1;
    for (const Event& event : events("ORDERS", id)) {
      EXPECT_EQ(event.version(), next++);
      ++found[push_in(event)];
    }
  }
  EXPECT_EQ(found.size(), threads * 40);
  for (const auto& [push, times] : found) EXPECT_EQ(times, 2) << push;
}

// ---- on an engine without transactions ----

TEST_F(FaultyEvents, WithoutTransactionsNobodyIsInConflictWithItself) {
  begin(doubled_answers, false);
  Ledger ledger;
  std::mutex mutex;
  std::map<std::string, std::pair<std::string, Version>> places;  // of what was stored, by push
  on_threads(threads, [&](std::size_t thread) {
    const std::string id = "own-" + std::to_string(thread);
    std::set<Version> in_doubt;
    for (int turn = 0; turn < 100; ++turn) {
      const Version last = last_version(id);
      const std::string push = name_of(thread, turn);
      const auto appended = remote_->append("ORDERS", id, ExpectedVersion::exact(last),
                                            {{.type = "PUSHED", .payload = push}});
      ledger.note(push, told_of(appended));
      if (appended) {
        const std::lock_guard lock(mutex);
        places[push] = {id, appended->front().version()};
        continue;
      }
      if (appended.error().outcome_unknown()) in_doubt.insert(last + 1);
      if (appended.error().code() == ErrorCode::event_already_exists) {
        EXPECT_TRUE(in_doubt.contains(last + 1)) << appended.error();
      }
    }
  });
  settle(ledger);

  std::set<std::string> found;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    const std::string id = "own-" + std::to_string(thread);
    Version next = 1;
    for (const Event& event : events("ORDERS", id)) {
      EXPECT_EQ(event.version(), next++);
      const std::string push = push_in(event);
      EXPECT_TRUE(found.insert(push).second) << push << " is there twice";
      EXPECT_NE(ledger.told(push), Told::not_stored) << push;
      if (ledger.told(push) == Told::stored) {
        EXPECT_EQ(places.at(push), (std::pair(id, event.version())));
      }
    }
  }
  for (const std::string& push : ledger.stored()) EXPECT_TRUE(found.contains(push)) << push;
}

TEST_F(FaultyEvents, WithoutTransactionsAnAppendWithAKeyIsDoneOnceToo) {
  begin({}, false);
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 40; ++turn) {
      const std::string push = name_of(thread, turn);
      const std::string& id = aggregates[static_cast<std::size_t>(turn) % aggregates.size()];
      const auto append = [&] {
        return remote_->append("ORDERS", id, ExpectedVersion::any(),
                               {{.type = "PUSHED", .payload = push}}, {.idempotency_key = push});
      };
      auto appended = append();
      while (!appended) appended = append();
      EXPECT_EQ(appended->size(), 1U);
      EXPECT_EQ(push_in(appended->front()), push);
      ledger.note(push, Told::stored);
    }
  });
  settle(ledger);

  std::set<std::string> found;
  for (const std::string& id : aggregates) {
    Version next = 1;
    for (const Event& event : events("ORDERS", id)) {
      EXPECT_EQ(event.version(), next++);
      EXPECT_TRUE(found.insert(push_in(event)).second) << push_in(event) << " is there twice";
    }
  }
  EXPECT_EQ(found.size(), threads * 40);
}

}  // namespace
}  // namespace dynakeep::faults
