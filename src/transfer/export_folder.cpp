#include "transfer/export_folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "base/base64.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json_document.h"
#include "transfer/byte_source.h"
#include "transfer/md5.h"
#include "transfer/partial_file.h"

namespace dynakeep::transfer {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view exports_folder = "AWSDynamoDB";
constexpr std::string_view summary_file = "manifest-summary.json";
constexpr std::string_view files_file = "manifest-files.json";
constexpr std::string_view partial_suffix = ".partial";

constexpr std::size_t summary_bytes_max = std::size_t{1} << 20;
constexpr std::size_t files_bytes_max = std::size_t{64} << 20;

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 15U]);
  }
  return text;
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  base::append_base64(text, bytes);
  return text;
}

Error damaged(const std::string& path, const std::string& what) {
  return {ErrorCode::serialization, path + ": " + what};
}

// manifest-summary.md5 of manifest-summary.json.
std::string sum_path(std::string_view manifest) {
  return std::string(manifest.substr(0, manifest.rfind('.'))) + ".md5";
}

Result<std::string> read_manifest(const std::string& folder, std::string_view name,
                                  std::size_t bytes_max) {
  const std::string path = folder + "/" + std::string(name);
  std::string text = TRY(read_small_file(path, bytes_max));
  const std::string sum_file = folder + "/" + sum_path(name);
  if (!file_exists(sum_file)) return text;  // somebody may have copied what matters
  std::string sum = TRY(read_small_file(sum_file, 1024));
  sum.erase(std::min(sum.find_last_not_of(" \t\r\n") + 1, sum.size()));
  const std::string digest = md5_of(text);
  if (sum != base64_of(digest) && sum != hex_of(digest)) {
    return damaged(path, "is not what its sum in " + sum_path(name) + " says");
  }
  return text;
}

const JsonDocument* text_of(const JsonDocument& document, std::string_view name) {
  const JsonDocument* const found = document.find(name);
  return found != nullptr && found->is_string() ? found : nullptr;
}

std::optional<std::uint64_t> count_of(const JsonDocument& document, std::string_view name) {
  const JsonDocument* const found = document.find(name);
  if (found == nullptr || found->kind() != JsonDocument::Kind::number) return std::nullopt;
  const std::string& digits = found->text();
  if (digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(digits);
}

Result<DataFile> data_file_of(const std::string& line, const std::string& path) {
  const auto document = JsonDocument::parse(line);
  if (!document) return damaged(path, document.error().message());
  const JsonDocument* const key = text_of(*document, "dataFileS3Key");
  const JsonDocument* const sum = text_of(*document, "md5Checksum");
  const auto items = count_of(*document, "itemCount");
  if (key == nullptr || sum == nullptr || !items) {
    return damaged(path, "a line is to have dataFileS3Key, md5Checksum and itemCount");
  }
  // A key of a bucket; the file is in the folder beside this manifest and nowhere else.
  DataFile file{.name = key->text().substr(key->text().rfind('/') + 1), .items = *items};
  if (file.name.empty() || file.name == "." || file.name == ".." ||
      file.name.find('\0') != std::string::npos) {
    return damaged(path, "dataFileS3Key '" + key->text() + "' names no file");
  }
  if (!base::append_from_base64(file.md5, sum->text()) || file.md5.size() != 16) {
    return damaged(path, "md5Checksum '" + sum->text() + "' is no MD5 in base64");
  }
  return file;
}

// What is known of an export but not at its beginning, such as an id, told by time and chance.
std::string export_id(const TableDescription& table, Time started) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(started.time_since_epoch()).count();
  char digits[32];
  std::snprintf(digits, sizeof digits, "%014lld", static_cast<long long>(milliseconds));
  const std::string chance =
      md5_of(table.table_arn + table.table_id + digits + std::to_string(::getpid()));
  return std::string(digits) + "-" + hex_of(chance.substr(0, 4));
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const auto file = TRY(open_file(path));
  std::string text;
  std::string block(std::size_t{64} << 10, '\0');
  while (true) {
    const std::size_t count = TRY(file->read(block));
    if (count == 0) return text;
    text.append(block, 0, count);
    if (text.size() > bytes_max) {
      return damaged(path, "is longer than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Result<std::string> find_export(const std::string& path) {
  const auto is_export = [](const fs::path& folder) {
    return folder.extension() != partial_suffix && file_exists((folder / summary_file).string());
  };
  if (is_export(path)) return path;
  std::vector<std::string> found;
  for (const fs::path& folder : {fs::path(path) / exports_folder, fs::path(path)}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (is_export(entry.path())) found.push_back(entry.path().string());
    }
    if (!found.empty()) break;
  }
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return Error(ErrorCode::invalid_argument,
                 path + " holds no export: there is no " + std::string(summary_file));
  }
  std::string names;
  for (const std::string& each : found) names += (names.empty() ? "" : ", ") + each;
  return Error(ErrorCode::invalid_argument, path + " holds several exports, name one: " + names);
}

Result<ExportedFiles> read_manifests(const std::string& folder) {
  const std::string summary = TRY(read_manifest(folder, summary_file, summary_bytes_max));
  return parse_manifests(folder, summary, TRY(read_manifest(folder, files_file, files_bytes_max)));
}

Result<ExportedFiles> parse_manifests(const std::string& folder, std::string_view summary_text,
                                      std::string_view lines) {
  const std::string summary_path = folder + "/" + std::string(summary_file);
  const auto summary = JsonDocument::parse(summary_text);
  if (!summary) return damaged(summary_path, summary.error().message());
  const JsonDocument* const format = text_of(*summary, "outputFormat");
  if (format == nullptr || format->text() != "DYNAMODB_JSON") {
    return Error(ErrorCode::unsupported, summary_path + ": the export is in the format " +
                                             (format == nullptr ? "" : format->text()) +
                                             "; only DYNAMODB_JSON can be read");
  }
  const auto items = count_of(*summary, "itemCount");
  if (!items) return damaged(summary_path, "has no itemCount");

  const std::string files_path = folder + "/" + std::string(files_file);
  ExportedFiles exported{.folder = folder, .items = *items};
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const std::string line(lines.substr(at, end - at));
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    exported.files.push_back(TRY(data_file_of(line, files_path)));
    sum += exported.files.back().items;
  }
  if (sum != exported.items) {
    return damaged(files_path, "its files have " + std::to_string(sum) + " items, and " +
                                   std::string(summary_file) + " says " +
                                   std::to_string(exported.items));
  }
  return exported;
}

