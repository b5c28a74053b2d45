#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep::services::collections {

// When the entry became what it is: its newest version's number, or the moment of its deletion.
Millis changed_at(const ResourceVersion& entry);

// Changes of a collection's entries, as they were read at one moment: later than `since`, oldest
// first. What is in it is shared by all who asked for no more.
struct ChangePage {
  struct Change {
    Millis time = 0;
    ResourceVersion entry = {};
  };

  std::vector<Change> changes = {};
  // What changed after `since` and not after this is in it. Not the clock's time but two seconds
  // less: until then a server whose clock is behind may still write.
  Millis next = 0;
  Millis read_at = 0;    // by the store's clock
  bool complete = true;  // false: there are later ones
};

// At most `limit` changes and some 256 KiB, but at least one; those of one moment stay together,
// since `since` could not tell them apart.
Result<ChangePage> read_changes(VersionedCollections& store, const ResourcePath& collection,
                                Millis since, std::size_t limit);

// States of entries that somebody was told of, by id, and since when they are so.
struct ToldState {
  StateTag tag = {};
  Millis time = 0;
};
using ToldStates = std::map<std::string, ToldState, std::less<>>;

// Whether it is later than `since` and than what was told. (A read that is not consistent may show
// an older state again.)
bool is_news(const ChangePage::Change& change, Millis since, const ToldStates& told);
bool has_news(const ChangePage& page, Millis since, const ToldStates& told);

}  // namespace dynakeep::services::collections
