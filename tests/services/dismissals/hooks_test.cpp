#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "services/dismissals/dismissals_service.h"

// Hooks and events, 4.9 of the specification.
namespace dynakeep::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Journal = std::vector<std::string>;

// Notes what it is called for, and does in before_request what the test wants.
class Noting : public DismissalHook {
 public:
  Noting(Journal& journal, std::string name, int priority)
      : journal_(journal), name_(std::move(name)), priority_(priority) {}

  int priority() const override { return priority_; }

  DismissalVerdict before_request(DismissalRequest& request) override {
    note("before_request");
    return on_request ? on_request(request) : DismissalVerdict::proceed();
  }
  void after_request(const DismissalRequest&, const Dismissible&) override {
    note("after_request");
    if (throws_after) throw std::runtime_error("after");
  }
  DismissalVerdict before_get(const DismissalRequest&, const Dismissible&) override {
    return noted("before_get");
  }
  void after_get(const DismissalRequest&, const Dismissible&) override { note("after_get"); }
  DismissalVerdict before_create(const DismissalRequest& request) override {
    note("before_create");
    if (on_create) on_create(request);
    return DismissalVerdict::proceed();
  }
  void after_create(const DismissalRequest&, const Dismissible&) override { note("after_create"); }
  DismissalVerdict before_dismiss(const DismissalRequest&) override {
    return noted("before_dismiss");
  }
  void after_dismiss(const DismissalRequest&, const Dismissible&) override {
    note("after_dismiss");
  }
  DismissalVerdict before_restore(const DismissalRequest&) override {
    return noted("before_restore");
  }
  void after_restore(const DismissalRequest&, const Dismissible&) override {
    note("after_restore");
  }
  DismissalVerdict before_batch_request(DismissalBatchRequest& request) override {
    note("before_batch_request");
    return on_batch ? on_batch(request) : DismissalVerdict::proceed();
  }
  void after_batch_request(const DismissalBatchRequest&,
                           std::span<const Dismissible> items) override {
    note("after_batch_request " + std::to_string(items.size()));
  }
  DismissalVerdict before_batch_get(const DismissalBatchRequest&,
                                    std::span<const Dismissible> items) override {
    return noted("before_batch_get " + std::to_string(items.size()));
  }
  void after_batch_get(const DismissalBatchRequest&, std::span<const Dismissible> items) override {
    note("after_batch_get " + std::to_string(items.size()));
  }
  DismissalVerdict before_batch_create(const DismissalBatchRequest&,
                                       std::vector<std::string>& missing) override {
    note("before_batch_create " + std::to_string(missing.size()));
    if (on_batch_create) on_batch_create(missing);
    return DismissalVerdict::proceed();
  }
  void after_batch_create(const DismissalBatchRequest&,
                          std::span<const Dismissible> items) override {
    note("after_batch_create " + std::to_string(items.size()));
  }

  std::function<DismissalVerdict(DismissalRequest&)> on_request = {};
  std::function<void(const DismissalRequest&)> on_create = {};
  std::function<DismissalVerdict(DismissalBatchRequest&)> on_batch = {};
  std::function<void(std::vector<std::string>&)> on_batch_create = {};
  bool throws_after = false;

 private:
  void note(const std::string& what) { journal_.push_back(name_ + what); }
  DismissalVerdict noted(const std::string& what) {
    note(what);
    return DismissalVerdict::proceed();
  }

  Journal& journal_;
  const std::string name_;
  const int priority_;
};

class DismissalHooks : public DismissalsOverHttp {
 protected:
  DismissalHooks() { serve_hooks({hook}); }

  void serve_hooks(std::vector<std::shared_ptr<DismissalHook>> hooks) {
    serve({.hooks = std::move(hooks), .subscribers = {[this](const DismissalEvent& event) {
                                        std::string line(to_string(event.kind));
                                        line.append(" ").append(event.item.item_id);
                                        if (event.previous != nullptr) {
                                          line += event.previous->is_dismissed() ? " was dismissed"
                                                                                 : " was active";
                                        }
                                        journal.push_back(std::move(line));
                                      }}});
  }
  Journal taken() {
    Journal all;
    all.swap(journal);
    return all;
  }

  const std::string x = "/v1/users/u/items/x";
  Journal journal;
  std::shared_ptr<Noting> hook = std::make_shared<Noting>(journal, "", 0);
};

TEST_F(DismissalHooks, RunAroundEachOperationWithItsEvent) {
  get(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_create", "after_create",
                                   "dismissible.item.created x", "after_request"));
  get(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_get", "dismissible.item.retrieved x",
                                   "after_get", "after_request"));
  remove(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_dismiss", "after_dismiss",
                                   "dismissible.item.dismissed x was active", "after_request"));
  post(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_restore", "after_restore",
                                   "dismissible.item.restored x was dismissed", "after_request"));
}

TEST_F(DismissalHooks, OfABatchAreTheBatchs) {
  get(x);
  taken();
  batch({"x", "a", "b", "a"});
  EXPECT_THAT(
      taken(),
      ElementsAre("before_batch_request", "before_batch_get 1", "dismissible.item.retrieved x",
                  "after_batch_get 1", "before_batch_create 2", "dismissible.item.created a",
                  "dismissible.item.created b", "after_batch_create 2", "after_batch_request 4"));
  batch({"a", "b"});
  EXPECT_THAT(taken(), ElementsAre("before_batch_request", "before_batch_get 2",
                                   "dismissible.item.retrieved a", "dismissible.item.retrieved b",
                                   "after_batch_get 2", "after_batch_request 2"));
}

