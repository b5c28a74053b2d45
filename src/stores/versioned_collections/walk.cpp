#include <utility>

#include "stores/versioned_collections/table_collections.h"

// What lists are made of: one pass over the versions of a scope, resource by resource.
namespace dynakeep::collections {
namespace {

constexpr const char* above_all_keys = "\xF4\x8F\xBF\xBF";  // U+10FFFF

// Past so many versions a resource is read no further: its newest is asked for alone, and the pass
// goes on behind it.
constexpr std::int32_t rows_before_jump = 20;
// Behind one long history there are often others, of which a whole page would be read in vain. So
// a query's rows are few after a jump, and more each time that none follows.
constexpr std::int32_t rows_after_jump = rows_before_jump + 1;
constexpr std::int32_t rows_growth = 4;
constexpr std::int32_t rows_bounded_max = 2000;  // past them a query's bytes are bound enough

}  // namespace

RowRange TableCollections::Scope::range() const {
  if (!user) return {};
  return {.low = *user + "#", .high = *user + "$"};
}

std::string TableCollections::Scope::key_of(const ResourcePath& path) const {
  return entries ? path.entry : path.user + "#" + path.collection;
}

class TableCollections::Walker {
 public:
  Walker(const TableCollections& store, const Walk& walk, const Take& take)
      : store_(store),
        walk_(walk),
        take_(take),
        every_version_(walk.options.filter == VersionFilter::all) {}

  Result<Walked> run() {
    RowRange range = walk_.scope.range();
    range.consistent = walk_.consistent || store_.options_.consistent_reads;
    range.page_rows = walk_.rows_a_query;
    // Behind all versions of a resource, or behind one: '!' comes before any digit, '$' after '#'.
    if (!walk_.after.empty()) go_on_at(range, walk_.after + (every_version_ ? "!" : "$"));

    while (range.high.empty() || range.low <= range.high) {
      switch (TRY(read(range))) {
        case Pause::stopped:
          walked_.finished = false;
          return std::move(walked_);
        case Pause::none:
          TRY(end_resource());
          return std::move(walked_);
        case Pause::long_history:
          if (!TRY(jump(range.consistent))) {
            walked_.finished = false;
            return std::move(walked_);
          }
          go_on_at(range, key_ + "$");
          range.page_rows = rows_after_jump;
          break;
        case Pause::few_rows:
          go_on_at(range, last_row_ + "!");
          range.page_rows = *range.page_rows * rows_growth;
          if (*range.page_rows > rows_bounded_max) range.page_rows = walk_.rows_a_query;
          break;
      }
    }
    return std::move(walked_);
  }

 private:
  enum class Pause : std::uint8_t {
    none,          // there is nothing more
    stopped,       // `take` has enough
    long_history,  // of the resource
    few_rows,      // as many as were asked for after a jump
  };

  static void go_on_at(RowRange& range, std::string low) {
    range.low = std::move(low);
    if (range.high.empty()) range.high = above_all_keys;
  }

  Result<Pause> read(const RowRange& range) {
    const bool is_bounded = range.page_rows != walk_.rows_a_query;
    std::int32_t rows = 0;
    Pause pause = Pause::none;
    TRY(store_.reader_.visit(
        walk_.scope.entries, walk_.scope.slugs.application, walk_.scope.partition, range,
        [&](ResourceVersion&& version) -> Result<bool> {
          pause = TRY(see(std::move(version)));
          if (pause == Pause::none && is_bounded && ++rows == range.page_rows) {
            pause = Pause::few_rows;
          }
          return pause == Pause::none;
        }));
    return pause;
  }

  Result<Pause> see(ResourceVersion&& version) {
    TRY(count(version));
    std::string key = walk_.scope.key_of(version.path);
    if (!in_resource_ || key != key_) {
      if (!TRY(end_resource())) return Pause::stopped;
      key_ = std::move(key);
      path_ = version.path;
      in_resource_ = true;
      rows_ = 0;
      was_there_ = false;
    }
    last_row_ = key_ + "#" + std::to_string(version.version);
    const bool is_later = walk_.options.at && version.version > *walk_.options.at;
    if (every_version_) {
      if (is_later) return Pause::none;
      was_there_ = true;
      walked_.last_key = last_row_;
      return show(std::move(version)) && bytes_ < walk_.bytes_wanted ? Pause::none : Pause::stopped;
    }
    if (!is_later) {
      was_there_ = true;
      candidate_ = std::move(version);
    }
    return ++rows_ == rows_before_jump ? Pause::long_history : Pause::none;
  }

  // To the newest version of the resource. Whether to go on behind it.
  Result<bool> jump(bool consistent) {
    candidate_ = TRY(
        store_.reader_.newest(resource_at(store_.layout_, path_), consistent, walk_.options.at));
    was_there_ = candidate_.has_value();
    if (candidate_) TRY(count(*candidate_));
    return end_resource();
  }

  // Whether to go on.
  Result<bool> end_resource() {
    if (!in_resource_) return true;
    in_resource_ = false;
    if (walk_.options.at && !was_there_) {
      // Either it did not exist yet, or what it was has been purged.
      if (!floored_) floored_ = TRY(store_.reader_.floored(walk_.scope.heads_partition()));
      if (floored_->contains(key_)) walked_.incomplete = true;
    }
    if (every_version_) return true;
    walked_.last_key = key_;
    if (!candidate_) return bytes_ < walk_.bytes_wanted;
    const bool more = show(std::move(*candidate_));
    candidate_.reset();
    return more && bytes_ < walk_.bytes_wanted;
  }

  Result<void> count(const ResourceVersion& version) {
    bytes_ += bytes_of(version);
    if (bytes_ <= store_.options_.list_bytes_max) return {};
    return Error(ErrorCode::limit_exceeded, "The list would read more than " +
                                                std::to_string(store_.options_.list_bytes_max) +
                                                " bytes");
  }

  // Whether more is wanted.
  bool show(ResourceVersion&& version) const {
    const ReadOptions& options = walk_.options;
    if (options.at) show_as_of(version, *options.at);
    if (options.filter == VersionFilter::latest && version.is_deleted()) return true;
    if (options.name && version.name != options.name) return true;
    return take_(std::move(version));
  }

  const TableCollections& store_;
  const Walk& walk_;
  const Take& take_;
  const bool every_version_;

  Walked walked_;
  std::size_t bytes_ = 0;
  std::string last_row_;  // its sort key
  std::optional<std::set<std::string, std::less<>>> floored_;
  // The resource whose versions are being read.
  bool in_resource_ = false;
  std::string key_;
  ResourcePath path_;
  std::int32_t rows_ = 0;
  bool was_there_ = false;                    // at the time that is asked for
  std::optional<ResourceVersion> candidate_;  // the newest so far
};

Result<TableCollections::Walked> TableCollections::walk(const Walk& walk, const Take& take) const {
  return Walker(*this, walk, take).run();
}

}  // namespace dynakeep::collections
