#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/result.h"
#include "spec/json.h"

// Specification files: what DynamoDB answers to what, one behaviour family a file. README.md beside
// this file describes the language.
namespace dynakeep::spec {

// What an answer must be: `ok`, `ok {..}`, `ok has {..}`, or `error Name "message"` with members.
struct Expectation {
  int line = 0;
  std::optional<Json> body = {};  // nothing: whatever it is
  bool partly = false;
  std::string error = {};  // the exception's name; empty: the request succeeds
  std::optional<std::string> message = {};
  bool like = false;  // `message` has * for any text
};

// A request and what comes of it.
struct Step {
  int line = 0;
  std::string behaviour = {};  // the "##" line above it
  std::string operation = {};
  Json body = {};
  std::optional<std::string> raw_body = {};  // sent as it stands
  Expectation expected = {};
  std::string known = {};                  // why we differ; empty: we do not
  std::optional<Expectation> ours = {};    // with `known`: what we answer
  std::optional<Expectation> remote = {};  // what the remote body answers instead
  struct Keep {
    std::string name = {};
    std::vector<std::string> path = {};
  };
  std::vector<Keep> keeps = {};
  // Steps that are not requests: waiting for a table and its indexes, time passing.
  std::string wait_for_table = {};
  bool until_gone = false;  // wait for the table's end, not for its being active
  std::chrono::seconds later{0};
};

struct SpecFile {
  std::string path = {};
  std::vector<Step> steps = {};
  std::vector<std::string> tables = {};  // all that it makes, with `table` or CreateTable
  std::vector<std::string> behaviours = {};
};

// Reads a file; invalid_argument names the line that makes no sense.
Result<SpecFile> read_spec_file(const std::string& path);
Result<SpecFile> parse_spec(std::string_view text, const std::string& path);

}  // namespace dynakeep::spec
