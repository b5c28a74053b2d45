#include "transfer/export_sink.h"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "dynakeep/json.h"
#include "dynakeep/transfer/table_definition.h"
#include "transfer/compression.h"
#include "transfer/definition_files.h"
#include "transfer/export_folder.h"
#include "transfer/md5.h"
#include "transfer/partial_file.h"

namespace dynakeep::transfer {

namespace {

// One file, or a function. Each piece is packed by the thread that made it, as a member or frame of
// its own, and written when its turn has come.
class StreamSink final : public ExportSink {
 public:
  StreamSink(const ExportRequest& request, std::optional<PartialFile> file, Compression compression,
             unsigned segments)
      : path_(request.file), write_(request.write), file_(std::move(file)) {
    if (compression == Compression::none) return;
    for (unsigned i = 0; i < segments; ++i) {
      packers_.push_back(std::make_unique<Packer>(compression));
    }
  }

  Result<void> write(unsigned segment, std::string_view text, std::uint64_t /*items*/) override {
    std::string packed;
    if (!packers_.empty()) {
      packers_[segment]->add(text, packed);
      packers_[segment]->finish(packed);
      text = packed;
    }
    const std::scoped_lock lock(writing_);
    written_bytes_ += text.size();
    return file_ ? file_->write(text) : write_(text);
  }

  Result<std::string> finish() override {
    if (file_) TRY(file_->finish());
    return path_;
  }

  std::uint64_t written_bytes() const override { return written_bytes_; }

 private:
  const std::string path_;
  std::vector<std::unique_ptr<Packer>> packers_;  // one for each segment
  std::atomic<std::uint64_t> written_bytes_ = 0;

  std::mutex writing_;
  std::function<Result<void>(std::string_view)> write_;
  std::optional<PartialFile> file_;
};

// Amazon's layout: a data file for each segment.
class FolderSink final : public ExportSink {
 public:
  FolderSink(ExportFolder folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

  Result<void> begin(Database& database, const std::string& table, unsigned segments) {
    const TableDefinition definition = TRY(table_definition(database, table));
    TRY(folder_.write_file(table_file, to_dynamodb_json(definition.table)));
    if (definition.time_to_live_attribute) {
      TRY(folder_.write_file(time_to_live_file,
                             time_to_live_json(table, *definition.time_to_live_attribute)));
    }
    for (unsigned i = 0; i < segments; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "%05u.json.gz", i);
      auto file = TRY(PartialFile::create(folder_.data_path(name)));
      parts_.push_back(std::make_unique<Part>(name, std::move(file)));
    }
    return {};
  }

  Result<void> write(unsigned segment, std::string_view text, std::uint64_t items) override {
    Part& part = *parts_[segment];
    part.data.items += items;
    std::string packed;
    part.packer.add(text, packed);
    return put(part, packed);
  }

  Result<std::string> finish() override {
    std::vector<DataFile> files;
    for (const auto& part : parts_) {
      std::string packed;
      part->packer.finish(packed);
      TRY(put(*part, packed));
      TRY(part->file.finish());
      part->data.md5 = part->md5.digest();
      files.push_back(part->data);
    }
    return folder_.finish(files, clock_.now());
  }

  std::uint64_t written_bytes() const override { return written_bytes_; }

 private:
  struct Part {
    Part(std::string name, PartialFile opened) : file(std::move(opened)) {
      data.name = std::move(name);
    }

    DataFile data = {};
    PartialFile file;
    Packer packer{Compression::gzip};
    Md5 md5 = {};
  };

  Result<void> put(Part& part, std::string_view packed) {
    part.md5.add(packed);
    written_bytes_ += packed.size();
    return part.file.write(packed);
  }

  ExportFolder folder_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Part>> parts_;  // after the folder, which may be removed with them
  std::atomic<std::uint64_t> written_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> open_sink(Database& database, const ExportRequest& request,
                                              const TableDescription& table, unsigned segments,
                                              std::string_view header) {
  if (!request.folder.empty()) {
    auto folder = TRY(ExportFolder::create(request.folder, table, request.clock->now()));
    auto sink = std::make_unique<FolderSink>(std::move(folder), *request.clock);
    TRY(sink->begin(database, table.table_name, segments));
    return std::unique_ptr<ExportSink>(std::move(sink));
  }
  std::optional<PartialFile> file;
  if (!request.file.empty()) file.emplace(TRY(PartialFile::create(request.file)));
  auto sink = std::make_unique<StreamSink>(
      request, std::move(file), request.compression.value_or(Compression::none), segments);
  if (!header.empty()) TRY(sink->write(0, header, 0));
  return std::unique_ptr<ExportSink>(std::move(sink));
}

}  // namespace dynakeep::transfer
