#pragma once

#include <memory>

#include "base/pacing.h"
#include "dynakeep/clients/versioned_collections.h"
#include "dynakeep/clock.h"
#include "transport/transport.h"

namespace dynakeep::clients {

// CollectionsClient::create on a transport, a clock and a pace of one's own, which must outlive the
// client and all that it gave. What the options say of connections is the transport's.
Result<CollectionsClient> make_collections_client(const CollectionsClientOptions& options,
                                                  std::unique_ptr<transport::Transport> transport,
                                                  base::Pacing& pacing = base::system_pacing(),
                                                  const Clock& clock = system_clock());

}  // namespace dynakeep::clients
