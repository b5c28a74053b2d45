#include <algorithm>
#include <utility>

#include "transfer/csv.h"

namespace dynakeep::transfer {

namespace {

// Where in a cell the reader stands.
enum class Place : std::uint8_t { begin, bare, quoted, after_quote };

constexpr std::size_t cells_max = 100'000;

std::string too_long(std::size_t bytes_max) {
  return "longer than " + std::to_string(bytes_max) + " bytes";
}

}  // namespace

CsvReader::CsvReader(ReadAhead& bytes, char delimiter, std::size_t record_bytes_max)
    : bytes_(bytes), delimiter_(delimiter), record_bytes_max_(record_bytes_max) {}

// Cells keep their memory from one record to the next.
CsvCell& CsvReader::cell_at(std::size_t index) {
  if (cells_.size() <= index) cells_.resize(index + 1);
  CsvCell& cell = cells_[index];
  cell.text.clear();
  cell.quoted = false;
  return cell;
}

// To the end of the line in which `at` stands: what is behind it is read as if nothing had been.
Result<CsvRecord> CsvReader::skip_line(CsvRecord record, std::size_t at, std::string problem) {
  record.problem = std::move(problem);
  std::size_t end = bytes_.ahead().find('\n', at);
  while (end == std::string_view::npos) {
    if (bytes_.ahead().size() > record_bytes_max_) {
      bytes_.take(bytes_.ahead().size());
      at = 0;
      record.text = {};
    } else {
      at = bytes_.ahead().size();
    }
    if (!TRY(bytes_.more())) {
      end = bytes_.ahead().size();
      break;
    }
    end = bytes_.ahead().find('\n', at);
  }
  const std::string_view text = bytes_.ahead().substr(0, end);
  taken_ = end < bytes_.ahead().size() ? end + 1 : end;
  if (text.size() <= record_bytes_max_) record.text = text;
  ++line_;
  return record;
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  bytes_.take(taken_);
  taken_ = 0;
  CsvRecord record{.line = line_};
  Place place = Place::begin;
  std::size_t count = 0;  // cells begun
  CsvCell* cell = nullptr;
  std::size_t at = 0;
  while (true) {
    if (at == bytes_.ahead().size()) {
      if (at > record_bytes_max_) {
        return TRY(skip_line(record, at, too_long(record_bytes_max_)));
      }
      if (!TRY(bytes_.more())) {
        if (count == 0) return std::optional<CsvRecord>();
        if (place == Place::quoted) {
          return TRY(skip_line(record, at, "a quote is not closed"));
        }
        break;
      }
    }
    const char next = bytes_.ahead()[at];
    if (count == 0) {
      if (next == '\n' || (next == '\r' && bytes_.ahead().substr(at).starts_with("\r\n"))) {
        bytes_.take(next == '\r' ? 2 : 1);  // an empty line
        record.line = ++line_;
        continue;
      }
      cell = &cell_at(count++);
    }
    switch (place) {
      case Place::begin:
        if (next == '"') {
          cell->quoted = true;
          place = Place::quoted;
          ++at;
          continue;
        }
        place = Place::bare;
        break;
      case Place::bare:
        break;
      case Place::quoted: {
        // Up to what may end it in one step.
        const std::string_view rest = bytes_.ahead().substr(at);
        const std::size_t end = std::min(rest.find('"'), rest.size());
        cell->text.append(rest.substr(0, end));
        for (const char each : rest.substr(0, end)) line_ += each == '\n' ? 1U : 0U;
        at += end;
        if (end < rest.size()) {
          place = Place::after_quote;
          ++at;
        }
        continue;
      }
      case Place::after_quote:
        if (next == '"') {
          cell->text.push_back('"');
          place = Place::quoted;
          ++at;
          continue;
        }
        break;
    }
    // Outside quotes.
    if (next == delimiter_) {
      if (count == cells_max) return TRY(skip_line(record, at, "more than 100,000 cells"));
      cell = &cell_at(count++);
      place = Place::begin;
      ++at;
    } else if (next == '\n') {
      break;
    } else if (next == '\r') {
      // A part of the line end, or at the end of the file.
      if (at + 1 == bytes_.ahead().size()) TRY(bytes_.more());
      const std::string_view rest = bytes_.ahead().substr(at + 1);
      if (!rest.empty() && rest[0] != '\n') {
        return TRY(skip_line(record, at, "a carriage return that ends no line and is not quoted"));
      }
      ++at;
      if (rest.empty()) break;
    } else if (place == Place::after_quote) {
      return TRY(skip_line(record, at, "text behind a closing quote"));
    } else if (next == '"') {
      return TRY(skip_line(record, at, "a quote in a cell that does not begin with one"));
    } else {
      const std::string_view rest = bytes_.ahead().substr(at);
      const char ends[] = {delimiter_, '\n', '\r', '"'};
      const std::size_t end =
          std::min(rest.find_first_of(std::string_view(ends, sizeof ends)), rest.size());
      cell->text.append(rest.substr(0, end));
      at += end;
    }
  }
  std::string_view text = bytes_.ahead().substr(0, at);
  taken_ = at < bytes_.ahead().size() ? at + 1 : at;
  ++line_;
  if (at > record_bytes_max_) {
    record.problem = too_long(record_bytes_max_);
    return record;
  }
  cells_.resize(count);
  if (text.ends_with('\r')) text.remove_suffix(1);
  record.text = text;
  return record;
}

}  // namespace dynakeep::transfer
