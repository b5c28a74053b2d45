// Runs specification files. Without arguments a GoogleTest program with one case for each file and
// way to the engine; with files, a tool that prints what differs.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "spec/run.h"
#include "spec/spec_file.h"
#include "spec/subjects.h"

namespace dynakeep::spec {
namespace {

constexpr auto usage =
    "spec_runner [--on embedded|handler|socket]... [--endpoint http://HOST:PORT] FILE|FOLDER...\n"
    "Sends the requests of specification files and compares the answers. Without --on and\n"
    "--endpoint: on every way to a fresh engine of ours. Without arguments: as a test program.\n";

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
  std::vector<std::string> paths = {};
  bool wrong = false;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string value = values[i];
    if (value == "--on" && i + 1 < count) {
      arguments.ways.emplace_back(values[++i]);
    } else if (value == "--endpoint" && i + 1 < count) {
      arguments.endpoint = values[++i];
    } else if (value.rfind("--", 0) == 0) {
      arguments.wrong = true;
    } else {
      arguments.paths.push_back(value);
    }
  }
  arguments.wrong = arguments.wrong || arguments.paths.empty();
  return arguments;
}

// The failures of one file, or what kept it from being run.
std::vector<std::string> failures_of(const std::string& path, const std::string& way,
                                     const std::string& endpoint, int& behaviours) {
  const auto file = read_spec_file(path);
  if (!file) return {file.error().message()};
  behaviours += file->behaviours;
  const auto subject = endpoint.empty() ? open_ours(way) : connect_to(endpoint);
  if (!subject) return {way + ": " + subject.error().message()};
  return run(*file, subject->subject).failures;
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
  int behaviours = 0;
  for (const auto& way : ways) {
    for (const auto& file : files) {
      const auto failures = failures_of(file, way, arguments.endpoint, behaviours);
      if (!failures.empty()) ++failed;
      for (const auto& failure : failures) std::cout << "[" << way << "] " << failure << "\n";
    }
  }
  std::cout << files.size() << " files, " << behaviours << " behaviours on " << ways.size()
            << (ways.size() == 1 ? " subject: " : " subjects: ")
            << files.size() * ways.size() - failed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

class SpecFileTest : public testing::Test {
 public:
  SpecFileTest(std::string path, std::string way) : path_(std::move(path)), way_(std::move(way)) {}

  void TestBody() override {
    int behaviours = 0;
    for (const auto& failure : failures_of(path_, way_, "", behaviours)) ADD_FAILURE() << failure;
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
