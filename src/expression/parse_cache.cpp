#include "expression/parse_cache.h"

#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "expression/parser.h"

namespace dynakeep::expression {
namespace {

using SharedTree = std::shared_ptr<const Tree>;

struct Key {
  Kind kind = Kind::condition;
  std::string_view text = {};  // points into the tree that the key leads to, except in lookups
  friend bool operator==(const Key&, const Key&) = default;
};

std::size_t hash_of(const Key& key) {
  return std::hash<std::string_view>()(key.text) + static_cast<std::size_t>(key.kind) * 0x9E3779B9u;
}

// One share of the cache. Two generations stand in for an order of last use: what is asked for
// moves to the young one, and when that is full the old one, which nobody asked for since, is
// dropped.
class Shard {
 public:
  SharedTree find(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = young_.find(key); found != young_.end()) return found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return nullptr;
    SharedTree tree = found->second;
    old_.erase(found);
    insert(tree);
    return tree;
  }

  void keep(const SharedTree& tree) {
    const std::lock_guard lock(mutex_);
    insert(tree);
  }

 private:
  // Bound what a generation holds, in trees and in bytes of their texts (a tree takes some tens of
  // bytes for each), so that hostile texts cannot fill the memory.
  static constexpr std::size_t trees_max = 128;
  static constexpr std::size_t text_bytes_max = 32 * 1024;

  struct Hash {
    std::size_t operator()(const Key& key) const { return hash_of(key); }
  };
  using Generation = std::unordered_map<Key, SharedTree, Hash>;

  void insert(const SharedTree& tree) {
    if (young_.size() >= trees_max || young_bytes_ + tree->text.size() > text_bytes_max) {
      old_ = std::exchange(young_, {});
      young_bytes_ = 0;
    }
    if (young_.try_emplace(Key{tree->kind, tree->text}, tree).second) {
      young_bytes_ += tree->text.size();
    }
  }

  std::mutex mutex_;  // guards all below
  Generation young_;
  Generation old_;
  std::size_t young_bytes_ = 0;
};

Shard& shard_of(const Key& key) {
  static std::array<Shard, 16> shards;
  // The top bits: the maps within use the low ones.
  return shards[(hash_of(key) >> 48) % shards.size()];
}

}  // namespace

Result<SharedTree> parse_cached(Kind kind, std::string_view text) {
  Shard& shard = shard_of({kind, text});
  if (SharedTree found = shard.find({kind, text})) return found;
  // Two threads may both parse a new text; either tree will do.
  auto tree = std::make_shared<const Tree>(TRY(parse(kind, text)));
  shard.keep(tree);
  return SharedTree(std::move(tree));
}

}  // namespace dynakeep::expression
