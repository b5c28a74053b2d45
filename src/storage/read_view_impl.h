#pragma once

#include <array>
#include <memory>
#include <string>

#include <rocksdb/db.h>

#include "storage/read_view.h"

// What KeyValueStore and the views share of RocksDB.
namespace dynakeep::storage {

// An open database; owned by KeyValueStore.
struct Handles {
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> families{};

  rocksdb::ColumnFamilyHandle* family(Family which) const {
    return families[static_cast<std::size_t>(which)];
  }
};

struct Cursor::Impl {
  // Starts at the range's first key in the direction, at the options' moment.
  Impl(const Handles& handles, rocksdb::ReadOptions options, Family family, KeyRange walked,
       Direction walked_in);

  const KeyRange range;
  const Direction direction;
  // What the iterator's bounds point to, for as long as it lives.
  const rocksdb::Slice lower_bound;
  const rocksdb::Slice upper_bound;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

struct ReadView::Impl {
  explicit Impl(const Handles& of);
  ~Impl();

  const Handles& handles;
  rocksdb::ReadOptions options;  // with the snapshot
};

// One get for the store and for its views.
Result<bool> get(const Handles& handles, const rocksdb::ReadOptions& options, Family family,
                 std::string_view key, std::string& value);

}  // namespace dynakeep::storage
