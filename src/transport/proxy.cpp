#include "transport/proxy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/base64.h"
#include "http/message.h"
#include "transport/url.h"

namespace dynakeep::transport {

namespace {

// Of the variables the first that is set: its name and what it says.
struct Setting {
  std::string_view name;
  std::string text;
};

std::optional<Setting> first_of(const base::Environment& environment,
                                std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (name == "HTTP_PROXY" && environment.variable("REQUEST_METHOD")) continue;
    if (auto text = environment.variable(name)) {
      return Setting{.name = name, .text = *std::move(text)};
    }
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) {
      return std::nullopt;
    }
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

Result<Proxy> parse_proxy(const Setting& setting) {
  const Error refusal(ErrorCode::invalid_argument,
                      std::string(setting.name) +
                          " is no proxy that can be used: it should be http://HOST:PORT, or "
                          "http://USER:PASSWORD@HOST:PORT");
  std::string_view rest = setting.text;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    if (!http::equal_ignoring_case(rest.substr(0, scheme_end), "http")) return refusal;
    rest.remove_prefix(scheme_end + 3);
  }
  Proxy proxy;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto user = percent_decoded(rest.substr(0, at));
    if (!user) return refusal;
    if (user->find(':') == std::string::npos) user->append(":");
    proxy.authorization = "Basic ";
    base::append_base64(proxy.authorization, *user);
    rest.remove_prefix(at + 1);
  }
  auto origin = parse_origin("http://" + std::string(rest));
  if (!origin) return refusal;
  proxy.origin = *std::move(origin);
  return proxy;
}

Result<std::optional<Proxy>> find_proxy(const base::Environment& environment,
                                        std::initializer_list<std::string_view> names) {
  const auto setting = first_of(environment, names);
  if (!setting) return std::optional<Proxy>();
  return std::optional<Proxy>(TRY(parse_proxy(*setting)));
}

// An address as its bytes: 4 or 16 of them.
struct AddressBytes {
  std::array<std::uint8_t, 16> bytes = {};
  unsigned bits = 0;  // none: no address
};

AddressBytes parse_address(std::string_view text) {
  const std::string host(text);
  AddressBytes address;
  if (::inet_pton(AF_INET, host.c_str(), address.bytes.data()) == 1) address.bits = 32;
  if (::inet_pton(AF_INET6, host.c_str(), address.bytes.data()) == 1) address.bits = 128;
  return address;
}

bool same_prefix(const AddressBytes& left, const AddressBytes& right, unsigned bits) {
  if (left.bits != right.bits || left.bits == 0 || bits > left.bits) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto differing = static_cast<unsigned>(left.bytes[bit / 8] ^ right.bytes[bit / 8]);
    if ((differing & (0x80U >> (bit % 8))) != 0) return false;
  }
  return true;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::string_view without_last_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool is_name_or_below(std::string_view host, std::string_view name) {
  if (name.empty() || host.size() < name.size()) return false;
  if (!http::equal_ignoring_case(host.substr(host.size() - name.size()), name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

bool is_excepted(std::string_view exception, const Origin& origin) {
  if (exception == "*") return true;
  const AddressBytes address = parse_address(origin.host);

  if (const auto slash = exception.find('/'); slash != std::string_view::npos) {
    const auto bits = parse_number<unsigned>(exception.substr(slash + 1));
    return bits && same_prefix(address, parse_address(exception.substr(0, slash)), *bits);
  }

  // "name:port", "[::1]:port"; more colons without brackets are an address alone.
  std::string_view host = exception;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto bracket = std::min(host.find(']'), host.size() - 1);
    port = host.substr(bracket + 1);
    host = host.substr(1, bracket - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    port = host.substr(host.find(':'));
    host = host.substr(0, host.find(':'));
  }
  if (!port.empty() && parse_number<std::uint16_t>(port.substr(1)) != origin.port) return false;

  if (address.bits != 0) return same_prefix(address, parse_address(host), address.bits);
  if (host.starts_with("*.")) host.remove_prefix(1);
  if (host.starts_with('.')) host.remove_prefix(1);
  return is_name_or_below(without_last_dot(origin.host), without_last_dot(host));
}

}  // namespace

Result<ProxySettings> find_proxies(const std::string& option,
                                   const base::Environment& environment) {
  ProxySettings settings;
  if (option == "none") return settings;
  if (!option.empty()) {
    settings.plain = TRY(parse_proxy({.name = "the proxy", .text = option}));
    settings.secure = settings.plain;
    return settings;
  }
  settings.plain =
      TRY(find_proxy(environment, {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}));
  settings.secure =
      TRY(find_proxy(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  settings.spares_loopback = true;
  if (const auto exceptions = first_of(environment, {"no_proxy", "NO_PROXY"})) {
    constexpr std::string_view separators = ", \t";
    std::string_view rest = exceptions->text;
    while (!rest.empty()) {
      const auto end = std::min(rest.find_first_of(separators), rest.size());
      if (end > 0) settings.exceptions.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return settings;
}

const Proxy* proxy_for(const ProxySettings& settings, const Origin& origin) {
  const auto& proxy = origin.secure ? settings.secure : settings.plain;
  if (!proxy || (settings.spares_loopback && is_loopback(origin))) return nullptr;
  const bool excepted =
      std::any_of(settings.exceptions.begin(), settings.exceptions.end(),
                  [&](const std::string& exception) { return is_excepted(exception, origin); });
  return excepted ? nullptr : &*proxy;
}

}  // namespace dynakeep::transport
