// Runs specification files. Without arguments a GoogleTest program with one case for each file and
// way to the engine; with files, a tool that prints what differs.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json_string.h"
#include "spec/run.h"
#include "spec/spec_file.h"
#include "spec/subjects.h"

namespace dynakeep::spec {
namespace {

constexpr auto usage =
    "spec_runner [FLAGS] FILE|FOLDER...\n"
    "Sends the requests of specification files and compares the answers: on every way to a fresh\n"
    "engine of ours, if not told otherwise. Without arguments: as a test program.\n"
    "\n"
    "  --on WAY           embedded, handler, socket, remote_in_process or remote; may be repeated\n"
    "  --endpoint URL     http://HOST:PORT of another engine\n"
    "  --remote           there, through the remote body instead of a plain connection\n"
    "  --any-words        compare the names of refusals, and not their words\n"
    "  --leave-out TEXT   \"FILE: BEHAVIOUR\", which is then not sent; may be repeated\n"
    "  --json             one line for each behaviour: file, behaviour, way, outcome, failures\n";

// The *.spec files among and below `paths`, in order of their names.
std::vector<std::string> spec_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".spec") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Arguments {
  std::vector<std::string> ways = {};
  std::string endpoint = {};
  bool remote = false;
  bool any_words = false;
  std::set<std::string> left_out = {};
  bool json = false;
  std::vector<std::string> paths = {};
  bool wrong = false;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string value = values[i];
    const bool has_next = i + 1 < count;
    if (value == "--on" && has_next) {
      arguments.ways.emplace_back(values[++i]);
    } else if (value == "--endpoint" && has_next) {
      arguments.endpoint = values[++i];
    } else if (value == "--leave-out" && has_next) {
      arguments.left_out.insert(values[++i]);
    } else if (value == "--remote") {
      arguments.remote = true;
    } else if (value == "--any-words") {
      arguments.any_words = true;
    } else if (value == "--json") {
      arguments.json = true;
    } else if (value.rfind("--", 0) == 0) {
      arguments.wrong = true;
    } else {
      arguments.paths.push_back(value);
    }
  }
  arguments.wrong = arguments.wrong || arguments.paths.empty() ||
                    (arguments.remote && arguments.endpoint.empty());
  return arguments;
}

Result<OwnedSubject> open(const Arguments& arguments, const std::string& way) {
  if (arguments.endpoint.empty()) return open_ours(way);
  return arguments.remote ? connect_remotely_to(arguments.endpoint)
                          : connect_to(arguments.endpoint);
}

// put_item/overwrites.spec of tests/spec/put_item/overwrites.spec.
std::string short_name(const std::string& path) {
  const std::filesystem::path whole(path);
  return (whole.parent_path().filename() / whole.filename()).string();
}

// What became of one file; `behaviours` that were left out are not among them.
struct FileOutcome {
  std::vector<std::string> behaviours = {};
  Outcome outcome = {};
};

FileOutcome run_file(const std::string& path, const std::string& way, const Arguments& arguments) {
  const auto file = read_spec_file(path);
  if (!file) return {.outcome = {.failures = {file.error().message()}}};
  const auto prefix = short_name(path) + ": ";
  FileOutcome result;
  std::set<std::string> left_out;
  for (const auto& behaviour : file->behaviours) {
    if (arguments.left_out.contains(prefix + behaviour)) {
      left_out.insert(behaviour);
    } else {
      result.behaviours.push_back(behaviour);
    }
  }
  auto subject = open(arguments, way);
  if (subject) {
    subject->subject.any_words = arguments.any_words;
    result.outcome = run(*file, subject->subject, left_out);
  } else {
    result.outcome.failures.push_back(way + ": " + subject.error().message());
    result.outcome.failed.insert(result.behaviours.begin(), result.behaviours.end());
  }
  return result;
}

void print_json(const std::string& path, const std::string& way, const FileOutcome& result) {
  const auto print = [&](const std::string& behaviour, const char* outcome) {
    const bool failed = outcome == std::string_view("failed");
    std::string line = "{\"file\":";
    base::append_json_string(line, short_name(path));
    base::append_json_string(line += ",\"behaviour\":", behaviour);
    base::append_json_string(line += ",\"way\":", way);
    base::append_json_string(line += ",\"outcome\":", outcome);
    line += ",\"failures\":[";
    const char* separator = "";
    for (const auto& failure : result.outcome.failures) {
      if (!failed || failure.find(": " + behaviour + "\n") == std::string::npos) continue;
      base::append_json_string(line += separator, failure);
      separator = ",";
    }
    std::cout << line << "]}" << std::endl;
  };
  // What stands above the first behaviour fails under no name.
  if (result.outcome.failed.contains("") || result.behaviours.empty()) print("", "failed");
  for (const auto& behaviour : result.behaviours) {
    print(behaviour, result.outcome.failed.contains(behaviour)    ? "failed"
                     : result.outcome.skipped.contains(behaviour) ? "skipped"
                                                                  : "passed");
  }
}

int run_as_tool(const Arguments& arguments) {
  auto ways = arguments.ways;
  if (!arguments.endpoint.empty()) {
    ways = {arguments.endpoint};
  } else if (ways.empty()) {
    ways = our_subjects();
  }
  const auto files = spec_files(arguments.paths);
  std::size_t failed = 0;
  std::size_t behaviours = 0;
  for (const auto& way : ways) {
    for (const auto& file : files) {
      const auto result = run_file(file, way, arguments);
      behaviours += result.behaviours.size();
      if (!result.outcome.failures.empty()) ++failed;
      if (arguments.json) {
        print_json(file, way, result);
        continue;
      }
      for (const auto& failure : result.outcome.failures) {
        std::cout << "[" << way << "] " << failure << std::endl;
      }
    }
  }
  if (!arguments.json) {
    std::cout << files.size() << " files, " << behaviours << " behaviours on " << ways.size()
              << (ways.size() == 1 ? " subject: " : " subjects: ")
              << files.size() * ways.size() - failed << " passed, " << failed << " failed\n";
  }
  return failed == 0 ? 0 : 1;
}

class SpecFileTest : public testing::Test {
 public:
  SpecFileTest(std::string path, std::string way) : path_(std::move(path)), way_(std::move(way)) {}

  void TestBody() override {
    for (const auto& failure : run_file(path_, way_, {}).outcome.failures) ADD_FAILURE() << failure;
  }

 private:
  std::string path_;
  std::string way_;
};

// put_item/overwrites.spec on embedded becomes the case Spec.put_item_overwrites/embedded.
void register_tests(const std::string& folder) {
  for (const auto& path : spec_files({folder})) {
    auto name = std::filesystem::relative(path, folder).replace_extension().string();
    std::replace(name.begin(), name.end(), '/', '_');
    for (const auto& way : our_subjects()) {
      testing::RegisterTest("Spec", (name + "_on_" + way).c_str(), nullptr, nullptr, path.c_str(),
                            1, [path, way] { return new SpecFileTest(path, way); });
    }
  }
}

}  // namespace
}  // namespace dynakeep::spec

int main(int count, char** values) {
  testing::InitGoogleTest(&count, values);
  if (count == 1) {
    dynakeep::spec::register_tests("tests/spec");
    return RUN_ALL_TESTS();
  }
  const auto arguments = dynakeep::spec::parse(count, values);
  if (arguments.wrong) {
    std::cerr << dynakeep::spec::usage;
    return 2;
  }
  return dynakeep::spec::run_as_tool(arguments);
}
