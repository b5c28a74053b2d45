#include "stores/user_data/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dynakeep/json_document.h"
#include "stores/user_data/user_item.h"
#include "stores/user_data/values.h"

namespace dynakeep {
namespace user_data {
namespace {

constexpr std::size_t attribute_name_bytes_max = 255;  // of a key
constexpr std::size_t item_bytes_limit = std::size_t{400} * 1024;
constexpr std::chrono::milliseconds default_expiry{900'000};

class Faults {
 public:
  void add(const std::string& fault) { lines_ += (lines_.empty() ? "" : "\n") + fault; }
  void unless(bool holds, const std::string& fault) {
    if (!holds) add(fault);
  }
  template <typename T>
  Result<T> or_else(T value) const {
    if (!lines_.empty()) return refused(lines_);
    return value;
  }

 private:
  std::string lines_;
};

bool is_element(std::string_view name) {
  return std::find(element_attributes.begin(), element_attributes.end(), name) !=
         element_attributes.end();
}

void check_table(const UserTableOptions& table, Faults& faults) {
  faults.unless(!table.name.empty(), "table.name must be given");
  faults.unless(!table.key_attribute.empty(), "table.primaryKeyColumn must not be empty");
  faults.unless(table.key_attribute.size() <= attribute_name_bytes_max,
                "table.primaryKeyColumn may have 255 bytes");
  faults.unless(
      !is_element(table.key_attribute),
      "table.primaryKeyColumn must not be the name of an element: " + table.key_attribute);
  faults.unless(table.pay_per_request || table.read_capacity_units > 0,
                "table.readCapacityUnits must be at least 1");
  faults.unless(table.pay_per_request || table.write_capacity_units > 0,
                "table.writeCapacityUnits must be at least 1");
}

void check_expiry(const UserDataOptions& options, Faults& faults) {
  if (!options.expiry) return;
  const std::string& attribute = options.expiry->attribute;
  faults.unless(
      !attribute.empty() && !is_element(attribute) && attribute != options.table.key_attribute,
      "ttl.attribute must be a name of its own");
  faults.unless(options.expiry->after.count() > 0, "ttl.userSeconds must be at least 1");
}

void check(const UserDataOptions& options, Faults& faults) {
  check_table(options.table, faults);
  check_expiry(options, faults);
  faults.unless(options.session.expires_after.count() >= 0,
                "storedElements.session.expiresAfterSeconds must not be negative");
  faults.unless(options.updated_at || options.save_mode == SaveMode::replace,
                "storedElements.updatedAt must be on, unless saveMode is replace: it tells saves "
                "apart");
  faults.unless(options.attempts_max > 0, "at least one attempt is needed");
  faults.unless(options.item_bytes_max > 0 && options.item_bytes_max <= item_bytes_limit,
                "maxItemBytes must be 1 to 409600");
  faults.unless(options.clock != nullptr, "a clock is needed");
}

}  // namespace

void replace_zero_expiry(UserSessionOptions& session) {
  if (session.expires_after.count() != 0) return;
  base::log(LogLevel::warning, "sessions that expire after 0 seconds expire after 900");
  session.expires_after = default_expiry;
}

Result<UserDataOptions> checked(UserDataOptions options) {
  Faults faults;
  check(options, faults);
  if (options.session.enabled) replace_zero_expiry(options.session);
  return faults.or_else(std::move(options));
}

namespace {

// Reads the members of an upstream configuration, and collects what is wrong with it.
class Reader {
 public:
  Reader(const JsonDocument& configuration, bool as_upstream)
      : root_(configuration), as_upstream_(as_upstream) {}

  Result<UserDataOptions> read() {
    if (!root_.is_object()) return refused("a configuration is an object");
    read_table(object(root_.find("table"), "table"));
    read_marshalling();
    read_elements(object(root_.find("storedElements"), "storedElements"));
    read_ours();
    check(options_, faults_);
    return faults_.or_else(std::move(options_));
  }

