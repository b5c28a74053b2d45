#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/versioned_collections.h"
#include "table_printer.h"

namespace dynakeep::app {

// A version as an object of JSON on one line: where it is, its number and times, and what it says.
//
//   {"application":…,"user":…,"collection":…,"entry":…,"version":…,"revision":…,"createdAt":…,
//    "deletedAt":…,"restoredFrom":…,"by":…,"message":…,"name":…,"value":…}
//
// What it does not have is left out. The value keeps its digits and the order of its members.
std::string version_json(const ResourceVersion& version);

// Its moment: "2019-06-26T15:06:10.000Z".
std::string moment_of(const ResourceVersion& version);

// "3", or nothing where it is not known.
std::string revision_of(const ResourceVersion& version);

// The table of a list of collections or entries, with a column for deletions if they are shown.
std::vector<Column> list_columns(bool entries, bool with_users, bool with_deleted);
std::vector<std::string> list_cells(const ResourceVersion& version, bool with_users,
                                    bool with_deleted);

// A collection or entry whole, for people: a few lines about it, and its value on several.
void print_version(std::ostream& out, const Terminal& terminal, const ResourceVersion& version);

// "entry 'hello' (01ea…)": how messages call it.
std::string title_of(const ResourceVersion& version);

// The value as a line, empty if there is none: a line break in JSON is always between its tokens,
// and may be a blank as well.
std::string value_on_one_line(const ResourceVersion& version);

// JSON text as `indented` shows it, whatever white space is in it.
std::string indented_value(std::string_view json, const Terminal& terminal);

}  // namespace dynakeep::app
