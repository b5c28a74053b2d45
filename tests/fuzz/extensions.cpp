// What our engine's requests and answers say in headers, a line each of the input: nobody's bytes
// crash who reads them, and what is taken is said again as it was.

#include "wire/extensions.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "dynakeep/capabilities.h"
#include "dynakeep/item_requests.h"
#include "dynakeep/query_requests.h"
#include "dynakeep/stream_requests.h"

using namespace dynakeep;

namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

wire::FindHeader finder(const Fields& fields) {
  return [&fields](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
}

Fields fields_of(const wire::HeaderFields& list) {
  Fields fields;
  for (const auto& [name, value] : list) fields.insert_or_assign(std::string(name), value);
  return fields;
}

// A message whose members travel in headers comes through them as it is.
template <typename Message>
void exchange(const Fields& fields) {
  Message message;
  if (!wire::decode_extensions(finder(fields), message)) return;
  const Fields written = fields_of(wire::encode_extensions(message));
  Message again;
  INVARIANT(wire::decode_extensions(finder(written), again));
  INVARIANT(fields_of(wire::encode_extensions(again)) == written);
  if constexpr (requires { message.wait; }) INVARIANT(again.wait == message.wait);
  if constexpr (requires { message.want_stream_point; }) {
    INVARIANT(again.want_stream_point == message.want_stream_point);
  }
  if constexpr (requires { message.snapshot.token; }) {
    INVARIANT(again.snapshot.step == message.snapshot.step &&
              again.snapshot.token == message.snapshot.token);
  }
  if constexpr (requires { message.stream_point->position; }) {
    INVARIANT(again.stream_point.has_value() == message.stream_point.has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Fields fields;
  for (const std::string_view name :
       {wire::want_position_header, wire::wait_header, wire::snapshot_header,
        wire::stream_arn_header, wire::position_header, wire::features_header}) {
    const auto end = std::min(input.find('\n'), input.size());
    if (end != 0) fields.emplace(name, input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }

  exchange<ScanRequest>(fields);
  exchange<ScanResult>(fields);
  exchange<PutItemRequest>(fields);
  exchange<PutItemResult>(fields);
  exchange<GetRecordsRequest>(fields);

  Capabilities can;
  wire::decode_features(finder(fields)(wire::features_header).value_or(""), can);
  Capabilities again;
  wire::decode_features(wire::encode_features(can), again);
  INVARIANT(again.long_poll == can.long_poll && again.positions == can.positions &&
            again.snapshots == can.snapshots);
  return 0;
}
