#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace dynakeep::storage {

// Locks by key, so that a read-modify-write of one item has it to itself. A fixed number of mutexes
// that keys share by hash: two keys may exclude each other without need, never fail to when equal.
//
// A thread that holds a guard must not ask for another (the keys may share a mutex): who needs more
// than one key takes them together. Those are locked in one order, so nobody waits in a circle.
// Thread-safe; must outlive its guards.
class KeyLocks {
 private:
  // One bit a stripe.
  using StripeSet = std::array<std::uint64_t, 2>;

 public:
  static constexpr std::size_t stripes = 128;

  static std::size_t stripe_of(std::string_view key);

  // Holds what it was given until it is destroyed, on the thread that took it.
  class [[nodiscard]] Guard {
   public:
    Guard(Guard&& other) noexcept;
    Guard& operator=(Guard&&) = delete;
    ~Guard();

   private:
    friend class KeyLocks;
    Guard(KeyLocks& locks, const StripeSet& held) : locks_(&locks), held_(held) {}

    KeyLocks* locks_;
    StripeSet held_;
  };

  Guard lock(std::string_view key);
  // Repeated keys are welcome.
  Guard lock_all(std::span<const std::string> keys);

  // Returns once everyone who held a key when it was called has let go of it; others may come and
  // go meanwhile. For whoever has changed what is asked under the locks, and must know that nobody
  // is still at work by the old answer. The caller holds no guard.
  void wait_for_holders();

 private:
  static void add(StripeSet& set, std::string_view key);
  Guard lock_stripes(const StripeSet& wanted);

  struct alignas(64) Stripe {
    std::mutex mutex;
  };
  std::array<Stripe, stripes> stripes_;
};

}  // namespace dynakeep::storage