 private:
  static const JsonDocument& nothing() {
    static const JsonDocument object = JsonDocument::object();
    return object;
  }

  // The object, or an empty one: if it is not there, and with a complaint if it is no object.
  const JsonDocument& object(const JsonDocument* found, const std::string& name) {
    if (found == nullptr) return nothing();
    if (!found->is_object()) faults_.add(name + " must be an object");
    return found->is_object() ? *found : nothing();
  }

  void read(const JsonDocument& from, const char* name, const std::string& path,
            std::string& value) {
    const JsonDocument* found = from.find(name);
    if (found == nullptr) return;
    faults_.unless(found->is_string(), path + name + " must be text");
    if (found->is_string()) value = found->text();
  }

  void read(const JsonDocument& from, const char* name, const std::string& path, bool& value) {
    const JsonDocument* found = from.find(name);
    if (found == nullptr) return;
    const bool is_boolean = found->kind() == JsonDocument::Kind::boolean;
    faults_.unless(is_boolean, path + name + " must be true or false");
    if (is_boolean) value = found->truth();
  }

  template <std::integral T>
  requires(!std::same_as<T, bool>) void read(const JsonDocument& from, const char* name,
                                             const std::string& path, T& value) {
    const JsonDocument* found = from.find(name);
    if (found == nullptr) return;
    const auto number =
        Number::parse(found->kind() == JsonDocument::Kind::number ? found->text() : "none");
    const auto whole = number ? number->to_int64() : std::nullopt;
    if (whole && std::in_range<T>(*whole)) {
      value = static_cast<T>(*whole);
      return;
    }
    faults_.unless(false, path + name + " must be a whole number" +
                              (std::unsigned_integral<T> ? ", not negative" : ""));
  }

  void read_table(const JsonDocument& table) {
    UserTableOptions& to = options_.table;
    read(table, "name", "table.", to.name);
    read(table, "createTableOnInit", "table.", to.create_if_missing);
    read(table, "primaryKeyColumn", "table.", to.key_attribute);
    read(table, "readCapacityUnits", "table.", to.read_capacity_units);
    read(table, "writeCapacityUnits", "table.", to.write_capacity_units);
    std::string billing = "PROVISIONED";
    read(table, "billingMode", "table.", billing);
    to.pay_per_request = billing == "PAY_PER_REQUEST";
    faults_.unless(to.pay_per_request || billing == "PROVISIONED",
                   "table.billingMode must be PROVISIONED or PAY_PER_REQUEST");
  }

  void read_marshalling() {
    const std::string path = "libraryConfig.marshall.";
    const JsonDocument& library = object(root_.find("libraryConfig"), "libraryConfig");
    const JsonDocument& marshall = object(library.find("marshall"), "libraryConfig.marshall");
    read(marshall, "convertEmptyValues", path, options_.convert_empty);
    read(marshall, "allowImpreciseNumbers", path, options_.allow_imprecise);
  }

  // Whether the element is on, if the configuration says so: true, false, or an object with
  // `enabled`, or any object. Nothing if the element is not mentioned.
  std::optional<bool> enabled(const JsonDocument& elements, const char* name, bool by_default) {
    const JsonDocument* found = elements.find(name);
    if (found == nullptr) return std::nullopt;
    if (found->kind() == JsonDocument::Kind::boolean) return found->truth();
    const std::string path = std::string("storedElements.") + name;
    faults_.unless(found->is_object(), path + " must be true, false or an object");
    // Upstream lays the object over the default one, whose `enabled` then counts.
    bool is_on = !as_upstream_ || by_default;
    if (found->is_object()) read(*found, "enabled", path + ".", is_on);
    return is_on;
  }

  const JsonDocument& details(const JsonDocument& elements, const char* name) {
    const JsonDocument* found = elements.find(name);
    return found != nullptr && found->is_object() ? *found : nothing();
  }

