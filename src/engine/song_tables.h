#pragma once

#include <string>
#include <utility>

#include "engine/operations/put_item.h"
#include "engine/test_engine.h"

// For unit tests of the engine: tables, one of them with every kind of index.
namespace dynakeep::engine {

inline void put(const TestEngine& engine, const std::string& table, Item item) {
  put_item(*engine, {.table_name = table, .item = std::move(item)}).value();
}

// Songs: artist S, year N.
//   byTitle   local: title S; keys only
//   byAlbum   local: album S; whole items
//   byGenre   global: genre S; keys only
//   byRating  global: genre S, rating N; whole items
//   byLabel   global: label S, title S; and the plays
inline Table songs_table() {
  using enum ProjectionType;
  const auto index = [](std::string name, IndexKind kind, KeyAttributes keys,
                        ProjectionType projection, std::vector<std::string> kept) {
    return Index{.name = std::move(name),
                 .kind = kind,
                 .keys = std::move(keys),
                 .projection = {.projection_type = projection},
                 .keeps_all = projection == all,
                 .kept = std::move(kept)};
  };
  const auto sorted_by = [](std::string partition, std::string sort, ScalarType type) {
    return KeyAttributes{
        .partition = std::move(partition), .sort = std::move(sort), .sort_type = type};
  };
  Table table;
  table.name = "Songs";
  table.keys = sorted_by("artist", "year", ScalarType::number);
  const auto text = ScalarType::string;
  table.indexes = {
      index("byTitle", IndexKind::local, sorted_by("artist", "title", text), keys_only,
            {"artist", "title", "year"}),
      index("byAlbum", IndexKind::local, sorted_by("artist", "album", text), all, {}),
      index("byGenre", IndexKind::global, {.partition = "genre"}, keys_only,
            {"artist", "genre", "year"}),
      index("byRating", IndexKind::global, sorted_by("genre", "rating", ScalarType::number), all,
            {}),
      index("byLabel", IndexKind::global, sorted_by("label", "title", text), include,
            {"artist", "label", "plays", "title", "year"}),
  };
  return table;
}

// Plain: id S, and nothing else.
inline Table plain_table() {
  Table table;
  table.name = "Plain";
  table.keys.partition = "id";
  return table;
}

// What a row of a table of complaints expects: DynamoDB's words, and which exception.
template <typename T>
std::string complaint(const Result<T>& result) {
  return result ? "none" : result.error().message();
}

}  // namespace dynakeep::engine
