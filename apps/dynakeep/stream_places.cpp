#include "stream_places.h"

#include <string_view>

#include "complain.h"

namespace dynakeep::app {

namespace {

constexpr std::string_view table_scheme = "table:";

}  // namespace

bool is_table_place(const std::string& place) { return place.starts_with(table_scheme); }

std::string table_of_place(const std::string& place) { return place.substr(table_scheme.size()); }

Result<std::unique_ptr<StreamDeadLetters>> open_dead_letters(const std::string& place,
                                                             Database* database, bool create) {
  if (!is_table_place(place)) return open_stream_dead_letter_file({.path = place});
  return open_stream_dead_letter_table(
      *database, {.table_name = table_of_place(place), .create_if_missing = create});
}

Result<std::unique_ptr<StreamCheckpoints>> open_checkpoints(const std::string& place,
                                                            Database* database, bool create) {
  if (is_table_place(place)) {
    return open_stream_checkpoint_table(*database,
                                        {.table = table_of_place(place), .create = create});
  }
  return open_stream_checkpoint_file({.path = place, .on_fallback = [](const Error& damage) {
                                        warn(damage.message() +
                                             ": going on from the checkpoint before it");
                                      }});
}

}  // namespace dynakeep::app
