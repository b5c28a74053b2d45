#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/snapshot.h"
#include "dynakeep/stores/replica.h"
#include "stores/replica/copy.h"
#include "stores/replica/follower.h"

namespace dynakeep {

// invalid_argument, naming the option, what it is and what it may be.
Result<void> check(const ReplicaOptions& options);

// One thread works: it alone touches what is not guarded by mutex_, and it alone changes that.
class Replica::Copying {
 public:
  Copying(Database& source, ReplicaOptions options);

  Result<void> open();
  Result<void> run(const std::stop_token& stop);
  Result<Moment> step();
  void hint() const;

  ReplicaState state() const;
  std::optional<Error> error() const;
  Result<std::optional<Item>> get(const Key& key) const;
  Result<std::size_t> for_each(const ItemVisitor& visit) const;
  Result<std::size_t> for_each_of(const AttributeValue& partition, const ItemVisitor& visit) const;
  Result<std::size_t> size() const;
  std::optional<std::chrono::milliseconds> lag() const;
  std::optional<std::string> position() const;
  Result<void> wait_live(std::chrono::milliseconds patience) const;
  Result<void> wait_for(std::string_view position, std::chrono::milliseconds patience) const;
  void verify() { is_asked_to_verify_ = true; }
  std::optional<ReplicaReport> report() const;
  ReplicaFigures figures() const;

 private:
  enum class Phase : std::uint8_t {
    load,       // what a database has of the copy
    no_stream,  // the one it followed is over, and the table has no other yet
    bookmark,
    scan,
    sweep,  // items of the copy are looked for in the table
    catch_up,
    live,
  };
  struct Segment {
    std::optional<Key> behind = {};
    bool is_read = false;
    unsigned failures = 0;
    Moment due = {};
  };
  // An item that differs from the copy's, but may since the copy lags behind.
  struct Suspect {
    Key key = {};
    std::optional<Item> in_table = {};
  };
  struct Verification {
    enum class Step : std::uint8_t { scan, sweep, settle };
    Step step = Step::scan;
    ReplicaReport report = {};
    std::optional<Key> behind = {};
    std::map<std::string, Suspect> suspects = {};
    Time last_read = {};
    unsigned failures = 0;
    Moment due = {};
  };

  Result<void> work_until(const std::stop_token& stop);
  void wake();
  Moment now() const { return surroundings_.now(); }
  Time time() const { return surroundings_.clock->now(); }

  // ---- bootstrap.cpp ----
  Moment load();
  Moment look_for_stream();
  Moment bookmark();
  Result<void> begin();
  Result<std::optional<StreamPoint>> now_at();
  // Where changes are to be followed from.
  Result<StreamProgress> begin_following();
  Moment scan();
  Result<void> store_page(const ScanResult& page);
  Moment sweep();
  Moment catch_up();
  void begin_anew(bool has_failed);

  // ---- following.cpp ----
  std::unique_ptr<replicas::Follower> make_follower();
  // None: what it says to has changed the phase.
  std::optional<Moment> follow();
  // None: all changes made before then are applied. Else when to ask again.
  std::optional<Moment> reaches(Time until);
  Moment live();
  Result<void> take(const replicas::Portion& portion);
  Result<void> refresh(std::vector<replicas::Change>& changes,
                       const std::vector<std::size_t>& wanted);
  // What is kept of the item with that key. A transform that errs ends the replica.
  Result<std::optional<Item>> transformed(Item item, const std::string& text);
  // What was read, with its faults noted.
  Result<void> store(std::vector<replicas::Change> read);
  void note_reach();

  // ---- verifying.cpp ----
  // When there is more to compare; none: nothing is being compared.
  std::optional<Moment> verify_on();
  Result<void> verify_page(Verification& verification);
  Result<void> verify_keys(Verification& verification);
  Result<void> judge_suspects(Verification& verification);
  void suspect(Verification& verification, Key key, std::string text, std::optional<Item> in_table);

  // Tells of a state that has changed.
  void set_phase(Phase phase);
  void tell_state();
  ReplicaState state_locked() const;
  Result<void> check_readable() const;
  void failed(const Error& error);
  void fail(Error error);
  // What the copy could not do; an error that trying again does not help against ends it.
  void copy_failed(const Error& error);
  Moment retry(unsigned& failures) const;
  replicas::Tell tell() const;
  Result<void> wait_until(const std::function<bool()>& holds,
                          std::chrono::milliseconds patience) const;

  Database& source_;
  const ReplicaOptions options_;
  const replicas::Surroundings surroundings_;
  replicas::TableKeys keys_;
  std::unique_ptr<replicas::Copy> copy_;

  std::string stream_arn_;
  std::unique_ptr<replicas::Follower> follower_;
  std::uint64_t follower_errors_ = 0;  // those that the figures have
  std::uint64_t records_before_ = 0;   // of followers before this one
  bool is_bootstrap_ = false;          // the table is read, or was and it is not live yet
  unsigned bootstraps_failed_ = 0;
  std::vector<Segment> segments_;
  Moment page_due_ = {};
  // Where the server has them: what is read under it is of one moment.
  std::optional<Snapshot> snapshot_;
  bool has_positions_ = false;
  Time read_until_ = {};       // the table is as it was then, or earlier
  std::string read_position_;  // and there
  bool is_aimed_ = false;      // that is where it is to catch up to
  std::optional<Key> swept_;
  unsigned failures_ = 0;  // of what the phase does
  Moment due_ = {};
  std::optional<Verification> verification_;
  Moment verification_due_ = {};
  ReplicaState told_ = ReplicaState::empty;

  mutable std::atomic<bool> is_hinted_ = false;
  std::atomic<bool> is_woken_ = false;
  bool is_run_ = false;  // else steps are, by a program that does not want to wait in one
  std::atomic<bool> is_asked_to_verify_ = false;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool is_begun_ = false;
  Phase phase_ = Phase::load;
  bool was_live_ = false;
  Time fresh_until_ = Time::min();
  std::optional<std::string> position_;
  std::optional<Error> error_;
  std::optional<ReplicaReport> report_;
  ReplicaFigures figures_;
};

}  // namespace dynakeep
