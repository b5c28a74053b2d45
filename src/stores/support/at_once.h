#pragma once

#include <cstddef>
#include <functional>

#include "dynakeep/database.h"

namespace dynakeep::stores {

// Calls `work`, which calls the database, with 0 to count - 1: on this thread, and once a call
// proves to take its time, as one over a network does, on up to `in_flight_max` in all. An embedded
// database answers sooner than a thread is made, so that there it is a loop.
//
// What is written is durable on return as after one call (DeferredDurability), and all of it is
// waited for at once. An error: it may not be.
Result<void> at_once(Database& database, std::size_t count, std::size_t in_flight_max,
                     const std::function<void(std::size_t)>& work);

}  // namespace dynakeep::stores
