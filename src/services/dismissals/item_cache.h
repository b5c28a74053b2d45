#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/stores/dismissals.h"
#include "services/recently_used.h"

namespace dynakeep::services::dismissals {

// Items that were read or written lately, in this process. Thread-safe.
//
// An older state never takes the place of a newer one that was written through here. Who reads says
// so before it asks the store, and what it brings is kept only if nobody has begun or ended a write
// of the item since; and of writes that overlap, whose order only the store knows, none is kept.
// Writes of other processes are not seen: for a single server.
class ItemCache {
 public:
  ItemCache(std::size_t items_max, std::chrono::milliseconds time_to_live, const Clock& clock)
      : time_to_live_(time_to_live), clock_(clock), items_(items_max) {}

  // Nothing, too, once its time is over, it has expired, or its snooze has ended. What the answer
  // has to wait for on disk is noted in the thread's DeferredDurability, as by a read of the store.
  std::optional<Dismissible> find(std::string_view user, std::string_view item);

  // What stood in the way of a read or write then.
  struct Ticket {
    std::uint64_t version = 0;
  };

  Ticket begin_read(std::string_view user, std::string_view item);
  void end_read(const Ticket& ticket, const Dismissible& found);

  Ticket begin_write(std::string_view user, std::string_view item);
  // Nothing: it failed, or what it left there is not known.
  void end_write(const Ticket& ticket, std::string_view user, std::string_view item,
                 const Dismissible* written);

  // After a write of many of the user's items, or all.
  void forget_user(std::string_view user);
  void forget_all();

 private:
  struct Entry {
    Dismissible item;
    Time until;
    std::uint64_t durable_at;
  };
  // Versions are for items that are not here as well, so many share one.
  struct Stripe {
    std::uint64_t version = 0;
    int writers = 0;
  };

  static std::string key_of(std::string_view user, std::string_view item);
  Stripe& stripe_of(const std::string& key);
  void keep(const std::string& key, const Dismissible& item);
  void forget_those_with(std::string_view prefix);

  const std::chrono::milliseconds time_to_live_;
  const Clock& clock_;

  std::mutex mutex_;
  RecentlyUsed<Entry> items_;
  std::array<Stripe, 1024> stripes_;
};

}  // namespace dynakeep::services::dismissals
