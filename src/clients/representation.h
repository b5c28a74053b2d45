#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clients/versioned_collections.h"
#include "http/message.h"

// JSON of the service, both ways. What cannot be read is an error `unavailable`: the server, or
// something before it, talks about something else.
namespace dynakeep::clients {

// What a handle knows of a collection or an entry.
struct Resource {
  std::string application = {};
  std::string user = {};
  std::string collection = {};  // ids
  std::string entry = {};
  std::optional<std::string> name = {};
  std::optional<JsonDocument> value = {};
  Millis version = 0;
  std::optional<std::int64_t> revision = {};
  std::optional<std::string> deleted_at = {};
  std::optional<Millis> restored_from = {};
  std::string by = {};
  std::string comment = {};

  bool is_entry() const { return !entry.empty(); }
  const std::string& id() const { return is_entry() ? entry : collection; }
  // Takes over what `newer`, of the same resource, says.
  void become(Resource newer);
};

VersionRecord record_of(Resource resource);

Error nonsense(std::string_view what);

// {"meta": {…}, "name": …, "value": …}, and an array of such.
Result<Resource> read_resource(const JsonDocument& json);
Result<std::vector<Resource>> read_resources(std::string_view body);

// An object of a history.
Result<VersionRecord> read_record(const JsonDocument& json);
Result<HistoryPage> read_history(std::string_view body);
Result<PurgeReport> read_purge_report(std::string_view body);
Result<RestoreReport> read_restore_report(std::string_view body);
Result<VersionDifference> read_difference(std::string_view body);
Result<CollectionsCapabilities> read_capabilities(std::string_view body);
// Nothing if there are no results in it: the answer is a refusal.
std::optional<std::vector<BatchOutcome>> read_outcomes(std::string_view body);

struct ReadChanges {
  std::vector<Resource> entries = {};
  Millis next = 0;
};
Result<ReadChanges> read_changes(std::string_view body);

// ---- on the way out ----

// The value's text, or invalid_argument if it is no JSON.
Result<std::string_view> json_of(const JsonInput& value);

// ,"name":…,"value":… as far as the update has them; null for what is cleared.
Result<std::string> members_of(const EntryUpdate& content);
Result<std::string> body_of(const EntryUpdate& content);
std::string body_of(const NewCollection& collection);
Result<std::string> body_of(const PurgeRequest& request);
// "version":…, "revision":… or "at":…; first and last are none of these.
std::string members_of(VersionReference version);
// "1561561561000", "r3", "first" or "last"; nothing for a time.
std::optional<std::string> text_of(VersionReference version);
Result<std::string> body_of(const std::vector<BatchOperation>& operations, bool atomic);

}  // namespace dynakeep::clients
