#pragma once

namespace dynakeep::app {

// What the program ends with. Written down in --help: add, never renumber.
enum ExitCode : int {
  exit_done = 0,           // stopped as asked, or the question's answer is yes
  exit_failed = 1,         // anything else, or the answer is no
  exit_misused = 2,        // flags that make no sense, or a file they name that does not
  exit_no_data = 3,        // the data folder or the database cannot be used
  exit_gap = 3,            // of tail, streams and copy, whose database that fails is exit_failed
  exit_no_address = 4,     // the address or port cannot be listened on
  exit_some_rejected = 5,  // done, but for some of what was given
};

}  // namespace dynakeep::app
