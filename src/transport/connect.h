#pragma once

#include "base/file_descriptor.h"
#include "dynakeep/result.h"
#include "transport/resolver.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// A socket that does not block, connected to the first address of the origin's host that takes it.
// Each address in its turn gets an equal share of the time that is left. unavailable, timed_out:
// nobody did, with the reason of the last.
Result<base::FileDescriptor> connect_to(const Origin& origin, Resolver& resolver,
                                        Deadline deadline);

}  // namespace dynakeep::transport
