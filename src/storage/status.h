#pragma once

#include <string_view>

#include "dynakeep/error.h"

namespace rocksdb {
class Status;
}

namespace dynakeep::storage {

// RocksDB's failures as ours, here and nowhere else. Not for statuses that are ok.

// Of a read, commit or sync: internal_server_error, with what to do where that is known.
Error to_error(const rocksdb::Status& status);

// Of opening the folder: invalid_argument where the caller can do something about it, such as
// choosing another folder or ending the other process.
Error to_open_error(const rocksdb::Status& status, std::string_view path);

}  // namespace dynakeep::storage