TEST_F(DismissalHooks, WhatDoesNotHappenHasNoEvent) {
  remove(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_dismiss"));
  get(x);
  remove(x);
  taken();
  EXPECT_EQ(remove(x + "?idempotent=true").status, 200);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_dismiss", "after_request"));
}

TEST_F(DismissalHooks, RunByPriorityAndBackInReverse) {
  serve_hooks({std::make_shared<Noting>(journal, "b:", 5),
               std::make_shared<Noting>(journal, "a:", -5),
               std::make_shared<Noting>(journal, "c:", 5)});
  remove(x);
  EXPECT_THAT(taken(), ElementsAre("a:before_request", "b:before_request", "c:before_request",
                                   "a:before_dismiss", "b:before_dismiss", "c:before_dismiss"));
  get(x);
  taken();
  post(x + "?idempotent=true");
  EXPECT_THAT(taken(), ElementsAre("a:before_request", "b:before_request", "c:before_request",
                                   "a:before_restore", "b:before_restore", "c:before_restore",
                                   "c:after_request", "b:after_request", "a:after_request"));
}

TEST_F(DismissalHooks, MayRefuseWithAndWithoutAReason) {
  hook->on_request = [](DismissalRequest&) { return DismissalVerdict::refuse("not today"); };
  EXPECT_EQ(get(x).status, 403);
  EXPECT_EQ(get(x).body, shape_a("not today", 403));
  hook->on_request = [](DismissalRequest&) { return DismissalVerdict::refuse(); };
  EXPECT_EQ(get(x).body, shape_a("Operation blocked by lifecycle hook", 403));
  hook->on_request = {};
  EXPECT_EQ(remove(x).body, shape_a(R"(Item with id "x" not found)")) << "nothing was created";
}

TEST_F(DismissalHooks, MayFailWithAStatusOrThrow) {
  hook->on_request = [](DismissalRequest&) { return DismissalVerdict::fail(418, "teapot"); };
  EXPECT_EQ(get(x).status, 418);
  EXPECT_EQ(get(x).body, shape_a("teapot", 418));
  hook->on_request = [](DismissalRequest&) -> DismissalVerdict { throw std::runtime_error("x"); };
  EXPECT_EQ(get(x).body, shape_b("Internal server error", 500));
  hook->on_request = [](DismissalRequest&) -> DismissalVerdict { throw 7; };
  EXPECT_EQ(get(x).body, shape_b("Internal server error", 500));
}

TEST_F(DismissalHooks, WhatTheyThrowAfterwardsChangesNothing) {
  hook->throws_after = true;
  EXPECT_EQ(get(x).status, 200);
}

TEST_F(DismissalHooks, MayChangeWhomAndWhatARequestIsFor) {
  hook->on_request = [](DismissalRequest& request) {
    request.user_id = "other";
    request.item_id += "-2";
    return DismissalVerdict::proceed();
  };
  EXPECT_EQ(member(get(x), "userId"), "other");
  EXPECT_EQ(member(get(x), "itemId"), "x-2");
  for (const char* bad : {"", "a b", "\xff"}) {
    hook->on_request = [bad](DismissalRequest& request) {
      request.item_id = bad;
      return DismissalVerdict::proceed();
    };
    EXPECT_EQ(get(x).body, shape_b("Internal server error", 500)) << bad;
  }
  hook->on_batch = [](DismissalBatchRequest& request) {
    request.item_ids = {"a b"};
    return DismissalVerdict::proceed();
  };
  EXPECT_EQ(batch({"a"}).status, 500);
}

TEST_F(DismissalHooks, MayTakeMissingItemsOutOfABatchAndNoMore) {
  get(x);
  hook->on_batch_create = [](std::vector<std::string>& missing) {
    std::erase(missing, "b");
    missing.emplace_back("made-up");
  };
  EXPECT_EQ(member(batch({"a", "b", "x", "b"}), "itemId"), "a,x");
  EXPECT_EQ(remove("/v1/users/u/items/made-up").status, 400);
}

TEST_F(DismissalHooks, WhoLosesTheRaceToCreateRetrieves) {
  hook->on_create = [this](const DismissalRequest& request) {
    ASSERT_TRUE(store().create(*DismissalUserId::parse(request.user_id),
                               *DismissalItemId::parse(request.item_id)));
  };
  get(x);
  EXPECT_THAT(taken(), ElementsAre("before_request", "before_create",
                                   "dismissible.item.retrieved x", "after_get", "after_request"));
}

TEST_F(DismissalHooks, SeeTheRequest) {
  std::string seen;
  hook->on_request = [&](DismissalRequest& request) {
    const DismissalContext& context = request.context;
    seen.append(context.method).append(" ").append(context.target).append(" ");
    seen.append(context.client_address).append(" ").append(context.request_id).append(" ");
    seen.append(context.header("X-THING").value_or("none")).append(" ").append(context.body);
    return DismissalVerdict::proceed();
  };
  send("POST", x + "?a=b",
       {{"x-thing", "7"}, {"x-request-id", "me"}, {"Content-Type", "text/plain"}}, "body");
  EXPECT_EQ(seen, "POST /v1/users/u/items/x?a=b 127.0.0.1 me 7 body");
}

TEST_F(DismissalHooks, ThatGuardSingleRequestsGuardTheOnesForManyUsers) {
  hook->on_request = [](DismissalRequest& request) {
    return request.user_id == "v" ? DismissalVerdict::refuse() : DismissalVerdict::proceed();
  };
  EXPECT_EQ(post_json("/v1/items/x/dismissals", R"({"users":["u","v"]})").status, 403);
  EXPECT_EQ(remove(x).body, shape_a(R"(Item with id "x" not found)"));
  EXPECT_EQ(post_json("/v1/items/x/dismissals", R"({"users":["u","w"]})").status, 200);
}

}  // namespace
}  // namespace dynakeep::contract
