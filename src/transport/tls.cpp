#include "transport/tls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/invariant.h"
#include "transport/url.h"

namespace dynakeep::transport {

namespace {

using Outcome = Moved::Outcome;

template <auto free>
struct FreedBy {
  template <typename T>
  void operator()(T* owned) const {
    free(owned);
  }
};

using Context = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using Connected = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using Session = std::unique_ptr<SSL_SESSION, FreedBy<SSL_SESSION_free>>;
using BioMethod = std::unique_ptr<BIO_METHOD, FreedBy<BIO_meth_free>>;

// The socket under a connection. OpenSSL's own would let a write to a closed one raise SIGPIPE.
struct SocketEnd {
  base::FileDescriptor socket;
  int error = 0;  // of the last call that failed
};

SocketEnd& end_of(BIO* bio) { return *static_cast<SocketEnd*>(BIO_get_data(bio)); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int write_socket(BIO* bio, const char* bytes, int count) {
  SocketEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(end.socket.get(), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<int>(sent);
  end.error = errno;
  if (would_block(errno)) BIO_set_retry_write(bio);
  return -1;
}

int read_socket(BIO* bio, char* into, int bytes_max) {
  SocketEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  const auto received = ::recv(end.socket.get(), into, static_cast<std::size_t>(bytes_max), 0);
  if (received > 0) return static_cast<int>(received);
  if (received == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
  }
  end.error = errno;
  if (would_block(errno)) BIO_set_retry_read(bio);
  return -1;
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BioMethod make_socket_method() {
  BioMethod method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "dynakeep socket"));
  INVARIANT(method != nullptr);
  BIO_meth_set_write(method.get(), write_socket);
  BIO_meth_set_read(method.get(), read_socket);
  BIO_meth_set_ctrl(method.get(), control_socket);
  return method;
}

// The oldest error of this thread, for a person. Forgets them all.
std::string library_message() {
  const auto error = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(error)) return system_message(ERR_GET_REASON(error));
  const char* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

// The sessions of the origins, by name. The newest of each.
class Sessions {
 public:
  void keep(const std::string& name, Session session) {
    constexpr std::size_t names_max = 64;
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= names_max && !sessions_.contains(name)) sessions_.clear();
    sessions_[name] = std::move(session);
  }

  // Takes a share of it.
  void offer(const std::string& name, SSL* connected) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(name);
    if (found != sessions_.end()) SSL_set_session(connected, found->second.get());
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // guarded by mutex_
};

class TlsChannel final : public Channel {
 public:
  TlsChannel(SSL_CTX* context, const BIO_METHOD* method, base::FileDescriptor socket,
             Sessions& sessions, std::string name)
      : sessions_(sessions), name_(std::move(name)), connected_(SSL_new(context)) {
    end_.socket = std::move(socket);
    BIO* const bio = BIO_new(method);
    INVARIANT(connected_ != nullptr && bio != nullptr);
    BIO_set_data(bio, &end_);
    BIO_set_init(bio, 1);
    SSL_set_bio(connected_.get(), bio, bio);
    SSL_set_app_data(connected_.get(), this);
  }

  ~TlsChannel() override {
    if (failed_) return;
    // Says goodbye as far as the socket takes it at once; else the session would count as broken.
    ERR_clear_error();
    SSL_shutdown(connected_.get());
    ERR_clear_error();
  }

  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  Result<void> shake_hands(const Origin& origin, Deadline deadline);

  Moved read(char* into, std::size_t bytes_max) override {
    ERR_clear_error();
    const int count = SSL_read(connected_.get(), into,
                               static_cast<int>(std::min<std::size_t>(bytes_max, INT_MAX)));
    return moved(count);
  }

  Moved write(std::string_view first, std::string_view second) override {
    ERR_clear_error();
    if (first.empty()) return write_one(second);
    if (second.empty()) return write_one(first);
    // Two parts in one record, since each costs a tag and often a packet.
    together_.assign(first.substr(0, record_bytes_max));
    together_.append(second.substr(0, record_bytes_max - together_.size()));
    return write_one(together_);
  }

  bool is_quiet() override {
    char unasked = 0;
    const auto raw = ::recv(end_.socket.get(), &unasked, 1, MSG_PEEK | MSG_DONTWAIT);
    if (raw < 0 && would_block(errno) && SSL_has_pending(connected_.get()) == 0) return true;
    // Not everything that comes is an answer: a server hands out tickets when it likes.
    ERR_clear_error();
    const int count = SSL_peek(connected_.get(), &unasked, 1);
    return count <= 0 && moved(count).outcome == Outcome::wants_read;
  }

  std::string failure() const override { return failure_; }
  int descriptor() const override { return end_.socket.get(); }

  base::FileDescriptor release() override {
    failed_ = true;
    return std::move(end_.socket);
  }

  void keep_session(Session session) { sessions_.keep(name_, std::move(session)); }

 private:
  static constexpr std::size_t record_bytes_max = std::size_t{16} << 10;