Result<void> check_sums(const ExportedFiles& exported, const std::stop_token& stop) {
  std::string block(std::size_t{256} << 10, '\0');
  for (const DataFile& each : exported.files) {
    const std::string path = exported.path_of(each);
    const auto file = TRY(open_file(path));
    Md5 md5;
    while (!stop.stop_requested()) {
      const std::size_t count = TRY(file->read(block));
      if (count == 0) break;
      md5.add(std::string_view(block).substr(0, count));
    }
    if (stop.stop_requested()) return {};
    if (md5.digest() != each.md5) {
      return damaged(path, "is not what its md5Checksum in " + std::string(files_file) + " says");
    }
  }
  return {};
}

// ---- writing ----

ExportFolder::ExportFolder(std::string root, std::string id, const TableDescription& table,
                           Time started)
    : root_(std::move(root)),
      id_(std::move(id)),
      partial_(root_ + "/" + std::string(exports_folder) + "/" + id_ + std::string(partial_suffix)),
      table_arn_(table.table_arn),
      table_id_(table.table_id),
      started_(started) {}

ExportFolder::ExportFolder(ExportFolder&& other) noexcept
    : root_(std::move(other.root_)),
      id_(std::move(other.id_)),
      partial_(std::exchange(other.partial_, {})),
      table_arn_(std::move(other.table_arn_)),
      table_id_(std::move(other.table_id_)),
      started_(other.started_) {}

ExportFolder::~ExportFolder() {
  std::error_code ignored;
  if (!partial_.empty()) fs::remove_all(partial_, ignored);
}

Result<ExportFolder> ExportFolder::create(const std::string& root, const TableDescription& table,
                                          Time started) {
  ExportFolder folder(root, export_id(table, started), table, started);
  std::error_code error;
  fs::create_directories(fs::path(folder.partial_) / "data", error);
  if (error) return Error::internal("cannot make " + folder.partial_ + ": " + error.message());
  return folder;
}

Result<void> ExportFolder::write_file(std::string_view name, std::string_view text) const {
  auto file = TRY(PartialFile::create(partial_ + "/" + std::string(name)));
  TRY(file.write(text));
  return file.finish();
}

Result<std::string> ExportFolder::finish(const std::vector<DataFile>& files, Time ended) {
  const std::string key = std::string(exports_folder) + "/" + id_ + "/";
  std::string lines;
  std::uint64_t items = 0;
  for (const DataFile& file : files) {
    items += file.items;
    lines += JsonDocument::object(
                 {{"itemCount", JsonDocument::number(static_cast<std::int64_t>(file.items))},
                  {"md5Checksum", JsonDocument::string(base64_of(file.md5))},
                  // What S3 calls a file that came in one part.
                  {"etag", JsonDocument::string(hex_of(md5_of(file.md5)) + "-1")},
                  {"dataFileS3Key", JsonDocument::string(key + "data/" + file.name)}})
                 .to_text() +
             "\n";
  }
  const auto text = [](std::string value) { return JsonDocument::string(std::move(value)); };
  const std::string summary =
      JsonDocument::object({{"version", text("2020-06-30")},
                            {"exportArn", text(table_arn_ + "/export/" + id_)},
                            {"startTime", text(to_iso(started_))},
                            {"endTime", text(to_iso(ended))},
                            {"tableArn", text(table_arn_)},
                            {"tableId", text(table_id_)},
                            {"exportTime", text(to_iso(started_))},
                            {"s3Bucket", text("")},
                            {"s3Prefix", {}},
                            {"s3SseAlgorithm", {}},
                            {"s3SseKmsKeyId", {}},
                            {"manifestFilesS3Key", text(key + std::string(files_file))},
                            {"billedSizeBytes", JsonDocument::number(0)},
                            {"itemCount", JsonDocument::number(static_cast<std::int64_t>(items))},
                            {"outputFormat", text("DYNAMODB_JSON")},
                            {"exportType", text("FULL_EXPORT")}})
          .to_text();
  TRY(write_file(files_file, lines));
  TRY(write_file(sum_path(files_file), base64_of(md5_of(lines))));
  TRY(write_file(sum_path(summary_file), base64_of(md5_of(summary))));
  TRY(write_file(summary_file, summary));  // last: it is what an export is known by
  TRY(sync_folder(partial_ + "/data"));
  const std::string path = root_ + "/" + std::string(exports_folder) + "/" + id_;
  if (std::rename(partial_.c_str(), path.c_str()) != 0) return file_failure("write", path);
  partial_.clear();
  TRY(sync_folder(root_ + "/" + std::string(exports_folder)));
  return path;
}

}  // namespace dynakeep::transfer
