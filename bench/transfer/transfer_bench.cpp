// How fast a table goes into files and back, in the process, on disk:
//
//   transfer_bench [ITEMS]      250,000 if left out, of about 400 bytes
//
// A line for each way: its name, items a second, megabytes of text a second, and the most memory
// that the process had meanwhile, database and all.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <unistd.h>

#include "dynakeep/embedded.h"
#include "dynakeep/transfer/export.h"
#include "dynakeep/transfer/import.h"

namespace dynakeep {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  static const fs::path path =
      fs::temp_directory_path() / ("dynakeep-bench-transfer-" + std::to_string(getpid()));
  return path;
}

std::unique_ptr<Database> open_empty(const char* name, Durability durability) {
  auto database =
      open_embedded({.path = (folder() / name).string(), .durability = durability}).value();
  database
      ->create_table(
          {.table_name = "Songs",
           .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string}},
           .key_schema = KeySchema{{"name", KeyType::hash}},
           .billing_mode = BillingMode::pay_per_request})
      .value();
  return database;
}

std::string name_of(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "song-%010d", number);
  return text;
}

void fill(Database& database, int items) {
  for (int i = 0; i < items; ++i) {
    database
        .put_item({.table_name = "Songs",
                   .item = Item{{"name", name_of(i)},
                                {"title", "Feeling Good"},
                                {"album", "I Put a Spell on You"},
                                {"plays", i},
                                {"live", false},
                                {"tags", StringSet{"jazz", "soul", "vocal"}},
                                {"home", AttributeMap{{"city", "Tryon"}, {"year", 1933}}},
                                {"notes", std::string(260, 'n') + std::to_string(i * 7919)}}})
        .value();
  }
}

// From here on.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    double kilobytes = 0;
    status >> kilobytes;
    return kilobytes / 1024;
  }
  return 0;
}

double seconds_of(const auto& work) {
  forget_peak();
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

void tell(const std::string& name, std::uint64_t items, std::uint64_t text_bytes, double seconds) {
  std::printf(R"({"name":"%s","items":%.0f,"megabytes":%.1f,"peak":%.0f})"
              "\n",
              name.c_str(), static_cast<double>(items) / seconds,
              static_cast<double>(text_bytes) / 1e6 / seconds, peak_megabytes());
  std::fflush(stdout);
}

std::uint64_t measure_export(Database& database, const std::string& name, ExportRequest request) {
  request.table = "Songs";
  ExportSummary summary;
  const double seconds = seconds_of([&] { summary = export_table(database, request).value(); });
  tell("export, " + name, summary.items, summary.text_bytes, seconds);
  return summary.text_bytes;
}

void measure_import(Database& database, const std::string& name, const std::string& path,
                    std::uint64_t text_bytes) {
  ImportSummary summary;
  const double seconds =
      seconds_of([&] { summary = import_table(database, {.table = "Songs", .paths = {path}}); });
  if (summary.ending != ImportEnding::complete || summary.rejected > 0) std::abort();
  tell("import, " + name, summary.written, text_bytes, seconds);
}

void run(int items) {
  const auto source = open_empty("source", Durability::none);
  fill(*source, items);
  const auto path = [](const char* name) { return (folder() / name).string(); };
  const std::uint64_t lines = measure_export(*source, "DynamoDB JSON", {.file = path("lines")});
  measure_export(*source, "DynamoDB JSON in gzip",
                 {.file = path("gzip"), .compression = Compression::gzip});
  measure_export(*source, "DynamoDB JSON in zstd",
                 {.file = path("zstd"), .compression = Compression::zstd});
  measure_export(*source, "Amazon's layout", {.folder = path("folder")});
  const std::uint64_t json =
      measure_export(*source, "JSON", {.file = path("json"), .format = LineFormat::json});
  const std::uint64_t csv =
      measure_export(*source, "CSV", {.file = path("csv"), .format = LineFormat::csv});

  const auto import_into = [&](const char* name, const char* from, std::uint64_t bytes,
                               Durability durability) {
    {
      const auto database = open_empty("target", durability);
      measure_import(*database, name, path(from), bytes);
    }
    fs::remove_all(folder() / "target");
  };
  import_into("DynamoDB JSON", "lines", lines, Durability::none);
  import_into("DynamoDB JSON, synced", "lines", lines, Durability::synced);
  import_into("DynamoDB JSON in gzip", "gzip", lines, Durability::none);
  import_into("DynamoDB JSON in zstd", "zstd", lines, Durability::none);
  import_into("JSON", "json", json, Durability::none);
  import_into("CSV", "csv", csv, Durability::none);
}

}  // namespace
}  // namespace dynakeep

int main(int count, char** arguments) {
  const int items = count > 1 ? std::atoi(arguments[1]) : 250'000;
  std::filesystem::create_directories(dynakeep::folder());
  dynakeep::run(items);
  std::filesystem::remove_all(dynakeep::folder());
}
