#include "http/message_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "base/invariant.h"

namespace dynakeep::http {

namespace {

constexpr std::size_t kept_bytes_max = std::size_t{16} << 10;

constexpr std::string_view blanks = " \t";

enum CharacterClass : std::uint8_t { in_nothing = 0, in_token = 1, in_target = 2, in_value = 4 };

// RFC 7230, 3.2.6. Bytes past ASCII are taken as they are, outside of tokens.
constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> made = {};
  for (std::size_t c = 0x21; c < 256; ++c) made[c] = c == 0x7f ? in_nothing : in_target | in_value;
  made[' '] = in_value;
  made['\t'] = in_value;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    made[static_cast<unsigned char>(c)] |= in_token;
  }
  return made;
}();

bool is_in(char c, CharacterClass wanted) {
  return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

bool are_in(std::string_view text, CharacterClass wanted) {
  return std::all_of(text.begin(), text.end(), [wanted](char c) { return is_in(c, wanted); });
}

// Whether one of the bytes is below 0x20 or is 0x7f.
bool holds_control(std::uint64_t eight_bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = ones * 0x80;
  const std::uint64_t is_7f = eight_bytes ^ (ones * 0x7f);
  return ((((eight_bytes - ones * 0x20) & ~eight_bytes) | ((is_7f - ones) & ~is_7f)) & tops) != 0;
}

// Most of a head is values, and none of what they may not hold is likely: eight at a time.
bool is_value(std::string_view text) {
  while (text.size() >= 8) {
    std::uint64_t eight_bytes = 0;
    std::memcpy(&eight_bytes, text.data(), sizeof eight_bytes);
    if (holds_control(eight_bytes)) return are_in(text, in_value);  // or a tab
    text.remove_prefix(sizeof eight_bytes);
  }
  return are_in(text, in_value);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Takes a line off the front, without its CRLF, which must be there.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

struct Field {
  std::string_view name;
  std::string_view value;
};

// Refuses lines that go on with the one before (RFC 7230, 3.2.4), and blanks before the colon: two
// readers would read them differently.
std::optional<Field> parse_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field{.name = line.substr(0, colon), .value = trimmed(line.substr(colon + 1))};
  if (!is_token(field.name) || !is_value(field.value)) return std::nullopt;
  return field;
}

// Saturates, for what is past 64 bits is past every limit.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (value > (UINT64_MAX - 9) / 10) value = (UINT64_MAX - 9) / 10;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// "1a;name=value" -> 26. Extensions mean nothing to us.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const auto semicolon = line.find(';');
  if (semicolon != std::string_view::npos && !is_value(line.substr(semicolon))) {
    return std::nullopt;
  }
  const std::string_view text = trimmed(line.substr(0, semicolon));
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::uint64_t digit = c >= '0' && c <= '9'   ? static_cast<std::uint64_t>(c - '0')
                                : c >= 'a' && c <= 'f' ? static_cast<std::uint64_t>(c - 'a') + 10
                                : c >= 'A' && c <= 'F' ? static_cast<std::uint64_t>(c - 'A') + 10
                                                       : 16;
    if (digit == 16) return std::nullopt;
    value = value * 16 + digit;
  }
  return value;
}

void free_if_large(std::string& text) {
  if (text.capacity() > kept_bytes_max) text.shrink_to_fit();
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && are_in(text, in_token); }

bool is_target(std::string_view text) { return !text.empty() && are_in(text, in_target); }

bool is_field_value(std::string_view text) { return is_value(text); }

MessageParser::MessageParser(const MessageLimits& limits, Headers& headers, std::string& body)
    : limits_(limits), headers_(headers), body_(body) {}

void MessageParser::restart() {
  headers_.clear();
  body_.clear();
  free_if_large(body_);
  if (headers_.capacity_bytes() > kept_bytes_max) {
    Headers fresh;
    std::swap(headers_, fresh);  // assigned to, a string would keep its memory
  }
  state_ = State::head;
  chunk_part_ = ChunkPart::none;
  refusal_ = Refusal::none;
  scanned_bytes_ = 0;
  content_length_.reset();
  body_bytes_left_ = 0;
  trailer_bytes_ = 0;
  is_http_1_0_ = false;
  until_close_ = false;
  keep_alive_ = true;
}

std::size_t MessageParser::put(std::string_view bytes) {
  INVARIANT(state_ == State::head || state_ == State::body);
  if (state_ == State::head) return take_head(bytes);
  if (until_close_) return take_rest(bytes);
  return chunk_part_ == ChunkPart::none ? take_body(bytes) : take_chunks(bytes);
}

bool MessageParser::finish() {
  if (state_ != State::body || !until_close_) return false;
  state_ = State::complete;
  return true;
}

std::size_t MessageParser::fail(Refusal refusal) {
  state_ = State::failed;
  refusal_ = refusal;
  return 0;
}

std::size_t MessageParser::take_head(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (!is_in(bytes.front(), in_token)) return fail(Refusal::malformed);

  // To the empty line. Every line must end in CRLF: a lone LF would end it for some and not for us.
  while (true) {
    const auto newline = bytes.find('\n', scanned_bytes_);
    if (newline == std::string_view::npos || newline >= limits_.header_bytes_max) {
      scanned_bytes_ = bytes.size();
      return bytes.size() > limits_.header_bytes_max ? fail(Refusal::head_too_long) : 0;
    }
    if (newline == 0 || bytes[newline - 1] != '\r') return fail(Refusal::malformed);
    scanned_bytes_ = newline + 1;
    if (newline >= 3 && bytes[newline - 2] == '\n') break;
  }
  const std::string_view head = bytes.substr(0, scanned_bytes_);
  if (const Refusal refusal = parse_head(head); refusal != Refusal::none) return fail(refusal);
  return head.size();
}

