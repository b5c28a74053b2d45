#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "storage/key_codec.h"
#include "storage/layout.h"

namespace dynakeep::storage {

// Puts and deletes that become visible, and durable, in one step: KeyValueStore::commit(). A later
// entry for a key overrules an earlier one. Tied to no store. Not thread-safe.
class WriteSet {
 public:
  WriteSet();
  ~WriteSet();
  WriteSet(WriteSet&&) noexcept;
  WriteSet& operator=(WriteSet&&) noexcept;

  // Copies key and value. A key of Family::data must be one of key_codec.h's.
  void put(Family family, std::string_view key, std::string_view value);
  void erase(Family family, std::string_view key);

  // Empty again, with its memory kept for the next use.
  void clear();

  bool empty() const { return size() == 0; }
  std::size_t size() const;   // puts and deletes
  std::size_t bytes() const;  // what the commit writes to the log

  // Which partitions of Family::data it changes; now and then one twice.
  std::span<const Partition> partitions() const;

 private:
  friend class KeyValueStore;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynakeep::storage
