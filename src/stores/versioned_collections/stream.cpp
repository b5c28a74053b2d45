#include <algorithm>
#include <utility>

#include "dynakeep/pages.h"
#include "stores/versioned_collections/table_collections.h"
#include "stores/versioned_collections/texts.h"

// Lists of any length. They are sorted by version and the tables are not; so one pass notes what
// there is, and contents are read afterwards, in that order. A version's content never changes.
namespace dynakeep::collections {
namespace {

constexpr std::size_t held_bytes_max = 1 << 20;  // up to here, what the pass reads is kept
constexpr std::size_t piece_bytes = 256 << 10;
constexpr std::size_t piece_items_max = 200;

}  // namespace

class TableCollections::Stream final : public ResourceStream {
 public:
  Stream(const TableCollections& store, Scope scope) : store_(store), scope_(std::move(scope)) {}

  Result<void> note_all(const ReadOptions& options) {
    const auto note = [&](ResourceVersion&& shown) {
      const std::string key = scope_.key_of(shown.path);
      places_.push_back({.version = shown.version,
                         .key_at = keys_.size(),
                         .key_bytes = static_cast<std::uint32_t>(key.size()),
                         .bytes = static_cast<std::uint32_t>(bytes_of(shown)),
                         .deleted = shown.is_deleted()});
      keys_ += key;
      bytes_ += places_.back().bytes;
      if (bytes_ <= held_bytes_max) {
        held_.push_back(std::move(shown));
      } else {
        held_ = {};
      }
      return true;
    };
    incomplete_ = TRY(store_.walk({.scope = scope_, .options = options}, note)).incomplete;
    const auto by_version = [](const auto& a, const auto& b) { return a.version < b.version; };
    std::stable_sort(places_.begin(), places_.end(), by_version);
    std::stable_sort(held_.begin(), held_.end(), by_version);
    return {};
  }

  Result<std::vector<ResourceVersion>> next() override {
    if (bytes_ <= held_bytes_max) return std::exchange(held_, {});
    std::vector<ResourceVersion> piece;
    while (piece.empty() && next_ < places_.size()) piece = TRY(read_piece());
    return piece;
  }

  bool incomplete() const override { return incomplete_; }

  std::string fingerprint() const override {
    std::string all;
    for (const Place& place : places_) {
      all += key_of(place);
      all += place.deleted ? 'd' : ' ';
    }
    return sha256_hex(all);
  }

 private:
  // A version that the list shows.
  struct Place {
    Millis version = 0;
    std::size_t key_at = 0;  // of its resource, in keys_
    std::uint32_t key_bytes = 0;
    std::uint32_t bytes = 0;
    bool deleted = false;
  };

  std::string key_of(const Place& place) const {
    return keys_.substr(place.key_at, place.key_bytes) + "#" + std::to_string(place.version);
  }

  Result<std::vector<ResourceVersion>> read_piece() {
    const TableKeys& table = scope_.entries ? store_.layout_.entries : store_.layout_.collections;
    const std::size_t first = next_;
    std::vector<Key> keys;
    std::size_t bytes = 0;
    while (next_ < places_.size() && keys.size() < piece_items_max && bytes < piece_bytes) {
      const Place& place = places_[next_++];
      keys.push_back(Key{{table.partition, scope_.partition}, {table.sort, key_of(place)}});
      bytes += place.bytes;
    }
    const auto rows = TRY(get_items(store_.database_, table.table, keys,
                                    {.consistent_read = store_.options_.consistent_reads}));
    std::vector<ResourceVersion> piece;
    piece.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i]) continue;
      auto version = to_version(store_.layout_, scope_.entries, scope_.slugs.application, *rows[i]);
      if (!version) continue;
      // Deleted since, or after the time that is asked for.
      if (!places_[first + i].deleted) version->deleted_at.reset();
      piece.push_back(std::move(*version));
    }
    return piece;
  }

  const TableCollections& store_;
  const Scope scope_;
  std::vector<Place> places_;
  std::string keys_;
  std::size_t bytes_ = 0;
  std::vector<ResourceVersion> held_;
  std::size_t next_ = 0;
  bool incomplete_ = false;
};

Result<std::unique_ptr<ResourceStream>> TableCollections::stream(Scope scope,
                                                                 const ReadOptions& options) const {
  auto stream = std::make_unique<Stream>(*this, std::move(scope));
  TRY(stream->note_all(options));
  return std::unique_ptr<ResourceStream>(std::move(stream));
}

Result<std::unique_ptr<ResourceStream>> TableCollections::stream_collections(
    std::string_view application, std::optional<std::string_view> user,
    const ReadOptions& options) {
  return stream(TRY(scope_of(application, user)), options);
}

Result<std::unique_ptr<ResourceStream>> TableCollections::stream_entries(
    const ResourcePath& collection, const ReadOptions& options) {
  return stream(TRY(scope_of(collection)), options);
}

}  // namespace dynakeep::collections