MessageParser::Refusal MessageParser::parse_head(std::string_view head) {
  const auto rule = parse_start_line(take_line(head));
  if (!rule) return Refusal::malformed;
  headers_.reserve(head.size());
  for (std::string_view line = take_line(head); !line.empty(); line = take_line(head)) {
    const auto field = parse_field(line);
    if (!field || !note_field(field->name, field->value)) return Refusal::malformed;
    headers_.add(field->name, field->value);
  }
  // A message of HTTP/1.0 has no chunks; both lengths at once would be two messages to some.
  const bool chunked = chunk_part_ != ChunkPart::none;
  if (chunked && (content_length_ || is_http_1_0_)) return Refusal::malformed;
  if (*rule == BodyRule::never) {
    state_ = State::complete;
    return Refusal::none;
  }
  if (content_length_.value_or(0) > limits_.body_bytes_max) return Refusal::body_too_long;
  body_bytes_left_ = static_cast<std::size_t>(content_length_.value_or(0));
  until_close_ = *rule == BodyRule::until_close && !chunked && !content_length_;
  if (until_close_) keep_alive_ = false;
  state_ = chunked || until_close_ || body_bytes_left_ > 0 ? State::body : State::complete;
  return Refusal::none;
}

bool MessageParser::parse_version(std::string_view version) {
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  is_http_1_0_ = version == "HTTP/1.0";
  keep_alive_ = !is_http_1_0_;
  return true;
}

// What a field means for the message itself; false if it cannot mean that.
bool MessageParser::note_field(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 10:
      if (equal_ignoring_case(name, "connection")) note_connection(value);
      break;
    case 14:
      if (equal_ignoring_case(name, "content-length")) {
        const auto length = parse_digits(value);
        if (!length || (content_length_ && *content_length_ != *length)) return false;
        content_length_ = length;
      }
      break;
    case 17:
      if (equal_ignoring_case(name, "transfer-encoding")) {
        if (chunk_part_ != ChunkPart::none) return false;
        if (!equal_ignoring_case(value, "chunked")) return false;
        chunk_part_ = ChunkPart::size;
      }
      break;
    default:
      break;
  }
  return true;
}

void MessageParser::note_connection(std::string_view options) {
  while (!options.empty()) {
    const auto comma = options.find(',');
    const std::string_view option = trimmed(options.substr(0, comma));
    options = comma == std::string_view::npos ? std::string_view() : options.substr(comma + 1);
    if (equal_ignoring_case(option, "close")) {
      keep_alive_ = false;
      return;
    }
    if (equal_ignoring_case(option, "keep-alive")) keep_alive_ = true;
  }
}

std::size_t MessageParser::take_rest(std::string_view bytes) {
  if (bytes.size() > limits_.body_bytes_max - body_.size()) return fail(Refusal::body_too_long);
  body_.append(bytes);
  return bytes.size();
}

std::size_t MessageParser::take_body(std::string_view bytes) {
  const std::size_t count = std::min(bytes.size(), body_bytes_left_);
  if (body_.empty()) body_.reserve(body_bytes_left_);
  body_.append(bytes.substr(0, count));
  body_bytes_left_ -= count;
  if (body_bytes_left_ == 0) state_ = State::complete;
  return count;
}

std::size_t MessageParser::take_chunks(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::body) {
    const std::string_view rest = bytes.substr(taken);
    if (chunk_part_ == ChunkPart::data) {
      const std::size_t count = std::min(rest.size(), body_bytes_left_);
      body_.append(rest.substr(0, count));
      body_bytes_left_ -= count;
      taken += count;
      if (body_bytes_left_ > 0) return taken;
      chunk_part_ = ChunkPart::end_of_data;
      continue;
    }
    // All else is in lines.
    const auto newline = rest.find('\n');
    if (newline == std::string_view::npos || newline >= limits_.header_bytes_max) {
      if (rest.size() > limits_.header_bytes_max) fail(Refusal::head_too_long);
      return taken;
    }
    if (newline == 0 || rest[newline - 1] != '\r') return fail(Refusal::malformed);
    take_chunk_line(rest.substr(0, newline - 1));
    taken += newline + 1;
  }
  return taken;
}

void MessageParser::take_chunk_line(std::string_view line) {
  if (chunk_part_ == ChunkPart::end_of_data) {
    if (!line.empty()) fail(Refusal::malformed);
    chunk_part_ = ChunkPart::size;
  } else if (chunk_part_ == ChunkPart::size) {
    const auto size = parse_chunk_size(line);
    if (!size) {
      fail(Refusal::malformed);
    } else if (*size > limits_.body_bytes_max - body_.size()) {
      fail(Refusal::body_too_long);
    } else {
      body_bytes_left_ = static_cast<std::size_t>(*size);
      chunk_part_ = *size == 0 ? ChunkPart::trailer : ChunkPart::data;
    }
  } else if (line.empty()) {
    state_ = State::complete;
  } else {
    // Fields behind the body come too late, for who signed the head did not mean them.
    trailer_bytes_ += line.size();
    if (!parse_field(line)) fail(Refusal::malformed);
    if (trailer_bytes_ > limits_.header_bytes_max) fail(Refusal::head_too_long);
  }
}

}  // namespace dynakeep::http
