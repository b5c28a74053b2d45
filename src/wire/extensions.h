#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dynakeep/capabilities.h"
#include "dynakeep/request.h"
#include "dynakeep/result.h"

// What our engine says beside DynamoDB's messages. It travels in headers, since a body is
// DynamoDB's: clients that know nothing of it are not disturbed. Both sides are here, and
// decode(encode(x)) is x.
namespace dynakeep::wire {

// Of requests: "1".
inline constexpr std::string_view want_position_header = "x-engine-want-position";
// Of GetRecords: milliseconds to wait for a record.
inline constexpr std::string_view wait_header = "x-engine-wait-ms";
// Of requests: "begin", a token, or "end " and a token. Of answers: the token of the one begun.
inline constexpr std::string_view snapshot_header = "x-engine-snapshot";
// Of answers to who wanted a position. The ARN is left out where several streams are concerned.
inline constexpr std::string_view stream_arn_header = "x-engine-stream-arn";
inline constexpr std::string_view position_header = "x-engine-position";
// Of answers to DescribeStream and ListStreams: "long-poll, positions, snapshots".
inline constexpr std::string_view features_header = "x-engine-features";

struct HeaderField {
  std::string_view name = {};  // one of the above
  std::string value = {};
};
using HeaderFields = std::vector<HeaderField>;

// The value of the header of that name, in whatever case.
using FindHeader = std::function<std::optional<std::string_view>(std::string_view name)>;

// There are none.
inline std::optional<std::string_view> no_headers(std::string_view /*name*/) { return {}; }

// Whether it could be one: letters, digits and hyphens, at most 100.
bool is_snapshot_token(std::string_view text);

// What the headers say is part of a message. Nothing: they do not mention it. validation: their
// values make no sense.
Result<bool> decode_want_position(const FindHeader& find);
Result<std::optional<std::chrono::milliseconds>> decode_wait(const FindHeader& find);
Result<SnapshotUse> decode_snapshot_use(const FindHeader& find);
std::optional<StreamPoint> decode_stream_point(const FindHeader& find);

void encode_snapshot_use(const SnapshotUse& use, HeaderFields& out);
void encode_stream_point(const std::optional<StreamPoint>& point, HeaderFields& out);

// Fills in the members of a request or a result that travel in headers, if it has any.
template <typename Message>
Result<void> decode_extensions(const FindHeader& find, Message& message) {
  if constexpr (requires { message.want_stream_point; }) {
    message.want_stream_point = TRY(decode_want_position(find));
  }
  if constexpr (requires { message.wait; }) {
    if (const auto wait = TRY(decode_wait(find))) message.wait = *wait;
  }
  if constexpr (requires { message.stream_point; }) {
    message.stream_point = decode_stream_point(find);
  }
  if constexpr (requires { message.snapshot; }) {
    if constexpr (std::is_same_v<decltype(message.snapshot), SnapshotUse>) {
      message.snapshot = TRY(decode_snapshot_use(find));
    } else if (const auto token = find(snapshot_header)) {
      message.snapshot = std::string(*token);
    }
  }
  return {};
}

// Empty for most messages.
template <typename Message>
HeaderFields encode_extensions(const Message& message) {
  HeaderFields fields;
  if constexpr (requires { message.want_stream_point; }) {
    if (message.want_stream_point) fields.push_back({want_position_header, "1"});
  }
  if constexpr (requires { message.wait; }) {
    if (message.wait.count() != 0) {
      fields.push_back({wait_header, std::to_string(message.wait.count())});
    }
  }
  if constexpr (requires { message.stream_point; }) {
    encode_stream_point(message.stream_point, fields);
  }
  if constexpr (requires { message.snapshot; }) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(message.snapshot)>, SnapshotUse>) {
      encode_snapshot_use(message.snapshot, fields);
    } else if (message.snapshot) {
      fields.push_back({snapshot_header, *message.snapshot});
    }
  }
  return fields;
}

// The value of features_header, empty if the database has none of them; and back.
std::string encode_features(const Capabilities& capabilities);
void decode_features(std::string_view features, Capabilities& capabilities);

}  // namespace dynakeep::wire
