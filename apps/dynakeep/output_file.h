#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dynakeep/result.h"

namespace dynakeep::app {

// Text for a file that is there whole or not at all: it is written beside its place, and put there
// when it is done. Without a path it goes to stdout, piece by piece.
//
// Errors are internal_server_error, in one line with what the system says of the file.
class OutputFile {
 public:
  // `path` empty or "-": stdout.
  static Result<OutputFile> open(const std::string& path);

  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  // Without finish() before it, what was written is removed.
  ~OutputFile();

  Result<void> write(std::string_view text);

  // Puts the file into its place, in place of one that is there. What was written is on the disk
  // then.
  Result<void> finish();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  OutputFile(std::string path, std::string temporary, std::FILE* file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
  Error failure(std::string_view what) const;

  std::string path_;       // empty: stdout
  std::string temporary_;  // empty once it is done with
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace dynakeep::app
