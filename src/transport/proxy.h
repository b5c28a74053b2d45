#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "dynakeep/result.h"
#include "transport/transport.h"

namespace dynakeep::transport {

struct Proxy {
  Origin origin = {};
  std::string authorization = {};  // value of Proxy-Authorization; empty: none. Never logged
};

// Which requests go by a proxy: none by itself.
struct ProxySettings {
  std::optional<Proxy> plain = {};           // for http://
  std::optional<Proxy> secure = {};          // for https://
  std::vector<std::string> exceptions = {};  // as in NO_PROXY, one each
  bool spares_loopback = false;              // this machine is reached without
};

// The option as in RemoteOptions::proxy: an address is for all requests, "none" for none. Empty:
//
//   http://    http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY
//   https://   https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY
//   neither    hosts in no_proxy, NO_PROXY, and this machine
//
// The first that is set counts. HTTP_PROXY is passed over in a CGI program (REQUEST_METHOD is set),
// where it is the client's header "Proxy". An address is [http://][USER[:PASSWORD]@]HOST[:PORT],
// the port 80 if not said; USER and PASSWORD may have %XX in them.
//
// invalid_argument: it is no such address. The line names the variable and not what it says.
Result<ProxySettings> find_proxies(const std::string& option, const base::Environment& environment);

// The proxy for requests to the origin; null: none. Each exception is "*" for all, or a name with
// all below it ("example.com", ".example.com" and "*.example.com" are the same), an address
// ("10.0.0.1", "::1", "[::1]") or a block of them ("10.0.0.0/8", "fd00::/8"); names and addresses
// may have a port ("example.com:8000", "[::1]:8000") and are then for that port only.
const Proxy* proxy_for(const ProxySettings& settings, const Origin& origin);

}  // namespace dynakeep::transport
