#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/exchange.h"
#include "clients/representation.h"

namespace dynakeep::clients {

// What all handles and copies of one client do their calls with: from a function of the client to
// the requests that it takes, on either kind of server. Thread-safe.
class CollectionsSession : public std::enable_shared_from_this<CollectionsSession> {
 public:
  explicit CollectionsSession(Exchange exchange) : exchange_(std::move(exchange)) {}

  const Exchange& exchange() const { return exchange_; }

  // The public objects, which nobody else can make.
  static CollectionsClient client(std::shared_ptr<CollectionsSession> session);
  RemoteCollection collection(Resource resource);
  RemoteEntry entry(Resource resource);

  Result<CollectionsCapabilities> capabilities();

  // ---- reading ----

  struct ReadPage {
    std::vector<Resource> items = {};
    std::string next_cursor = {};
  };
  // Of the whole list; with a limit, of a page.
  Result<ReadPage> list(const std::string& path, const CollectionsRead& read,
                        std::optional<std::size_t> limit = {}, std::string_view cursor = {});
  // The newest version, or that of a time.
  Result<Resource> get(const Resource& which, const CollectionsRead& read);
  Result<Resource> find_entry(const Resource& collection, std::string_view id_or_name,
                              const CollectionsRead& read);
  Result<HistoryPage> history(const Resource& which, const HistoryRead& read);
  Result<VersionRecord> version(const Resource& which, VersionReference version,
                                const CollectionsRead& read);
  Result<VersionDifference> diff(const Resource& which, std::optional<VersionReference> from,
                                 VersionReference to, const CollectionsRead& read);
  Result<ReadChanges> changes(const Resource& collection, Millis since, const ChangesRead& read);

  // ---- writing ----

  Result<Resource> create_collection(std::string_view user, const NewCollection& collection,
                                     const CollectionsWrite& write, bool always_new);
  Result<Resource> create_entry(const Resource& collection, const NewEntry& entry,
                                const CollectionsWrite& write, bool always_new);
  // What it is then.
  Result<Resource> update_collection(const Resource& which, const NewCollection& update,
                                     const CollectionsWrite& write);
  Result<Resource> update_entry(const Resource& which, EntryUpdate update,
                                const CollectionsWrite& write);
  Result<Resource> merge_entry(const Resource& which, const JsonInput& patch,
                               const CollectionsWrite& write);
  Result<Resource> destroy(const Resource& which, const CollectionsWrite& write);
  Result<Resource> restore(const Resource& which, std::optional<VersionReference> version,
                           const CollectionsWrite& write);
  Result<RestoreReport> restore_with_entries(const Resource& collection, Millis at,
                                             const CollectionsWrite& write);
  Result<PurgeReport> purge(const Resource& which, const PurgeRequest& request,
                            const CollectionsWrite& write);
  Result<BatchResult> batch(const Resource& collection,
                            const std::vector<BatchOperation>& operations, bool atomic,
                            const CollectionsWrite& write);

  static std::string collections_path(std::string_view user);
  static std::string entries_path(const Resource& collection);
  static std::string path_of(const Resource& which);

 private:
  // unsupported unless the server is one of ours: another would pass `what` over.
  Result<void> require_extended(std::string_view what);
  // Puts into the call what the write says. unsupported where the server would pass it over.
  Result<void> put_options(Call& call, const CollectionsWrite& write);
  // The answer to a call of a function that dynamodb-mini's server has not: unsupported if it is
  // empty, as that one answers everything that it does not know.
  Result<http::HttpResponse> send_extended(const Call& call);
  // The resource after the answer to a write.
  Result<Resource> written(const Call& call, const http::HttpResponse& answer, Resource now);
  // All versions, rising, as every server has them.
  Result<std::vector<Resource>> all_versions(const Resource& which, const CollectionsRead& read);

  // The new resource that the answer to a POST is about; nothing if it does not say which.
  Result<std::optional<Resource>> created(const Call& call, const http::HttpResponse& answer,
                                          const Resource& parent, const CollectionsWrite& write);
  // Creates, and finds what was created: `pick` chooses it from the list that follows.
  Result<Resource> create_at(
      Call call, const std::string& list_path, const Resource& parent,
      const CollectionsWrite& write,
      const std::function<const Resource*(const std::vector<Resource>&)>& pick);

  const Exchange exchange_;
  std::mutex mutex_;
  std::optional<CollectionsCapabilities> capabilities_;  // once they were told, or not
  base::Pacing::Moment asked_ = {};
};

}  // namespace dynakeep::clients
