#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/table.h"

// The layout of Amazon's exports to S3, in a folder (Amazon DynamoDB Developer Guide, "DynamoDB
// table export output format"):
//
//   AWSDynamoDB/<export id>/manifest-summary.json  manifest-summary.md5
//                           manifest-files.json    manifest-files.md5
//                           data/<name>.json.gz
namespace dynakeep::transfer {

struct DataFile {
  std::string name = {};  // in the folder data
  std::uint64_t items = 0;
  std::string md5 = {};  // 16 bytes, of the file as it is
};

struct ExportedFiles {
  std::string folder = {};  // of this export
  std::vector<DataFile> files = {};
  std::uint64_t items = 0;

  std::string path_of(const DataFile& file) const { return folder + "/data/" + file.name; }
};

// The folder of the one export that is at `path`: its own, or one that has it below. Folders whose
// names end in .partial are passed over. invalid_argument: there is none, or more than one.
Result<std::string> find_export(const std::string& path);

// What the manifests of an export say. serialization: they are damaged, or are not as their sums
// say, where sums are there; unsupported: the export is in another format than DynamoDB JSON.
Result<ExportedFiles> read_manifests(const std::string& folder);
// The same of their texts: the summary, and a line for each file.
Result<ExportedFiles> parse_manifests(const std::string& folder, std::string_view summary,
                                      std::string_view lines);

// Reads all of them. serialization: one is not what the manifest says.
Result<void> check_sums(const ExportedFiles& exported, const std::stop_token& stop);

// A folder of an export that is being written. It has its name when it is finished; if it is not,
// it is removed.
class ExportFolder {
 public:
  // Makes AWSDynamoDB/<id>.partial below `root`, and what is missing above it.
  static Result<ExportFolder> create(const std::string& root, const TableDescription& table,
                                     Time started);
  ExportFolder(ExportFolder&& other) noexcept;
  ExportFolder& operator=(ExportFolder&&) = delete;
  ~ExportFolder();

  std::string data_path(std::string_view name) const {
    return partial_ + "/data/" + std::string(name);
  }

  // A file beside the manifests.
  Result<void> write_file(std::string_view name, std::string_view text) const;

  // Writes the manifests and gives the folder its name, which is returned.
  Result<std::string> finish(const std::vector<DataFile>& files, Time ended);

 private:
  ExportFolder(std::string root, std::string id, const TableDescription& table, Time started);

  std::string root_;
  std::string id_;
  std::string partial_;  // empty once it is done with
  std::string table_arn_;
  std::string table_id_;
  Time started_;
};

bool file_exists(const std::string& path);
// internal_server_error: it cannot be read; serialization: it is longer than that.
Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

}  // namespace dynakeep::transfer
