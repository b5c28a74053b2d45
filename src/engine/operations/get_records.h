#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dynakeep/database.h"

namespace dynakeep::engine {

struct Engine;

Result<GetRecordsResult> get_records(const Engine& engine, const GetRecordsRequest& request);

// As Database::when_records.
Result<std::unique_ptr<RecordsWaiter>> when_records(const Engine& engine,
                                                    const std::string& shard_iterator,
                                                    std::function<void()> wake);

}  // namespace dynakeep::engine
