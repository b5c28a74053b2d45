#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "dynakeep/transfer/import.h"

namespace dynakeep::app {

// What an import did not take: the lines as they stand in one file, to be put right and imported,
// and where each comes from and why in another, which is named after it with ".reasons". The first
// few are told on stderr, too.
class ImportRejects {
 public:
  struct Sizes {
    std::uint64_t lines = 0;    // bytes
    std::uint64_t reasons = 0;  // likewise
  };

  // `path` empty: nothing is kept. Begins anew, or behind what another import left there.
  static Result<ImportRejects> open(const std::string& path, const Sizes& behind);

  // False: it could not be kept, as failure() says.
  bool add(const RejectedLine& line);
  // On the disk.
  Result<Sizes> sync();

  const std::string& failure() const { return failure_; }
  // How many were not told on stderr.
  std::uint64_t untold() const { return untold_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  static Result<File> open_at(const std::string& path, std::uint64_t size);

  std::string path_;
  File lines_;
  File reasons_;
  std::string failure_;
  std::uint64_t told_ = 0;
  std::uint64_t untold_ = 0;
};

}  // namespace dynakeep::app