  Moved write_one(std::string_view bytes) {
    return moved(SSL_write(connected_.get(), bytes.data(),
                           static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX))));
  }

  // What the count that OpenSSL returned means.
  Moved moved(int count) {
    if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
    switch (SSL_get_error(connected_.get(), count)) {
      case SSL_ERROR_WANT_READ:
        return {.outcome = Outcome::wants_read};
      case SSL_ERROR_WANT_WRITE:
        return {.outcome = Outcome::wants_write};
      case SSL_ERROR_ZERO_RETURN:
        return {.outcome = Outcome::ended};
      case SSL_ERROR_SYSCALL:
        failure_ = end_.error != 0 ? system_message(end_.error) : "it was closed";
        break;
      default:
        failure_ = library_message();
        break;
    }
    failed_ = true;
    return {.outcome = Outcome::failed};
  }

  Error refusal(const Origin& origin) const;

  SocketEnd end_;
  Sessions& sessions_;
  const std::string name_;
  Connected connected_;
  std::string together_;
  std::string failure_;
  bool failed_ = false;
};

int on_new_session(SSL* connected, SSL_SESSION* session) {
  static_cast<TlsChannel*>(SSL_get_app_data(connected))->keep_session(Session(session));
  return 1;  // the share is ours now
}

// What is wrong with a certificate, and what to do about it.
std::string explain(long verdict, const std::string& host) {
  const std::string certificate = "the certificate of " + host + " ";
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return certificate +
             "has expired: the server needs a new one, unless the clock here is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return certificate + "is not valid yet: look at the clock here";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return certificate + "is not for " + host + ": use a name or address that it was made out to";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return certificate + "is self-signed: to trust it, give it as ca_bundle (AWS_CA_BUNDLE)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return certificate +
             "is from an authority that is not trusted here: give its certificate as ca_bundle "
             "(AWS_CA_BUNDLE), or install the system's (ca-certificates)";
    default:
      return certificate + "is not good: " + X509_verify_cert_error_string(verdict);
  }
}

Result<void> TlsChannel::shake_hands(const Origin& origin, Deadline deadline) {
  SSL* const connected = connected_.get();
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(connected);
  // An address is in the certificate as such, and is not sent as a server name (RFC 6066, 3).
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, origin.host.c_str()) != 1) {
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    INVARIANT(X509_VERIFY_PARAM_set1_host(wanted, origin.host.c_str(), origin.host.size()) == 1);
    INVARIANT(SSL_set_tlsext_host_name(connected, origin.host.c_str()) == 1);
  }
  sessions_.offer(name_, connected);
  while (true) {
    ERR_clear_error();
    const int count = SSL_connect(connected);
    if (count == 1) return {};
    // Looked at before moved() forgets them.
    const auto error = ERR_peek_error();
    const Outcome outcome = moved(count).outcome;
    if (outcome == Outcome::wants_read || outcome == Outcome::wants_write) {
      const short events = outcome == Outcome::wants_read ? POLLIN : POLLOUT;
      if (wait_until_ready(descriptor(), events, deadline) != 0) continue;
      failed_ = true;
      return Error(ErrorCode::timed_out, name_ + ": the TLS handshake did not end in time");
    }
    failed_ = true;
    const long verdict = SSL_get_verify_result(connected);
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
      return Error(ErrorCode::unavailable, explain(verdict, origin.host));
    }
    switch (ERR_GET_REASON(error)) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST:
        return Error(ErrorCode::unavailable,
                     name_ + ": it does not speak TLS there: is it http:// or another port?");
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return Error(ErrorCode::unavailable,
                     name_ + ": it speaks no TLS that is safe: 1.2 or later is needed");
      default:
        return Error(ErrorCode::unavailable,
                     name_ + ": no TLS connection: " +
                         (failure_.empty() ? std::string("it was closed") : failure_));
    }
  }
}

class Client final : public TlsClient {
 public:
  explicit Client(Context context) : context_(std::move(context)) {}

  Result<std::unique_ptr<Channel>> open(base::FileDescriptor socket, const Origin& origin,
                                        Deadline deadline) override {
    auto channel = std::make_unique<TlsChannel>(context_.get(), method_.get(), std::move(socket),
                                                sessions_, to_string(origin));
    TRY(channel->shake_hands(origin, deadline));
    return channel;
  }

 private:
  Context context_;
  BioMethod method_ = make_socket_method();
  Sessions sessions_;
};

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::create(const std::string& ca_bundle) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_client_method()));
  INVARIANT(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Whoever is named as trusted is, whether somebody else vouches for it or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record is one recv, not one for its length first
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), on_new_session);
  if (ca_bundle.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_file(context.get(), ca_bundle.c_str()) != 1) {
    const std::string why = library_message();
    return Error(ErrorCode::invalid_argument,
                 "the ca_bundle " + ca_bundle + " cannot be used: " + why);
  }
  ERR_clear_error();
  return std::make_unique<Client>(std::move(context));
}

}  // namespace dynakeep::transport
