#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/stream_progress.h"

namespace dynakeep {

// Where a consumer keeps how far it has come. What save() was answered for is what the next load()
// gives, after a crash too. Called by one thread at a time; one consumer at a time uses a scope.
class StreamCheckpoints {
 public:
  virtual ~StreamCheckpoints() = default;
  StreamCheckpoints(const StreamCheckpoints&) = delete;
  StreamCheckpoints& operator=(const StreamCheckpoints&) = delete;

  // Nothing but defaults: there is none yet.
  virtual Result<StreamProgress> load(const StreamScope& scope) = 0;
  // All of it or, with an error, what there was.
  virtual Result<void> save(const StreamScope& scope, const StreamProgress& progress) = 0;

 protected:
  StreamCheckpoints() = default;
};

// Gone with the object: for tests, and for programs that read their table anew at every start.
std::unique_ptr<StreamCheckpoints> make_in_memory_stream_checkpoints();

struct StreamCheckpointFileOptions {
  std::string path = {};
  // Both files being damaged, begin anew at the oldest record there is; else that is an error. It
  // never begins at the tip.
  bool begin_anew_if_damaged = false;
  // The file was damaged, and the one of before it is used: some records come again.
  std::function<void(const Error& damage)> on_fallback = {};
  const Clock* clock = &system_clock();
};

// A file for one group and stream, in the format of stream_progress.h. Each write replaces it whole
// (path.tmp, synced, renamed) and keeps the one before as path.prev; path.lock is held as long as
// the object lives.
//
// Refused: invalid_argument where another process holds the lock, where the file is of another
// group, stream or version, or cannot be opened; serialization where it is damaged and so is the
// one before. internal_server_error: the disk; what was there still is.
Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_file(
    StreamCheckpointFileOptions options);

}  // namespace dynakeep
