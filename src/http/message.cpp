#include "http/message.h"

#include <utility>

#include "base/invariant.h"

namespace dynakeep::http {

namespace {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool breaks_line(std::string_view text) {
  return text.find('\r') != std::string_view::npos || text.find('\n') != std::string_view::npos;
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

void Headers::add(std::string_view name, std::string_view value) {
  const auto name_at = static_cast<std::uint32_t>(text_.size());
  text_.append(name).append(": ");
  const auto value_at = static_cast<std::uint32_t>(text_.size());
  text_.append(value);
  INVARIANT(!breaks_line(std::string_view(text_).substr(name_at)));
  text_.append("\r\n");
  entries_.push_back({.name_at = name_at,
                      .name_bytes = static_cast<std::uint32_t>(name.size()),
                      .value_at = value_at,
                      .value_bytes = static_cast<std::uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  if (!contains(name)) return;
  Headers kept;
  for (std::size_t i = 0; i < size(); ++i) {
    const Field field = (*this)[i];
    if (!equal_ignoring_case(field.name, name)) kept.add(field.name, field.value);
  }
  *this = std::move(kept);
}

void Headers::reserve(std::size_t bytes) {
  constexpr std::size_t usual_field_bytes = 32;
  text_.reserve(bytes);
  entries_.reserve(bytes / usual_field_bytes + 1);
}

void Headers::clear() {
  text_.clear();
  entries_.clear();
}

Headers::Field Headers::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view text = text_;
  return {.name = text.substr(entry.name_at, entry.name_bytes),
          .value = text.substr(entry.value_at, entry.value_bytes)};
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  const std::string_view text = text_;
  for (const Entry& entry : entries_) {
    if (entry.name_bytes == name.size() &&
        equal_ignoring_case(text.substr(entry.name_at, entry.name_bytes), name)) {
      return text.substr(entry.value_at, entry.value_bytes);
    }
  }
  return std::nullopt;
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace dynakeep::http
