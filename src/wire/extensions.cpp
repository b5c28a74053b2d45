#include "wire/extensions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace dynakeep::wire {
namespace {

constexpr std::string_view begin_word = "begin";
constexpr std::string_view end_word = "end ";
constexpr std::size_t token_length_max = 100;
constexpr std::uint32_t wait_ms_max = 20'000;

struct Feature {
  std::string_view name;
  bool Capabilities::*has;
};
constexpr auto features = std::to_array<Feature>({
    {"long-poll", &Capabilities::long_poll},
    {"positions", &Capabilities::positions},
    {"snapshots", &Capabilities::snapshots},
});

Error no_value_of(std::string_view header, std::string_view what) {
  return Error::validation("The value of " + std::string(header) + " must be " + std::string(what));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_snapshot_token(std::string_view text) {
  return !text.empty() && text.size() <= token_length_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-';
         });
}

Result<bool> decode_want_position(const FindHeader& find) {
  const auto value = find(want_position_header);
  if (!value || *value == "0") return false;
  if (*value == "1") return true;
  return no_value_of(want_position_header, "0 or 1");
}

Result<std::optional<std::chrono::milliseconds>> decode_wait(const FindHeader& find) {
  const auto value = find(wait_header);
  if (!value) return std::optional<std::chrono::milliseconds>();
  std::uint32_t milliseconds = 0;
  const char* const end = value->data() + value->size();
  const auto [stopped, problem] = std::from_chars(value->data(), end, milliseconds);
  if (problem != std::errc() || stopped != end || milliseconds > wait_ms_max) {
    return no_value_of(wait_header, "a number of milliseconds up to 20000");
  }
  return std::optional(std::chrono::milliseconds(milliseconds));
}

Result<SnapshotUse> decode_snapshot_use(const FindHeader& find) {
  const auto value = find(snapshot_header);
  if (!value) return SnapshotUse();
  if (*value == begin_word) return SnapshotUse::begin();
  const bool ends = value->starts_with(end_word);
  const std::string_view token = ends ? trimmed(value->substr(end_word.size())) : *value;
  if (!is_snapshot_token(token)) {
    return no_value_of(snapshot_header, "begin, a token, or end and a token");
  }
  return ends ? SnapshotUse::end(std::string(token)) : SnapshotUse::of(std::string(token));
}

void encode_snapshot_use(const SnapshotUse& use, HeaderFields& out) {
  switch (use.step) {
    case SnapshotUse::Step::none:
      return;
    case SnapshotUse::Step::begin:
      out.push_back({snapshot_header, std::string(begin_word)});
      return;
    case SnapshotUse::Step::read:
      out.push_back({snapshot_header, use.token});
      return;
    case SnapshotUse::Step::end:
      out.push_back({snapshot_header, std::string(end_word) + use.token});
      return;
  }
}

std::optional<StreamPoint> decode_stream_point(const FindHeader& find) {
  const auto position = find(position_header);
  if (!position) return {};
  return StreamPoint{.stream_arn = std::string(find(stream_arn_header).value_or("")),
                     .position = std::string(*position)};
}

void encode_stream_point(const std::optional<StreamPoint>& point, HeaderFields& out) {
  if (!point) return;
  if (!point->stream_arn.empty()) out.push_back({stream_arn_header, point->stream_arn});
  out.push_back({position_header, point->position});
}

std::string encode_features(const Capabilities& capabilities) {
  std::string text;
  for (const Feature& feature : features) {
    if (!(capabilities.*feature.has)) continue;
    if (!text.empty()) text += ", ";
    text += feature.name;
  }
  return text;
}

void decode_features(std::string_view text, Capabilities& capabilities) {
  for (const Feature& feature : features) capabilities.*feature.has = false;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view name = trimmed(text.substr(0, comma));
    for (const Feature& feature : features) {
      if (feature.name == name) capabilities.*feature.has = true;
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

}  // namespace dynakeep::wire
