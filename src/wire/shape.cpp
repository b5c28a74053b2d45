#include "wire/shape.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace dynakeep::wire {

std::string Path::text() const {
  std::string text;
  for (std::size_t i = 0; i < depth_; ++i) {
    const Step& step = steps_[i];
    if (i > 0) text.push_back('.');
    if (step.index > 0) {
      text += std::to_string(step.index) + ".member";
    } else if (step.is_key) {
      text += std::string(step.name) + ".member";
    } else {
      text += step.name;
      char& initial = text[text.size() - step.name.size()];
      if (initial >= 'A' && initial <= 'Z') initial = static_cast<char>(initial - 'A' + 'a');
    }
  }
  return text;
}

void append_double(std::string& out, double value) {
  std::array<char, 400> text{};  // the longest is 309 digits before the point
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const std::string_view shortest(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
  out += shortest;
  if (shortest.find('.') == std::string_view::npos) out += ".0";
}

void append_time(std::string& out, Time time) {
  const auto micros = time.time_since_epoch().count();
  const bool negative = micros < 0;
  const auto magnitude =
      negative ? ~static_cast<std::uint64_t>(micros) + 1 : static_cast<std::uint64_t>(micros);
  if (negative) out.push_back('-');
  out += std::to_string(magnitude / 1'000'000);
  if (magnitude % 1'000'000 == 0) return;
  std::string fraction = std::to_string(1'000'000 + magnitude % 1'000'000).substr(1);
  fraction.resize(fraction.find_last_not_of('0') + 1);
  out.push_back('.');
  out += fraction;
}

Time time_of(double seconds) {
  // Past what microseconds can say, some 292,000 years, the end of them will do.
  constexpr double micros_max = 9.2e18;
  const double micros = std::round(seconds * 1e6);
  if (!(std::abs(micros) < micros_max)) return micros < 0 ? Time::min() : Time::max();
  return Time(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
}

// ---- reading ----

void Decoder::read(JsonValue from, std::string& to, Place) {
  if (from.type() != JsonType::string) return wrong_type(not_convertible(from, "String"));
  to = from.text();
}

void Decoder::read(JsonValue from, bool& to, Place) {
  if (from.type() != JsonType::boolean) return wrong_type(not_convertible(from, "Boolean"));
  to = from.boolean();
}

void Decoder::read(JsonValue from, std::int32_t& to, Place) {
  // DynamoDB cuts fractions off.
  const JsonType type = from.type();
  using Limits = std::numeric_limits<std::int32_t>;
  const double value =
      type == JsonType::integer || type == JsonType::decimal ? std::trunc(from.decimal()) : 0;
  if ((type != JsonType::integer && type != JsonType::decimal) || value < Limits::min() ||
      value > Limits::max()) {
    return wrong_type(not_convertible(from, "Integer"));
  }
  to = static_cast<std::int32_t>(value);
}

void Decoder::read(JsonValue from, std::int64_t& to, Place) {
  const JsonType type = from.type();
  if (type == JsonType::integer) {
    to = from.integer();
    return;
  }
  const double value = type == JsonType::decimal ? std::trunc(from.decimal()) : 0;
  if (type != JsonType::decimal || !(std::abs(value) < 9.2e18)) {
    return wrong_type(not_convertible(from, "Long"));
  }
  to = static_cast<std::int64_t>(value);
}

void Decoder::read(JsonValue from, double& to, Place) {
  if (from.type() != JsonType::integer && from.type() != JsonType::decimal) {
    return wrong_type(not_convertible(from, "Double"));
  }
  to = from.decimal();
}

void Decoder::read(JsonValue from, Time& to, Place place) {
  double seconds = 0;
  read(from, seconds, place);
  if (!error_) to = time_of(seconds);
}

void Decoder::read(JsonValue from, Item& to, Place place) {
  if (!is_map(from, JavaType<Item>::name, place)) return;
  ValueProblem problem;
  std::string encoded = decode_attributes(from, problem);
  if (!problem.wrong_type.empty()) return wrong_type(std::move(problem.wrong_type));
  to = problem.refusal ? ItemAccess::refused(*problem.refusal)
                       : ItemAccess::from_encoded(std::move(encoded));
}

void Decoder::read(JsonValue from, std::vector<std::optional<Item>>& to, Place place) {
  if (!is_list(from, place)) return;
  to.clear();
  for (const JsonValue response : from.array()) {
    std::optional<Item>& item = to.emplace_back();
    if (!is_structure(response, "ItemResponse", Place::element)) return;
    for (const auto& [key, value] : response.object()) {
      if (key == "Item" && !value.is_null()) read(value, item, Place::field);
      if (error_) return;
    }
  }
}

void Decoder::read_range(JsonValue from, double& lower, double& upper) {
  std::vector<double> bounds;
  read(from, bounds, Place::field);
  if (error_ || bounds.size() != 2) return;
  lower = bounds[0];
  upper = bounds[1];
}

void Decoder::refuse_unsupported(std::string_view name) {
  error_ = Error::validation("The parameter " + std::string(name) + " is not supported");
}

bool Decoder::is_structure(JsonValue from, std::string_view shape, Place place) {
  const JsonType type = from.type();
  if (type == JsonType::object) return true;
  if (type == JsonType::array) {
    wrong_type(
        unrecognized_collection("class com.amazonaws.dynamodb.v20120810." + std::string(shape)));
  } else {
    wrong_type(std::string(place == Place::field ? unexpected_field_type : unexpected_value_type));
  }
  return false;
}

bool Decoder::is_list(JsonValue from, Place place) {
  const JsonType type = from.type();
  if (type == JsonType::array) return true;
  wrong_type(std::string(type == JsonType::object ? unexpected_structure
                         : place == Place::field  ? unexpected_field_type
                                                  : unexpected_member_type));
  return false;
}

bool Decoder::is_map(JsonValue from, std::string (*java_type)(), Place place) {
  const JsonType type = from.type();
  if (type == JsonType::object) return true;
  wrong_type(type == JsonType::array ? unrecognized_collection(java_type())
                                     : std::string(place == Place::field ? unexpected_field_type
                                                                         : unexpected_member_type));
  return false;
}

// ---- writing ----

void Encoder::write(const Item& from) {
  if (append_attributes(out_, from)) return;
  out_ += "{}";
  if (!refusal_) refusal_ = ItemAccess::refusal(from);
}

void Encoder::write(const std::vector<std::optional<Item>>& from) {
  out_.push_back('[');
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (i > 0) out_.push_back(',');
    out_.push_back('{');
    if (from[i]) {
      out_ += R"("Item":)";
      write(*from[i]);
    }
    out_.push_back('}');
  }
  out_.push_back(']');
}

void Encoder::write_word(std::string_view word) { base::append_json_string(out_, word); }

std::string_view Encoder::unknown_word() const {
  if (unknown_words_ == nullptr || unknown_words_->empty()) return {};
  const std::string here = path_.text();
  for (const UnknownWord& unknown : *unknown_words_) {
    if (unknown.field == here) return unknown.word;
  }
  return {};
}

}  // namespace dynakeep::wire
