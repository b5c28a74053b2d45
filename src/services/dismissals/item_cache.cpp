#include "services/dismissals/item_cache.h"

#include <functional>

#include "dynakeep/database.h"

namespace dynakeep::services::dismissals {

std::string ItemCache::key_of(std::string_view user, std::string_view item) {
  std::string key(user);
  return key.append(1, ':').append(item);  // ids have no colons
}

ItemCache::Stripe& ItemCache::stripe_of(const std::string& key) {
  return stripes_[std::hash<std::string>()(key) % stripes_.size()];
}

std::optional<Dismissible> ItemCache::find(std::string_view user, std::string_view item) {
  const std::string key = key_of(user, item);
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  const Entry* entry = items_.find(key);
  if (entry == nullptr) return std::nullopt;
  const Dismissible& kept = entry->item;
  if (now >= entry->until || (kept.expires_at && now >= *kept.expires_at) ||
      (kept.dismissed_until && now >= *kept.dismissed_until)) {
    items_.erase(key);
    return std::nullopt;
  }
  if (auto* durability = DeferredDurability::current()) durability->note(entry->durable_at);
  return kept;
}

void ItemCache::keep(const std::string& key, const Dismissible& item) {
  const auto* durability = DeferredDurability::current();
  items_.put(key, {.item = item,
                   .until = clock_.now() + time_to_live_,
                   .durable_at = durability != nullptr ? durability->position() : 0});
}

ItemCache::Ticket ItemCache::begin_read(std::string_view user, std::string_view item) {
  const std::string key = key_of(user, item);
  const std::lock_guard lock(mutex_);
  return {stripe_of(key).version};
}

void ItemCache::end_read(const Ticket& ticket, const Dismissible& found) {
  const std::string key = key_of(found.user_id, found.item_id);
  const std::lock_guard lock(mutex_);
  const Stripe& stripe = stripe_of(key);
  if (stripe.writers == 0 && stripe.version == ticket.version) keep(key, found);
}

ItemCache::Ticket ItemCache::begin_write(std::string_view user, std::string_view item) {
  const std::string key = key_of(user, item);
  const std::lock_guard lock(mutex_);
  Stripe& stripe = stripe_of(key);
  ++stripe.writers;
  items_.erase(key);
  return {++stripe.version};
}

void ItemCache::end_write(const Ticket& ticket, std::string_view user, std::string_view item,
                          const Dismissible* written) {
  const std::string key = key_of(user, item);
  const std::lock_guard lock(mutex_);
  Stripe& stripe = stripe_of(key);
  const bool alone = --stripe.writers == 0 && stripe.version == ticket.version;
  ++stripe.version;
  if (alone && written != nullptr) keep(key, *written);
}

void ItemCache::forget_user(std::string_view user) { forget_those_with(key_of(user, {})); }

void ItemCache::forget_all() { forget_those_with({}); }

void ItemCache::forget_those_with(std::string_view prefix) {
  const std::lock_guard lock(mutex_);
  items_.erase_if([prefix](const std::string& key) { return key.starts_with(prefix); });
  for (Stripe& stripe : stripes_) ++stripe.version;
}

}  // namespace dynakeep::services::dismissals
