#include <atomic>

#include "stores/dismissals/dismissals_contract.h"

// Many at once. In a table each thread has a store of its own, as servers beside each other have.
namespace dynakeep {
namespace {

using contract::item_id;
using contract::item_ids;
using contract::must;
using contract::on_threads;

class DismissalsAtOnce : public contract::DismissalsContract {
 protected:
  void SetUp() override {
    DismissalsContract::SetUp();
    // Who tries eight times may find eight times that another was first, on a machine that runs
    // threads in long turns. What is told here is how it ends.
    for (int i = 0; is_table() && i < servers; ++i) {
      servers_.push_back(another({.attempts_max = 1'000}));
    }
  }
  void TearDown() override {
    servers_.clear();
    DismissalsContract::TearDown();
  }
  Dismissals& server(int thread) {
    if (!is_table()) return store();
    return *servers_[static_cast<std::size_t>(thread % servers)];
  }

 private:
  static constexpr int servers = 3;
  std::vector<std::unique_ptr<DismissalTable>> servers_;
};

// 18
TEST_P(DismissalsAtOnce, AFirstSightCreatesOneItem) {
  for (int round = 0; round < 50; ++round) {
    const auto id = item_id("item-" + std::to_string(round));
    std::vector<std::optional<ObtainedDismissible>> seen(8);
    on_threads(8, [&](int thread) {
      clock_.advance(std::chrono::milliseconds(1));
      seen[static_cast<std::size_t>(thread)] = must(server(thread).get_or_create(user_, id));
    });
    int created = 0;
    for (const auto& each : seen) {
      created += each->created ? 1 : 0;
      EXPECT_EQ(each->item, seen[0]->item);
    }
    EXPECT_EQ(created, 1);
    EXPECT_EQ(must(store().get(user_, id)), seen[0]->item);
  }
}

// 19
TEST_P(DismissalsAtOnce, SinglesAndBatchesCreateOneItemEach) {
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> names;
    for (int i = 0; i < 4; ++i) names.push_back(std::to_string(round) + "-" + std::to_string(i));
    const auto ids = item_ids(names);
    std::vector<std::vector<ObtainedDismissible>> seen(6);
    on_threads(6, [&](int thread) {
      clock_.advance(std::chrono::milliseconds(1));
      auto& mine = seen[static_cast<std::size_t>(thread)];
      if (thread % 2 == 0) {
        mine = must(server(thread).get_or_create_many(user_, ids));
      } else {
        for (const auto& id : ids) mine.push_back(must(server(thread).get_or_create(user_, id)));
      }
    });
    for (std::size_t i = 0; i < ids.size(); ++i) {
      int created = 0;
      for (const auto& of_thread : seen) {
        created += of_thread[i].created ? 1 : 0;
        EXPECT_EQ(of_thread[i].item, seen[0][i].item);
      }
      EXPECT_EQ(created, 1);
    }
  }
}

// 20
TEST_P(DismissalsAtOnce, WhatBeganBeforeADismissalDoesNotTakeItBack) {
  for (int round = 0; round < 100; ++round) {
    const auto id = item_id("item-" + std::to_string(round));
    const std::vector<DismissalItemId> ids{id};
    std::optional<Dismissible> dismissed;
    on_threads(4, [&](int thread) {
      clock_.advance(std::chrono::milliseconds(1));
      if (thread == 0) {
        while (!dismissed) {
          if (auto change = server(thread).dismiss(user_, id)) dismissed = change->item;
        }
      } else if (thread == 1) {
        must(server(thread).get_or_create_many(user_, ids));
      } else {
        must(server(thread).get_or_create(user_, id));
      }
    });
    EXPECT_EQ(must(store().get(user_, id)), dismissed);
  }
}

// 21
TEST_P(DismissalsAtOnce, OfManyDismissalsOneSucceedsAndOfManyRestorationsOne) {
  must(store().create(user_, item_));
  for (int round = 0; round < 50; ++round) {
    for (const bool dismisses : {true, false}) {
      std::vector<std::optional<Result<DismissalChange>>> changes(6);
      on_threads(6, [&](int thread) {
        // Some of one millisecond, some not.
        if (round % 2 == 0) clock_.advance(std::chrono::milliseconds(1));
        auto& mine = changes[static_cast<std::size_t>(thread)];
        mine =
            dismisses ? server(thread).dismiss(user_, item_) : server(thread).restore(user_, item_);
      });
      int succeeded = 0;
      for (const auto& change : changes) {
        if (*change) {
          ++succeeded;
          EXPECT_EQ(must(store().get(user_, item_)), (*change)->item);
        } else {
          EXPECT_EQ(change->error().code(), ErrorCode::precondition_failed) << change->error();
        }
      }
      EXPECT_EQ(succeeded, 1);
    }
  }
}

// Whatever the order was, dismissals and restorations took turns.
TEST_P(DismissalsAtOnce, AStormEndsAsSomeOrderOfItsAnswersWould) {
  must(store().create(user_, item_));
  std::atomic<int> dismissed = 0;
  std::atomic<int> restored = 0;
  on_threads(8, [&](int thread) {
    for (int turn = 0; turn < 100; ++turn) {
      clock_.advance(std::chrono::milliseconds(1));
      const auto change = (thread + turn) % 2 == 0 ? server(thread).dismiss(user_, item_)
                                                   : server(thread).restore(user_, item_);
      if (!change) {
        EXPECT_EQ(change.error().code(), ErrorCode::precondition_failed) << change.error();
      } else {
        ++((thread + turn) % 2 == 0 ? dismissed : restored);
      }
    }
  });
  const auto item = must(store().get(user_, item_)).value();
  EXPECT_EQ(dismissed - restored, item.is_dismissed() ? 1 : 0);
  EXPECT_GT(restored, 0);
}

TEST_P(DismissalsAtOnce, ShowingsAreAllCounted) {
  must(store().create(user_, item_));
  on_threads(4, [&](int thread) {
    for (int i = 0; i < 25; ++i) must(server(thread).count_showing(user_, item_));
  });
  EXPECT_EQ(must(store().get(user_, item_))->seen_count, 100);
}

ON_EVERY_DISMISSAL_KIND(DismissalsAtOnce);

}  // namespace
}  // namespace dynakeep
