#include "remote/amazon_endpoint.h"

#include <algorithm>
#include <array>

namespace dynakeep::remote {

namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;  // empty: has none
  // Where the usual names are FIPS endpoints already.
  bool is_fips_by_itself = false;
};

// The last takes every region that no other does.
constexpr std::array partitions = {
    Partition{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    Partition{"us-gov-", "amazonaws.com", "api.aws", true},
    Partition{"us-iso-", "c2s.ic.gov", ""},
    Partition{"us-isob-", "sc2s.sgov.gov", ""},
    Partition{"eu-isoe-", "cloud.adc-e.uk", ""},
    Partition{"us-isof-", "csp.hci.ic.gov", ""},
    Partition{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    Partition{"", "amazonaws.com", "api.aws"},
};

const Partition& partition_of(std::string_view region) {
  return *std::find_if(partitions.begin(), partitions.end(), [region](const Partition& each) {
    return region.starts_with(each.region_prefix);
  });
}

bool may_be_region(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Error refusal(std::string_view region, std::string_view why) {
  return {ErrorCode::invalid_argument, "Region '" + std::string(region) + "' " + std::string(why)};
}

// Takes ".suffix" off the end of `host`; false if it does not end so.
bool take_suffix(std::string_view& host, std::string_view suffix) {
  if (suffix.empty() || host.size() <= suffix.size() || !host.ends_with(suffix)) return false;
  const auto rest = host.substr(0, host.size() - suffix.size());
  if (rest.back() != '.') return false;
  host = rest.substr(0, rest.size() - 1);
  return true;
}

}  // namespace

Result<transport::Origin> amazon_endpoint(std::string_view service, std::string_view region,
                                          AmazonEndpointKind kind) {
  if (!may_be_region(region)) {
    return refusal(region, "is no region's name, such as us-east-1 or eu-west-1");
  }
  const Partition& partition = partition_of(region);
  if (kind.dual_stack && partition.dual_stack_suffix.empty()) {
    return refusal(region, "has no dual-stack endpoints");
  }
  std::string host(service);
  if (kind.fips && (kind.dual_stack || !partition.is_fips_by_itself)) host += "-fips";
  host.append(1, '.').append(region).append(1, '.');
  host.append(kind.dual_stack ? partition.dual_stack_suffix : partition.suffix);
  return transport::Origin{.secure = true, .host = std::move(host), .port = 443};
}

transport::Origin amazon_streams_endpoint(const transport::Origin& tables) {
  transport::Origin streams = tables;
  // What is private has its own name already.
  if (!tables.host.starts_with("dynamodb")) return streams;
  streams.host.insert(0, "streams.");
  return streams;
}

std::optional<std::string> region_of_amazon_host(std::string_view host) {
  std::string lower(host);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  std::string_view rest(lower);
  const bool is_amazons =
      std::any_of(partitions.begin(), partitions.end(), [&rest](const Partition& each) {
        return take_suffix(rest, each.suffix) || take_suffix(rest, each.dual_stack_suffix);
      });
  if (!is_amazons) return std::nullopt;
  take_suffix(rest, "vpce");  // of a private endpoint
  // [ACCOUNT.|streams.|vpce-….]dynamodb.REGION
  const auto region_at = rest.rfind('.');
  if (region_at == std::string_view::npos) return std::nullopt;
  const auto before = rest.substr(0, region_at);
  const auto service = before.substr(before.rfind('.') + 1);  // npos + 1 is the start
  for (const std::string_view name : {"dynamodb", "dynamodb-fips", "ddb", "ddb-fips"}) {
    if (service == name) return std::string(rest.substr(region_at + 1));
  }
  return std::nullopt;
}

}  // namespace dynakeep::remote
