#include "clients/collections_client.h"

#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "clients/session.h"
#include "dynakeep/clients/versioned_collections.h"
#include "transport/pooled_transport.h"
#include "transport/proxy.h"
#include "transport/url.h"

// The public objects: handles on a session, and what was last heard of.
namespace dynakeep {

using clients::CollectionsSession;
using clients::Resource;

// ---- what is common to collections and entries ----

VersionedResource::VersionedResource(std::shared_ptr<CollectionsSession> session, Resource resource)
    : session_(std::move(session)), resource_(std::make_unique<Resource>(std::move(resource))) {}
VersionedResource::VersionedResource(const VersionedResource& other)
    : session_(other.session_), resource_(std::make_unique<Resource>(*other.resource_)) {}
VersionedResource::VersionedResource(VersionedResource&& other) noexcept = default;
VersionedResource& VersionedResource::operator=(const VersionedResource& other) {
  if (this != &other) *this = VersionedResource(other);
  return *this;
}
VersionedResource& VersionedResource::operator=(VersionedResource&& other) noexcept = default;
VersionedResource::~VersionedResource() = default;

const std::string& VersionedResource::user() const { return resource_->user; }
const std::string& VersionedResource::id() const { return resource_->id(); }
const std::string& VersionedResource::name() const {
  static const std::string none;
  return resource_->name ? *resource_->name : none;
}
Millis VersionedResource::version() const { return resource_->version; }
std::optional<std::int64_t> VersionedResource::revision() const { return resource_->revision; }
const std::optional<std::string>& VersionedResource::deleted_at() const {
  return resource_->deleted_at;
}

Result<void> VersionedResource::refresh(const CollectionsRead& read) {
  CollectionsRead any = read;
  any.filter = VersionFilter::current;
  resource_->become(TRY(session_->get(*resource_, any)));
  return {};
}

Result<HistoryPage> VersionedResource::history(const HistoryRead& read) const {
  return session_->history(*resource_, read);
}
Result<VersionRecord> VersionedResource::version(VersionReference version,
                                                 const CollectionsRead& read) const {
  return session_->version(*resource_, version, read);
}
Result<VersionRecord> VersionedResource::at(Millis time, const CollectionsRead& read) const {
  return session_->version(*resource_, VersionReference::at(time), read);
}
Result<VersionDifference> VersionedResource::diff(VersionReference from, VersionReference to,
                                                  const CollectionsRead& read) const {
  return session_->diff(*resource_, from, to, read);
}
Result<VersionDifference> VersionedResource::diff(const CollectionsRead& read) const {
  return session_->diff(*resource_, {}, VersionReference::last(), read);
}

Result<void> VersionedResource::restore(std::optional<VersionReference> version,
                                        const CollectionsWrite& write) {
  resource_->become(TRY(session_->restore(*resource_, version, write)));
  return {};
}
Result<PurgeReport> VersionedResource::purge(const PurgeRequest& request,
                                             const CollectionsWrite& write) {
  return session_->purge(*resource_, request, write);
}
Result<void> VersionedResource::destroy(const CollectionsWrite& write) {
  resource_->become(TRY(session_->destroy(*resource_, write)));
  return {};
}

// ---- entries ----

RemoteEntry::RemoteEntry(std::shared_ptr<CollectionsSession> session, Resource resource)
    : VersionedResource(std::move(session), std::move(resource)) {}

const std::string& RemoteEntry::collection_id() const { return resource_->collection; }
bool RemoteEntry::has_name() const { return resource_->name.has_value(); }
const JsonDocument* RemoteEntry::value() const {
  return resource_->value ? &*resource_->value : nullptr;
}

Result<void> RemoteEntry::update(const EntryUpdate& update, const CollectionsWrite& write) {
  resource_->become(TRY(session_->update_entry(*resource_, update, write)));
  return {};
}
Result<void> RemoteEntry::merge(const JsonInput& patch, const CollectionsWrite& write) {
  resource_->become(TRY(session_->merge_entry(*resource_, patch, write)));
  return {};
}

BatchOperation BatchOperation::create(NewEntry entry) {
  BatchOperation operation;
  operation.content_ = {.name = std::move(entry.name), .value = std::move(entry.value)};
  return operation;
}
BatchOperation BatchOperation::update(std::string entry_id, EntryUpdate update) {
  BatchOperation operation;
  operation.kind_ = Kind::update;
  operation.entry_id_ = std::move(entry_id);
  operation.content_ = std::move(update);
  return operation;
}
BatchOperation BatchOperation::remove(std::string entry_id) {
  BatchOperation operation;
  operation.kind_ = Kind::remove;
  operation.entry_id_ = std::move(entry_id);
  return operation;
}
BatchOperation BatchOperation::restore(std::string entry_id,
                                       std::optional<VersionReference> version) {
  BatchOperation operation;
  operation.kind_ = Kind::restore;
  operation.entry_id_ = std::move(entry_id);
  operation.version_ = version;
  return operation;
}
BatchOperation& BatchOperation::if_match(Millis version) {
  expected_ = version;
  return *this;
}

// ---- collections ----

RemoteCollection::RemoteCollection(std::shared_ptr<CollectionsSession> session, Resource resource)
    : VersionedResource(std::move(session), std::move(resource)) {}

const std::string& RemoteCollection::application() const { return resource_->application; }

Result<std::vector<RemoteEntry>> RemoteCollection::get(const CollectionsRead& read) const {
  auto page = TRY(session_->list(CollectionsSession::entries_path(*resource_), read));
  std::vector<RemoteEntry> entries;
  entries.reserve(page.items.size());
  for (Resource& each : page.items) entries.push_back(session_->entry(std::move(each)));
  return entries;
}

Result<EntryPage> RemoteCollection::get_page(const CollectionsPageRead& page) const {
  auto got = TRY(session_->list(CollectionsSession::entries_path(*resource_), page.read, page.limit,
                                page.cursor));
  EntryPage entries{.next_cursor = std::move(got.next_cursor)};
  for (Resource& each : got.items) entries.entries.push_back(session_->entry(std::move(each)));
  return entries;
}

Result<RemoteEntry> RemoteCollection::fetch_entry(std::string_view id_or_name,
                                                  const CollectionsRead& read) const {
  return session_->entry(TRY(session_->find_entry(*resource_, id_or_name, read)));
}

Result<RemoteEntry> RemoteCollection::add(const NewEntry& entry,
                                          const CollectionsWrite& write) const {
  return session_->entry(TRY(session_->create_entry(*resource_, entry, write, true)));
}
Result<RemoteEntry> RemoteCollection::get_or_add(const NewEntry& entry,
                                                 const CollectionsWrite& write) const {
  return session_->entry(TRY(session_->create_entry(*resource_, entry, write, false)));
}

Result<void> RemoteCollection::update(const NewCollection& update, const CollectionsWrite& write) {
  resource_->become(TRY(session_->update_collection(*resource_, update, write)));
  return {};
}

Result<BatchResult> RemoteCollection::batch(const std::vector<BatchOperation>& operations,
                                            bool atomic, const CollectionsWrite& write) const {
  return session_->batch(*resource_, operations, atomic, write);
}

Result<RemoteChanges> RemoteCollection::changes(Millis since, const ChangesRead& read) const {
  auto got = TRY(session_->changes(*resource_, since, read));
  RemoteChanges changes{.next = got.next};
  for (Resource& each : got.entries) changes.entries.push_back(session_->entry(std::move(each)));
  return changes;
}

Result<RestoreReport> RemoteCollection::restore_with_entries(Millis at,
                                                             const CollectionsWrite& write) {
  return session_->restore_with_entries(*resource_, at, write);
}

RemoteEntry RemoteCollection::entry(std::string id) const {
  return session_->entry(
      {.user = resource_->user, .collection = resource_->collection, .entry = std::move(id)});
}

// ---- the client ----

Result<CollectionsClient> CollectionsClient::with_key(std::string api_key) const {
  return CollectionsSession::client(std::make_shared<CollectionsSession>(
      TRY(clients::Exchange::create(session_->exchange().endpoint(), std::move(api_key)))));
}

Result<RemoteCollection> CollectionsClient::create(std::string_view user,
                                                   const NewCollection& collection,
                                                   const CollectionsWrite& write) const {
  return session_->collection(TRY(session_->create_collection(user, collection, write, false)));
}
Result<RemoteCollection> CollectionsClient::create_another(std::string_view user,
                                                           const NewCollection& collection,
                                                           const CollectionsWrite& write) const {
  return session_->collection(TRY(session_->create_collection(user, collection, write, true)));
}

namespace {

Result<void> check_user(std::string_view user) {
  if (!user.empty()) return {};
  return Error(ErrorCode::invalid_argument, "A user has a name");
}

Result<CollectionPage> to_collections(CollectionsSession& session,
                                      Result<CollectionsSession::ReadPage> listed) {
  auto got = TRY(std::move(listed));
  CollectionPage page{.next_cursor = std::move(got.next_cursor)};
  for (Resource& each : got.items) page.collections.push_back(session.collection(std::move(each)));
  return page;
}

constexpr const char* all_collections = "/collection";

}  // namespace

Result<std::vector<RemoteCollection>> CollectionsClient::get(const CollectionsRead& read) const {
  return TRY(to_collections(*session_, session_->list(all_collections, read))).collections;
}
Result<std::vector<RemoteCollection>> CollectionsClient::get_by_user(
    std::string_view user, const CollectionsRead& read) const {
  TRY(check_user(user));
  const std::string path = CollectionsSession::collections_path(user);
  return TRY(to_collections(*session_, session_->list(path, read))).collections;
}
Result<CollectionPage> CollectionsClient::get_page(const CollectionsPageRead& page) const {
  return to_collections(*session_,
                        session_->list(all_collections, page.read, page.limit, page.cursor));
}
Result<CollectionPage> CollectionsClient::get_page_by_user(std::string_view user,
                                                           const CollectionsPageRead& page) const {
  TRY(check_user(user));
  const std::string path = CollectionsSession::collections_path(user);
  return to_collections(*session_, session_->list(path, page.read, page.limit, page.cursor));
}

RemoteCollection CollectionsClient::collection(std::string user, std::string id) const {
  return session_->collection({.user = std::move(user), .collection = std::move(id)});
}

Result<CollectionsCapabilities> CollectionsClient::capabilities() const {
  return session_->capabilities();
}

Result<CollectionsClient> CollectionsClient::create(const CollectionsClientOptions& options) {
  auto proxies = TRY(transport::find_proxies(options.proxy, base::process_environment()));
  auto transport =
      TRY(transport::make_pooled_transport({.connections_max = options.connections_max,
                                            .idle_timeout = options.idle_timeout,
                                            .connect_timeout = options.connect_timeout,
                                            .answer_bytes_max = options.answer_bytes_max,
                                            .ca_bundle = options.ca_bundle,
                                            .proxies = std::move(proxies)}));
  return clients::make_collections_client(options, std::move(transport));
}

}  // namespace dynakeep

