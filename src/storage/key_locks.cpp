#include "storage/key_locks.h"

#include <bit>

#include "storage/key_codec.h"

namespace dynakeep::storage {
namespace {

constexpr std::size_t word_bits = 64;

// Calls `visit` with each stripe of the set, in ascending order.
template <typename StripeSet, typename Visit>
void for_each_stripe(const StripeSet& set, Visit visit) {
  for (std::size_t word = 0; word < set.size(); ++word) {
    for (auto bits = set[word]; bits != 0; bits &= bits - 1) {
      visit(word * word_bits + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
}

}  // namespace

std::size_t KeyLocks::stripe_of(std::string_view key) { return xxh64(key) % stripes; }

void KeyLocks::add(StripeSet& set, std::string_view key) {
  const auto stripe = stripe_of(key);
  set[stripe / word_bits] |= std::uint64_t{1} << (stripe % word_bits);
}

KeyLocks::Guard KeyLocks::lock(std::string_view key) {
  StripeSet wanted{};
  add(wanted, key);
  return lock_stripes(wanted);
}

KeyLocks::Guard KeyLocks::lock_all(std::span<const std::string> keys) {
  StripeSet wanted{};
  for (const auto& key : keys) add(wanted, key);
  return lock_stripes(wanted);
}

void KeyLocks::wait_for_holders() {
  for (Stripe& stripe : stripes_) {
    stripe.mutex.lock();
    stripe.mutex.unlock();
  }
}

KeyLocks::Guard KeyLocks::lock_stripes(const StripeSet& wanted) {
  for_each_stripe(wanted, [this](std::size_t stripe) { stripes_[stripe].mutex.lock(); });
  return Guard(*this, wanted);
}

KeyLocks::Guard::Guard(Guard&& other) noexcept : locks_(other.locks_), held_(other.held_) {
  other.held_ = {};
}

KeyLocks::Guard::~Guard() {
  for_each_stripe(held_, [this](std::size_t stripe) { locks_->stripes_[stripe].mutex.unlock(); });
}

}  // namespace dynakeep::storage
