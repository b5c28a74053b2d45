#include "storage/write_set.h"

#include <array>

#include <rocksdb/comparator.h>
#include <rocksdb/db.h>

#include "base/invariant.h"
#include "storage/write_set_impl.h"

namespace dynakeep::storage {
namespace {

// A batch wants to know of a family its number and its order, and no more: with those a set can be
// filled before, and without, any store. KeyValueStore::open checks that the numbers are these.
class FamilyHandle final : public rocksdb::ColumnFamilyHandle {
 public:
  explicit FamilyHandle(Family family) : id_(static_cast<std::uint32_t>(family)) {}

  const std::string& GetName() const override { return name_; }
  std::uint32_t GetID() const override { return id_; }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor* /*descriptor*/) override {
    return rocksdb::Status::NotSupported("only stands for its number");
  }
  const rocksdb::Comparator* GetComparator() const override {
    return rocksdb::BytewiseComparator();
  }

 private:
  std::uint32_t id_;
  std::string name_;
};

rocksdb::ColumnFamilyHandle* handle_of(Family family) {
  static std::array<FamilyHandle, family_count> handles{
      FamilyHandle(Family::meta), FamilyHandle(Family::data), FamilyHandle(Family::records)};
  return &handles[static_cast<std::size_t>(family)];
}

// A batch without limits refuses nothing.
void must_hold(const rocksdb::Status& status) { INVARIANT(status.ok()); }

void note(std::vector<Partition>& partitions, Family family, std::string_view key) {
  if (family != Family::data) return;
  const auto partition = partition_of(key);
  if (partitions.empty() || partitions.back() != partition) partitions.push_back(partition);
}

}  // namespace

WriteSet::WriteSet() : impl_(std::make_unique<Impl>()) {}
WriteSet::~WriteSet() = default;
WriteSet::WriteSet(WriteSet&&) noexcept = default;
WriteSet& WriteSet::operator=(WriteSet&&) noexcept = default;

void WriteSet::put(Family family, std::string_view key, std::string_view value) {
  note(impl_->partitions, family, key);
  must_hold(impl_->batch.Put(handle_of(family), key, value));
}

void WriteSet::erase(Family family, std::string_view key) {
  note(impl_->partitions, family, key);
  must_hold(impl_->batch.Delete(handle_of(family), key));
}

void WriteSet::clear() {
  impl_->batch.Clear();
  impl_->partitions.clear();
}

std::size_t WriteSet::size() const { return impl_->batch.Count(); }

std::size_t WriteSet::bytes() const { return impl_->batch.GetDataSize(); }

std::span<const Partition> WriteSet::partitions() const { return impl_->partitions; }

}  // namespace dynakeep::storage
