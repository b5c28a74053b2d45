#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dynakeep/transfer/format.h"

// What `dynakeep export` and `dynakeep import` share.
namespace dynakeep::app {

inline const std::map<std::string, LineFormat> line_formats = {
    {"dynamodb-json", LineFormat::dynamodb_json},
    {"json", LineFormat::json},
    {"csv", LineFormat::csv}};

std::vector<CsvColumn> columns_of(const std::vector<std::string>& texts);

// How fast long work is, and how long it will take: "84.2 MB/s, 12 s left".
class Pace {
 public:
  // `part` of 0 to 1 is done; 0 is not known.
  std::string text(std::uint64_t bytes, double part) const;
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// "1.2 MB".
std::string megabytes(std::uint64_t bytes);

}  // namespace dynakeep::app
