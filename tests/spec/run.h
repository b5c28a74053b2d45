#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "spec/spec_file.h"
#include "wire/operations.h"

namespace dynakeep::spec {

// Something that answers requests: an operation's name and a JSON body in, status and JSON out.
struct Subject {
  std::string name = {};
  std::function<Result<wire::Reply>(std::string_view operation, std::string_view body)> send = {};
  // Its time, if it can be told; what follows a `later` line is else left out.
  ManualClock* clock = nullptr;
  // Whether it is ours: then our known differences from DynamoDB are required, and else tolerated.
  bool ours = true;
  // Whether the words of refusals are compared, or only their names.
  bool any_words = false;
  // Whether requests go through the remote body, which refuses some by itself.
  bool remote = false;
  // Operations that it is known not to have: behaviours with one of them are skipped.
  std::set<std::string> lacks = {};
  // Whether it keeps tables from before, so that those the file makes are deleted around the run.
  bool lasting = false;
};

struct Outcome {
  int requests = 0;
  std::vector<std::string> failures = {};  // "file:line: behaviour: Operation: what is wrong"
  std::set<std::string> failed = {};       // behaviours
  std::set<std::string> skipped = {};      // behaviours
};

// Sends every request of the file, in order, and compares every answer. A failure does not end it.
// Requests of the behaviours in `left_out` are not sent, nor those of skipped ones.
Outcome run(const SpecFile& file, const Subject& subject,
            const std::set<std::string>& left_out = {});

}  // namespace dynakeep::spec