  void read_elements(const JsonDocument& elements) {
    options_.user = enabled(elements, "user", true).value_or(true);
    options_.created_at = enabled(elements, "createdAt", true).value_or(true);
    options_.updated_at = enabled(elements, "updatedAt", true).value_or(true);
    options_.session.enabled = enabled(elements, "session", false).value_or(false);
    options_.history.enabled = enabled(elements, "history", false).value_or(false);
    read_session(details(elements, "session"));
    const JsonDocument* history = elements.find("history");
    if (as_upstream_ && history != nullptr && history->kind() == JsonDocument::Kind::boolean) {
      // The default object is gone, and with it the size and all members.
      options_.history.size.reset();
      options_.history.members.clear();
    }
    read_history(details(elements, "history"));
  }

  void read_session(const JsonDocument& session) {
    const std::string path = "storedElements.session.";
    read(session, "honourNew", path, options_.session.honour_new);
    const JsonDocument* expiry = session.find("expiresAfterSeconds");
    if (expiry == nullptr) return;
    double seconds = -1;
    const std::string& text = expiry->text();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_time =
        expiry->kind() == JsonDocument::Kind::number && seconds >= 0 && seconds <= 1e12;
    faults_.unless(is_time, path + "expiresAfterSeconds must be a number, not negative");
    if (is_time) {
      options_.session.expires_after = std::chrono::milliseconds(std::llround(seconds * 1000));
    }
    replace_zero_expiry(options_.session);
  }

  void read_history(const JsonDocument& history) {
    if (history.find("size") != nullptr) {
      std::size_t size = 0;
      read(history, "size", "storedElements.history.", size);
      options_.history.size = size;
    }
    for (const auto& [name, value] : history.members()) {
      if (name == "size" || name == "enabled") continue;
      if (is_truthy(value)) {
        options_.history.members.insert(name);
      } else {
        options_.history.members.erase(name);
      }
    }
  }

  // As JavaScript has it.
  static bool is_truthy(const JsonDocument& value) {
    switch (value.kind()) {
      case JsonDocument::Kind::null:
        return false;
      case JsonDocument::Kind::boolean:
        return value.truth();
      case JsonDocument::Kind::string:
        return !value.text().empty();
      case JsonDocument::Kind::number: {
        const auto number = Number::parse(value.text());
        return !number || !number->is_zero();
      }
      case JsonDocument::Kind::array:
      case JsonDocument::Kind::object:
        break;
    }
    return true;
  }

  void read_ours() {
    std::string mode = "merge";
    read(root_, "saveMode", "", mode);
    options_.save_mode = mode == "replace"   ? SaveMode::replace
                         : mode == "guarded" ? SaveMode::guarded
                                             : SaveMode::merge;
    faults_.unless(mode == "replace" || mode == "guarded" || mode == "merge",
                   "saveMode must be replace, guarded or merge");
    read(root_, "skipUnchanged", "", options_.skip_unchanged);
    read(root_, "dropUnknown", "", options_.drop_unknown);
    read(root_, "maxItemBytes", "", options_.item_bytes_max);
    read(root_, "trimHistory", "", options_.trim_history);
    read(root_, "application", "", options_.application);
    if (const JsonDocument* ttl = root_.find("ttl")) {
      const JsonDocument& given = object(ttl, "ttl");
      UserExpiryOptions& expiry = options_.expiry.emplace();
      std::int64_t seconds = 0;
      read(given, "attribute", "ttl.", expiry.attribute);
      read(given, "userSeconds", "ttl.", seconds);
      expiry.after = std::chrono::seconds(seconds);
    }
  }

  const JsonDocument& root_;
  bool as_upstream_;
  UserDataOptions options_;
  Faults faults_;
};

}  // namespace
}  // namespace user_data

Result<UserDataOptions> parse_user_data_options(const JsonDocument& configuration,
                                                bool as_upstream) {
  return user_data::Reader(configuration, as_upstream).read();
}

}  // namespace dynakeep
