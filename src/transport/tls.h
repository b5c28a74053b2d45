#pragma once

#include <memory>
#include <string>

#include "base/file_descriptor.h"
#include "dynakeep/result.h"
#include "transport/channel.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// TLS, from the side of the client: 1.2 or later, only with who proves to be the origin's host by a
// certificate for that name or address from a trusted authority. Sessions are remembered, so that
// the next connection to an origin is made with less work. Thread-safe.
class TlsClient {
 public:
  // `ca_bundle` is a PEM file of the authorities to trust; empty: the system's store, which
  // SSL_CERT_FILE and SSL_CERT_DIR move. Costs some milliseconds. invalid_argument: the file cannot
  // be read, or holds no certificate.
  static Result<std::unique_ptr<TlsClient>> create(const std::string& ca_bundle);

  virtual ~TlsClient() = default;

  // The channel through TLS over a connected socket that does not block. The client must outlive
  // it. unavailable: the certificate is not good, or the other side does not speak TLS; the message
  // is one line with what to do. timed_out: the deadline came.
  virtual Result<std::unique_ptr<Channel>> open(base::FileDescriptor socket, const Origin& origin,
                                                Deadline deadline) = 0;
};

}  // namespace dynakeep::transport
