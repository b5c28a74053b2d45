#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dynakeep/database.h"

// What the crash test writes, and what must be true of it at any moment. Each thread of the writer
// owns some songs and some ledgers, and counts its writes to each from 1:
//
//   song     one item, put, updated or deleted; its `turn` is the number of the write that made it
//   so ledger   three items that only transactions write, all with the same `turn`
namespace dynakeep::crash {

constexpr int threads = 4;
constexpr int songs_of_a_thread = 8;
constexpr int ledgers_of_a_thread = 3;
constexpr int items_of_a_ledger = 3;
constexpr std::size_t shards = 3;  // of the table's stream

inline constexpr const char* table_name = "Songs";
inline constexpr const char* by_genre = "by-genre";  // keeps all
inline constexpr const char* by_turn = "by-turn";    // keeps keys only

// Makes the table if there is none.
Result<void> make_table(Database& database);

// Writes until the process is killed. Tells of every write on standard output, a line each, before
// it begins ("begin song 3 17") and once it is answered ("done song 3 17").
int write_until_killed(const std::string& path, std::uint64_t seed);

std::string song_name(int song);
std::string ledger_name(int ledger, int item);

// The genre that a write gives its song; none for some, so that entries come and go.
std::string genre_of(int song, std::int64_t turn);
// Whether this write of a song is its deletion.
bool is_deletion(int song, std::int64_t turn);

}  // namespace dynakeep::crash
