#include "storage/read_view.h"

#include <utility>

#include "storage/read_view_impl.h"
#include "storage/status.h"

namespace dynakeep::storage {

Result<bool> get(const Handles& handles, const rocksdb::ReadOptions& options, Family family,
                 std::string_view key, std::string& value) {
  rocksdb::PinnableSlice found(&value);
  const auto status = handles.db->Get(options, handles.family(family), key, &found);
  if (status.ok()) {
    // Else it is in `value` already.
    if (found.IsPinned()) value.assign(found.data(), found.size());
    return true;
  }
  if (status.IsNotFound()) return false;
  return to_error(status);
}

// ---- Cursor ----

Cursor::Impl::Impl(const Handles& handles, rocksdb::ReadOptions options, Family family,
                   KeyRange walked, Direction walked_in)
    : range(std::move(walked)),
      direction(walked_in),
      lower_bound(range.begin),
      upper_bound(range.end) {
  options.iterate_lower_bound = &lower_bound;
  if (!range.end.empty()) options.iterate_upper_bound = &upper_bound;
  // Within one partition its filter may say that a file has nothing of it; across partitions no
  // filter can.
  options.total_order_seek =
      family == Family::data &&
      (range.begin.size() < partition_prefix_bytes ||
       range.begin.compare(0, partition_prefix_bytes, range.end, 0, partition_prefix_bytes) != 0);
  iterator.reset(handles.db->NewIterator(options, handles.family(family)));
  if (direction == Direction::forward) {
    iterator->Seek(lower_bound);
  } else {
    iterator->SeekToLast();
  }
}

Cursor::Cursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) { refresh(); }
Cursor::~Cursor() = default;
Cursor::Cursor(Cursor&& other) noexcept = default;
Cursor& Cursor::operator=(Cursor&& other) noexcept = default;

void Cursor::next() {
  if (impl_->direction == Direction::forward) {
    impl_->iterator->Next();
  } else {
    impl_->iterator->Prev();
  }
  refresh();
}

void Cursor::refresh() {
  valid_ = impl_->iterator->Valid();
  if (!valid_) return;
  key_ = impl_->iterator->key().ToStringView();
  value_ = impl_->iterator->value().ToStringView();
}

Result<void> Cursor::result() const {
  const auto status = impl_->iterator->status();
  if (status.ok()) return {};
  return to_error(status);
}

// ---- ReadView ----

ReadView::Impl::Impl(const Handles& of) : handles(of) {
  options.snapshot = handles.db->GetSnapshot();
}

ReadView::Impl::~Impl() { handles.db->ReleaseSnapshot(options.snapshot); }

ReadView::ReadView(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReadView::~ReadView() = default;
ReadView::ReadView(ReadView&& other) noexcept = default;
ReadView& ReadView::operator=(ReadView&& other) noexcept = default;

Result<bool> ReadView::get(Family family, std::string_view key, std::string& value) const {
  return storage::get(impl_->handles, impl_->options, family, key, value);
}

Cursor ReadView::cursor(Family family, KeyRange range, Direction direction) const {
  return Cursor(std::make_unique<Cursor::Impl>(impl_->handles, impl_->options, family,
                                               std::move(range), direction));
}

}  // namespace dynakeep::storage