namespace dynakeep::clients {

CollectionsClient CollectionsSession::client(std::shared_ptr<CollectionsSession> session) {
  return CollectionsClient(std::move(session));
}
RemoteCollection CollectionsSession::collection(Resource resource) {
  return {shared_from_this(), std::move(resource)};
}
RemoteEntry CollectionsSession::entry(Resource resource) {
  return {shared_from_this(), std::move(resource)};
}

Result<CollectionsClient> make_collections_client(const CollectionsClientOptions& options,
                                                  std::unique_ptr<transport::Transport> transport,
                                                  base::Pacing& pacing, const Clock& clock) {
  const auto positive = [](std::chrono::milliseconds time) { return time.count() > 0; };
  if (!positive(options.timeout) || !positive(options.attempt_timeout) ||
      !positive(options.connect_timeout) || options.attempts_max == 0) {
    return Error(ErrorCode::invalid_argument,
                 "A timeout or a number of attempts of nothing leaves no room for a call");
  }
  const transport::Url url = TRY(transport::parse_url(options.base_url));
  if (!url.origin.secure && !transport::is_loopback(url.origin)) {
    base::log(LogLevel::warning, "the API key goes over the network in the clear",
              {{"server", transport::to_string(url.origin)}});
  }
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->origin = url.origin;
  endpoint->base_path = base_path_of(url.target);
  endpoint->transport = std::move(transport);
  endpoint->retry = {.attempts_max = options.attempts_max,
                     .total_timeout = options.timeout,
                     .attempt_timeout = options.attempt_timeout,
                     .asked_wait_max = std::chrono::hours(24)};
  endpoint->user_agent = options.user_agent;
  endpoint->clock = &clock;
  endpoint->pacing = &pacing;
  return CollectionsSession::client(std::make_shared<CollectionsSession>(
      TRY(Exchange::create(std::move(endpoint), options.api_key))));
}

}  // namespace dynakeep::clients
