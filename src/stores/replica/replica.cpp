#include "dynakeep/stores/replica.h"

#include "stores/replica/copying.h"

namespace dynakeep {

std::string_view to_text(ReplicaState state) {
  switch (state) {
    case ReplicaState::empty:
      return "empty";
    case ReplicaState::bookmarking:
      return "bookmarking";
    case ReplicaState::scanning:
      return "scanning";
    case ReplicaState::catching_up:
      return "catching up";
    case ReplicaState::live:
      return "live";
    case ReplicaState::stale:
      return "stale";
    case ReplicaState::resyncing:
      return "resyncing";
    case ReplicaState::failed:
      return "failed";
  }
  return "failed";
}

Result<std::unique_ptr<Replica>> Replica::open(Database& source, ReplicaOptions options) {
  TRY(check(options));
  auto copying = std::make_unique<Copying>(source, std::move(options));
  TRY(copying->open());
  return std::unique_ptr<Replica>(new Replica(std::move(copying)));
}

Replica::Replica(std::unique_ptr<Copying> copying) : copying_(std::move(copying)) {}
Replica::~Replica() = default;

Result<void> Replica::run(std::stop_token stop) { return copying_->run(stop); }
Result<Replica::Moment> Replica::step() { return copying_->step(); }
void Replica::hint() { copying_->hint(); }
ReplicaState Replica::state() const { return copying_->state(); }
std::optional<Error> Replica::error() const { return copying_->error(); }
Result<std::optional<Item>> Replica::get(const Key& key) const { return copying_->get(key); }
Result<std::size_t> Replica::for_each(const ItemVisitor& visit) const {
  return copying_->for_each(visit);
}
Result<std::size_t> Replica::for_each_of(const AttributeValue& partition,
                                         const ItemVisitor& visit) const {
  return copying_->for_each_of(partition, visit);
}
Result<std::size_t> Replica::size() const { return copying_->size(); }
std::optional<std::chrono::milliseconds> Replica::lag() const { return copying_->lag(); }
std::optional<std::string> Replica::position() const { return copying_->position(); }
Result<void> Replica::wait_live(std::chrono::milliseconds patience) const {
  return copying_->wait_live(patience);
}
Result<void> Replica::wait_for(std::string_view position,
                               std::chrono::milliseconds patience) const {
  return copying_->wait_for(position, patience);
}
void Replica::verify() { copying_->verify(); }
std::optional<ReplicaReport> Replica::report() const { return copying_->report(); }
ReplicaFigures Replica::figures() const { return copying_->figures(); }

}  // namespace dynakeep
