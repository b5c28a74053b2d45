#pragma once

#include <vector>

#include <rocksdb/write_batch.h>

#include "storage/write_set.h"

namespace dynakeep::storage {

struct WriteSet::Impl {
  rocksdb::WriteBatch batch;
  std::vector<Partition> partitions;
};

}  // namespace dynakeep::storage
