// Whether stores can do with what the policies allow that `dynakeep setup STORE --print iam`
// prints, and use all of it: each does here all that it can, on a database that denies the rest.

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/json_document.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/dismissals.h"
#include "dynakeep/stores/event_marks.h"
#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/event_subscription.h"
#include "dynakeep/stores/stream_checkpoints.h"
#include "dynakeep/stores/stream_consumer.h"
#include "dynakeep/stores/stream_dead_letters.h"
#include "dynakeep/stores/user_data.h"
#include "dynakeep/stores/versioned_collections.h"
#include "policies/permitted_database.h"

namespace dynakeep::policies {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("must succeed: " + result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// What the program prints.
Permissions printed(const std::string& flags) {
  const std::string command = "'" DYNAKEEP_PROGRAM "' setup " + flags + " --print iam";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("it cannot be run: " + command);
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) {
    text.append(part.data(), count);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  const JsonDocument policy = must(JsonDocument::parse(text));
  constexpr std::string_view resource_prefix = "arn:aws:dynamodb:*:*:table/";
  constexpr std::string_view action_prefix = "dynamodb:";
  Permissions permissions;
  for (const JsonDocument& statement : policy.find("Statement")->elements()) {
    const std::string resource(statement.find("Resource")->text());
    EXPECT_TRUE(resource.starts_with(resource_prefix)) << resource;
    for (const JsonDocument& action : statement.find("Action")->elements()) {
      const std::string name(action.text());
      EXPECT_TRUE(name.starts_with(action_prefix)) << name;
      permissions.emplace(name.substr(action_prefix.size()),
                          resource.substr(resource_prefix.size()));
    }
  }
  return permissions;
}

class Policies : public ::testing::Test {
 protected:
  // The tables are made by somebody else, who may.
  void make(const CreateTableRequest& request) { must(create_table_and_wait(*under_, request)); }
  Database& allowed_by(const std::string& flags) {
    policy_ = printed(flags);
    database_ = std::make_unique<PermittedDatabase>(*under_, policy_);
    return *database_;
  }
  void TearDown() override {
    if (!database_) return;
    EXPECT_THAT(database_->denied(), IsEmpty());
    Permissions used = database_->used();
    used.insert(rarely_used_.begin(), rarely_used_.end());
    EXPECT_THAT(used, ElementsAreArray(policy_)) << "what is allowed, and not used";
  }

  std::unique_ptr<Database> under_ = must(open_embedded({.in_memory = true}));
  std::unique_ptr<PermittedDatabase> database_;
  Permissions policy_;
  Permissions rarely_used_;
};

// An event store looks whether an event is its own when the answer to a write of it was lost.
const Permissions after_lost_answers = {{"GetItem", "Events"}};

NewEvent event(const std::string& id, Version version) {
  return {.aggregate_id = id, .version = version, .type = "A", .payload = "p"};
}

void use(EventTable& events) {
  must(events.check_table());
  must(events.push_event("S", event("a", 1)));
  must(events.push_event("S", event("a", 1), {.force = true}));
  must(events.push_event_group({{.event_store_id = "S", .event = event("a", 2)},
                                {.event_store_id = "S", .event = event("b", 1)}}));
  must(events.append("S", "a", ExpectedVersion::exact(2), {{.type = "B"}, {.type = "C"}}));
  must(events.append("S", "a", ExpectedVersion::any(), {{.type = "B"}}));
  must(events.append("S", "c", ExpectedVersion::no_stream(), {{.type = "B"}}));
  // Of a repeated write the answer is looked for.
  EXPECT_FALSE(events.push_event("S", event("a", 1)));
  EXPECT_EQ(must(events.get_events("S", "a")).size(), 5U);
  EXPECT_EQ(must(events.last_version("S", "a")), 5);
  EXPECT_TRUE(must(events.exists("S", "c")));
  EXPECT_EQ(must(events.list_aggregate_ids("S")).aggregates.size(), 3U);
  EXPECT_EQ(must(events.delete_aggregate("S", "b")), 1U);
}

TEST_F(Policies, OfEventsAloneAllowAllThatAnEventStoreDoes) {
  Database& database = allowed_by("events --table Events");
  rarely_used_ = after_lost_answers;
  const auto events = single_table_event_storage(database, {.table_name = "Events"});
  make(events->table_definition());
  use(*events);
}

TEST_F(Policies, OfEventsAllowSnapshotsAndSubscriptions) {
  Database& database =
      allowed_by("events --table Events --snapshots-table Snapshots --marks-table Marks");
  rarely_used_ = after_lost_answers;
  const auto events = single_table_event_storage(database, {.table_name = "Events"});
  EventSnapshots snapshots(database, {.table_name = "Snapshots"});
  EventMarkTable marks(database, {.table_name = "Marks", .name = "p"});
  CreateTableRequest request = events->table_definition();
  request.stream_specification = StreamSpecification{
      .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
  make(request);
  make(snapshots.table_definition());
  make(marks.table_definition());
  use(*events);

  must(snapshots.begin_epoch("S", "a"));
  const auto found = must(snapshots.find("S", "a", "1"));
  must(snapshots.save("S", "a", "1", found.epoch.value(), 5, "2026-01-01T00:00:00.000Z",
                      AttributeMap{{"sum", 1}}));
  const std::string rewrite = must(snapshots.begin_rewrite("S", "a"));
  must(snapshots.end_rewrite("S", "a", rewrite));
  must(snapshots.delete_snapshots("S", "a"));
  must(snapshots.begin_epoch("S", "c"));
  must(snapshots.delete_all_snapshots());

  // All that there is, from the table, and then what the stream brings.
  auto moment = std::chrono::steady_clock::time_point(1h);
  const auto checkpoints = make_in_memory_stream_checkpoints();
  EventSubscriptionOptions options;
  options.name = "p";
  options.marks = &marks;
  options.stream.now = [&moment] { return moment; };
  std::size_t handled = 0;
  const auto subscription = must(EventSubscription::open(database, *events, *checkpoints, options,
                                                         [&handled](const SubscribedEvent&) {
                                                           ++handled;
                                                           return Result<void>();
                                                         }));
  must(subscription->start());
  const auto until = [&](std::size_t events_wanted) {
    for (int turn = 0; turn < 3000 && handled < events_wanted; ++turn) {
      must(subscription->step());
      moment += 20ms;
    }
    EXPECT_EQ(handled, events_wanted);
  };
  until(6);
  must(events->append("S", "a", ExpectedVersion::any(), {{.type = "B"}}));
  until(7);
}

TEST_F(Policies, OfCollectionsAllowAllThatCollectionsDo) {
  Database& database =
      allowed_by("collections --collections-table Collections --entries-table Entries");
  ManualClock clock(Time(std::chrono::hours(24 * 365 * 50)));
  const auto store = must(VersionedCollections::create(
      database, {.collections_table = "Collections", .entries_table = "Entries", .clock = &clock}));
  make(store->collections_table_definition());
  make(store->entries_table_definition());
  must(store->prepare_tables(false));
  EXPECT_TRUE(must(store->tables_are_ready()));

  const auto posts = must(store->create_collection("app", "user", "posts")).path;
  must(store->get_or_create_collection("app", "user", "posts"));
  const auto more = must(store->get_or_create_collection("app", "user", "more")).resource.path;
  const auto one = must(store->create_entry(posts, ResourceChange::rename("one"))).path;
  must(store->get_or_create_entry(posts, ResourceChange::rename("two")));
  must(store->create_entry(posts, ResourceChange::rename("three"), {.idempotency_key = "k"}));
  clock.advance(1s);
  must(store->update(one, ResourceChange::rename("uno"), {.if_live = true}));
  clock.advance(1s);
  must(store->update(one, {.sets_value = true, .value = "{\"a\":1}"}));
  must(store->merge_patch(one, "{\"b\":2}"));
  for (const bool atomic : {false, true}) {
    must(store->write_entries(posts,
                              {{.change = ResourceChange::rename("four")},
                               {.kind = EntryOperation::Kind::update,
                                .entry = one.entry,
                                .change = ResourceChange::rename("uno")}},
                              atomic));
  }
  const auto before = must(store->get(one)).version;
  clock.advance(1s);
  must(store->remove(one));
  must(store->restore(one, std::nullopt));
  must(store->all_versions(one));
  must(store->history(one));
  must(store->version(one, VersionReference::revision(1)));
  must(store->difference(one, VersionReference::revision(1), VersionReference::revision(2)));
  must(store->find_collection("app", "user", "posts"));
  must(store->find_entry(posts, "two"));
  must(store->list_collections("app", "user"));
  must(store->list_collections("app", std::nullopt));
  must(store->list_entries(posts));
  must(store->list_collections_page("app", "user", {}));
  must(store->list_entries_page(posts, {}));
  EXPECT_EQ(must(must(store->stream_collections("app", "user"))->next()).size(), 2U);
  // What is more than 1 MB is read in pieces. Collections, too, but it takes thousands of them.
  rarely_used_ = {{"BatchGetItem", "Collections"}};
  const std::string value = '"' + std::string(300'000, 'x') + '"';
  for (int i = 0; i < 4; ++i) {
    must(store->create_entry(more, {.sets_name = true,
                                    .name = "large " + std::to_string(i),
                                    .sets_value = true,
                                    .value = value}));
  }
  EXPECT_FALSE(must(must(store->stream_entries(more))->next()).empty());
  must(store->changes_since(posts, 0));
  must(store->restore_with_entries(posts, before));
  clock.advance(1h);
  must(store->purge(one, {.keep_last = 1}));
  must(store->apply_retention("app", {.keep_last = 1}));
  must(store->remove(posts));

  // Beside programs that know nothing of heads.
  const auto mixed =
      must(VersionedCollections::create(database, {.collections_table = "Collections",
                                                   .entries_table = "Entries",
                                                   .mixed_writers = true,
                                                   .clock = &clock}));
  clock.advance(1s);
  const auto shared = must(mixed->create_collection("app", "user", "shared"));
  const auto both = must(mixed->create_entry(shared.path, ResourceChange::rename("both"))).path;
  clock.advance(1s);
  must(mixed->update(shared.path, ResourceChange::rename("split")));
  must(mixed->update(both, ResourceChange::rename("each")));
  must(mixed->version(shared.path, VersionReference::number(shared.version)));
  must(mixed->purge(shared.path, {.all = true, .force = true}));
}

TEST_F(Policies, OfDismissalsAllowAllThatDismissalsDo) {
  Database& database = allowed_by("dismissals --table Dismissals");
  const auto store =
      must(dismissal_table(database, {.table = "Dismissals", .count_dismissals = true}));
  make(dismissal_table_definition("Dismissals"));
  must(store->check_table());
  const auto user = must(DismissalUserId::parse("user-1"));
  const auto other = must(DismissalUserId::parse("user-2"));
  const auto item = must(DismissalItemId::parse("banner"));
  const std::vector items{item, must(DismissalItemId::parse("tour"))};
  must(store->create(user, item));
  must(store->get(user, item));
  must(store->get_or_create(user, item));
  must(store->count_showing(user, item));
  must(store->dismiss(user, item));
  must(store->restore(user, item));
  must(store->update(user, item, std::nullopt));
  must(store->get_many(user, items));
  must(store->get_or_create_many(user, items));
  must(store->create_many(other, items));
  for (const auto& each : store->dismiss_many(user, items)) EXPECT_TRUE(each);
  must(store->restore_all(user));
  for (const auto& each : store->dismiss_for(item, std::vector{user, other})) EXPECT_TRUE(each);
  must(store->list(user));
  must(store->count(user));
  must(store->restore_all(user));
  must(store->remove(user, item));
  must(store->erase(user));
  must(store->remove_all());
}

TEST_F(Policies, OfUsersAllowAllThatUserDataDoes) {
  Database& database = allowed_by("users --table Users");
  const auto store = must(
      UserDataStore::create(database, {.table = {.name = "Users", .create_if_missing = false}}));
  make(store->table_definition());
  must(store->ensure_table());
  for (const SaveMode mode : {SaveMode::replace, SaveMode::guarded, SaveMode::merge}) {
    UserTurn turn = must(store->load("user-1"));
    turn.user["step"] = 2;
    must(store->save(turn, mode));
  }
  must(store->update("user-1", [](UserTurn& turn) {
    turn.user["step"] = 3;
    return Result<void>();
  }));
  must(store->stored("user-1"));
  must(store->for_each_user([](StoredUser&&) { return true; }));
  EXPECT_TRUE(must(store->erase("user-1")));
}

class StreamPolicies : public Policies {
 protected:
  StreamPolicies() {
    must(source_->create_table(
        {.table_name = "Songs",
         .attribute_definitions = std::vector<AttributeDefinition>{{"id", ScalarType::string}},
         .key_schema = KeySchema{{"id", KeyType::hash}},
         .billing_mode = BillingMode::pay_per_request,
         .stream_specification = StreamSpecification{
             .stream_enabled = true, .stream_view_type = StreamViewType::keys_only}}));
    arn_ = *must(source_->describe_table({.table_name = "Songs"})).table.latest_stream_arn;
  }
  void write(int items) {
    for (int i = 0; i < items; ++i) {
      must(source_->put_item(
          {.table_name = "Songs", .item = Item{{"id", std::to_string(written_++)}}}));
    }
  }
  struct Worker {
    std::unique_ptr<StreamCheckpoints> checkpoints = {};
    std::size_t handled = 0;
    std::unique_ptr<StreamConsumer> consumer = {};
  };
  std::unique_ptr<Worker> worker(Database& database, const std::string& table,
                                 const std::string& name) {
    auto made = std::make_unique<Worker>();
    made->checkpoints = must(open_stream_checkpoint_table(database, {.table = table}));
    made->consumer =
        must(StreamConsumer::open(*source_, *made->checkpoints,
                                  {.stream_arn = arn_,
                                   .group = "g",
                                   .worker = name,
                                   .discovery_interval = 1s,
                                   .now = [this] { return moment_; }},
                                  [&handled = made->handled](const StreamBatch& batch) {
                                    handled += batch.records.size();
                                    return StreamOutcome::ok();
                                  }));
    must(made->consumer->start());
    return made;
  }
  template <typename Done>
  void work(const std::vector<Worker*>& workers, const Done& done) {
    for (int turn = 0; turn < 3000; ++turn) {
      if (done()) return;
      for (Worker* each : workers) must(each->consumer->step());
      moment_ += 20ms;
    }
    FAIL() << "It was not done in 3000 turns";
  }

  // Checkpoints, leases that pass from one to the other, shards that end and are forgotten.
  void use_checkpoints(Database& database, const std::string& table) {
    write(20);
    const auto first = worker(database, table, "first");
    work({first.get()}, [&] { return first->handled == 20; });
    const auto second = worker(database, table, "second");
    must(source_->admin()->roll_shards({.stream_arn = arn_}));
    work({first.get(), second.get()}, [&] {
      if (second->handled > 0) return true;
      write(1);
      return false;
    });
    must(first->consumer->stop());
    must(second->consumer->stop());
    StreamScope scope{.group = "g", .stream_arn = arn_};
    const StreamProgress progress = must(second->checkpoints->load(scope));
    must(second->checkpoints->save(scope, progress));
    must(second->checkpoints->last_stream("g", "Songs"));
  }
  void use_letters(Database& database, const std::string& table) {
    const auto letters = must(open_stream_dead_letter_table(database, {.table_name = table}));
    for (const std::size_t bytes : {10, 350'000}) {
      must(letters->add(
          {.stream_arn = arn_,
           .group = "g",
           .shard_id = "shardId-1",
           .record = {.event_name = "MODIFY",
                      .dynamodb = {.keys = Item{{"id", "a"}},
                                   .new_image = Item{{"id", "a"}, {"t", std::string(bytes, 'n')}},
                                   .sequence_number = std::to_string(bytes)}},
           .attempts = 5,
           .error = "no"}));
    }
    EXPECT_EQ(must(letters->for_each([](const StreamDeadLetter&) { return true; })).letters, 2U);
    for (const bool goes_well : {false, true}) {
      const auto figures = must(letters->replay([&](const StreamBatch&) {
        return goes_well ? StreamOutcome::ok() : StreamOutcome::failed("not yet");
      }));
      EXPECT_EQ(goes_well ? figures.handled : figures.failed, 2U);
    }
  }

  std::unique_ptr<Database> source_ =
      must(open_embedded({.in_memory = true, .streams = {.initial_shards = 2}}));
  std::string arn_;
  int written_ = 0;
  std::chrono::steady_clock::time_point moment_{1h};
};

TEST_F(StreamPolicies, OfCheckpointsAndLettersAllowAllThatReadersOfStreamsDo) {
  Database& database =
      allowed_by("streams --checkpoints-table Checkpoints --dead-letters-table Letters");
  make(stream_table_definition("Checkpoints"));
  make(stream_table_definition("Letters"));
  use_checkpoints(database, "Checkpoints");
  use_letters(database, "Letters");
}

TEST_F(StreamPolicies, OfOneTableForBothAllowTheSame) {
  Database& database =
      allowed_by("streams --checkpoints-table Streams --dead-letters-table Streams");
  make(stream_table_definition("Streams"));
  use_checkpoints(database, "Streams");
  use_letters(database, "Streams");
}

}  // namespace
}  // namespace dynakeep::policies
