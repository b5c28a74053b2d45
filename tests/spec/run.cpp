#include "spec/run.h"

#include <chrono>
#include <map>
#include <optional>
#include <thread>

namespace dynakeep::spec {

namespace {

constexpr auto activation_deadline = std::chrono::seconds{30};

bool matches_like(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*') {
    return !text.empty() && text[0] == pattern[0] &&
           matches_like(pattern.substr(1), text.substr(1));
  }
  for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (matches_like(pattern.substr(1), text.substr(skipped))) return true;
  }
  return false;
}

std::string shortened(std::string text) {
  constexpr std::size_t longest = 1200;
  if (text.size() > longest)
    text = text.substr(0, longest) + " .. (" + std::to_string(text.size()) + " bytes)";
  return text;
}

using Variables = std::map<std::string, Json>;

// An error's name, without the namespace before '#' unless `wanted` has one too.
std::string error_name(const Json& body, std::string_view wanted) {
  const auto* type = body.find("__type");
  if (type == nullptr) return "(no __type)";
  if (wanted.find('#') != std::string_view::npos) return type->text;
  const auto hash = type->text.rfind('#');
  return hash == std::string::npos ? type->text : type->text.substr(hash + 1);
}

std::string error_message(const Json& body) {
  for (const auto* name : {"message", "Message"}) {
    if (const auto* message = body.find(name); message != nullptr) return message->text;
  }
  return "";
}

// What is wrong with an answer; nothing if it is as expected.
std::optional<std::string> judge(const Expectation& expected, int status, const Json& body,
                                 const Variables& variables, bool any_words) {
  if (expected.error.empty()) {
    if (status != 200) {
      return "expected success, is " + error_name(body, "") + " \"" + error_message(body) + "\"";
    }
    if (!expected.body) return std::nullopt;
    return difference(*expected.body, body, expected.partly, variables);
  }
  if (status == 200) {
    return "expected " + expected.error + " \"" + expected.message.value_or("") +
           "\", is success " + print_json(body);
  }
  const auto name = error_name(body, expected.error);
  const auto message = error_message(body);
  const bool message_matches =
      !expected.message || any_words ||
      (expected.like ? matches_like(*expected.message, message) : *expected.message == message);
  if (name != expected.error || !message_matches) {
    return "expected " + expected.error + " \"" + expected.message.value_or("*") +
           "\",\n      is       " + name + " \"" + message + "\"";
  }
  const int expected_status = expected.error == "InternalServerError" ? 500 : 400;
  if (status != expected_status) {
    return "expected status " + std::to_string(expected_status) + ", is " + std::to_string(status);
  }
  if (!expected.body) return std::nullopt;
  return difference(*expected.body, body, expected.partly, variables);
}

class Run {
 public:
  Run(const SpecFile& file, const Subject& subject, const std::set<std::string>& left_out)
      : file_(file), subject_(subject), left_out_(left_out) {}

  Outcome all() {
    if (subject_.lasting) delete_tables();
    for (const auto& step : file_.steps) {
      if (subject_.lacks.contains(step.operation)) outcome_.skipped.insert(step.behaviour);
    }
    for (const auto& step : file_.steps) {
      if (left_out_.contains(step.behaviour) || outcome_.skipped.contains(step.behaviour)) continue;
      if (step.later.count() > 0) {
        if (subject_.clock == nullptr) break;
        subject_.clock->advance(step.later);
      } else if (!step.wait_for_table.empty()) {
        wait(step);
      } else {
        request(step);
      }
    }
    if (subject_.lasting) delete_tables();
    return std::move(outcome_);
  }

 private:
  void fail(const Step& step, int line, const std::string& what) {
    outcome_.failed.insert(step.behaviour);
    outcome_.failures.push_back(file_.path + ":" + std::to_string(line) + ": " + step.behaviour +
                                "\n   " + step.operation + ": " + shortened(what));
  }

  void request(const Step& step) {
    ++outcome_.requests;
    std::string body;
    try {
      body = step.raw_body ? *step.raw_body : print_json(step.body, variables_);
    } catch (const JsonError& error) {
      return fail(step, step.line, error.what());
    }
    auto reply = subject_.send(step.operation, body);
    if (!reply) return fail(step, step.line, "no answer: " + reply.error().message());
    Json answer;
    try {
      // TagResource and UntagResource answer with an empty body.
      answer = parse_json(reply->status == 200 && reply->body.empty() ? "{}" : reply->body);
    } catch (const JsonError& error) {
      return fail(step, step.line, "the answer is not JSON: " + reply->body);
    }
    judge_step(step, reply->status, answer);
    for (const auto& kept : step.keeps) keep(step, kept, answer);
  }

  void judge_step(const Step& step, int status, const Json& answer) {
    auto wrong = judge_safely(step.expected, status, answer);
    if (step.remote && subject_.remote) {
      if (!wrong) {
        if (!subject_.any_words) fail(step, step.remote->line, "the remote body differs no more");
      } else if (auto wrong_remotely = judge_safely(*step.remote, status, answer)) {
        fail(step, step.remote->line, *wrong_remotely);
      }
      return;
    }
    if (step.known.empty()) {
      if (wrong) fail(step, step.expected.line, *wrong);
      return;
    }
    if (!wrong) {
      if (subject_.ours) {
        fail(step, step.expected.line,
             "the known difference is gone (" + step.known + "): remove it");
      }
      return;
    }
    if (auto wrong_for_us = judge_safely(*step.ours, status, answer)) {
      fail(step, step.ours->line, *wrong_for_us);
    }
  }

  std::optional<std::string> judge_safely(const Expectation& expected, int status,
                                          const Json& answer) {
    try {
      return judge(expected, status, answer, variables_, subject_.any_words);
    } catch (const JsonError& error) {
      return error.what();
    }
  }

  void keep(const Step& step, const Step::Keep& kept, const Json& answer) {
    const auto* found = &answer;
    for (const auto& part : kept.path) {
      if (found == nullptr) break;
      if (found->kind == Json::Kind::array) {
        const auto index = std::strtoul(part.c_str(), nullptr, 10);
        found = index < found->elements.size() ? &found->elements[index] : nullptr;
      } else {
        found = found->find(part);
      }
    }
    if (found == nullptr) return fail(step, step.line, "the answer has no " + kept.path.back());
    variables_[kept.name] = *found;
  }

  // Until the table and all its indexes are ACTIVE, or until it is gone. What is not there to
  // become active is the next request's trouble.
  void wait(const Step& step) {
    const auto deadline = std::chrono::steady_clock::now() + activation_deadline;
    const Json name{.kind = Json::Kind::string, .text = step.wait_for_table};
    const auto body = "{\"TableName\":" + print_json(name) + "}";
    while (true) {
      const auto reply = subject_.send("DescribeTable", body);
      if (!reply || reply->status != 200) return;
      if (!step.until_gone && is_active(parse_json(reply->body))) return;
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(step, step.line, "does not come about within 30 s: " + reply->body);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
  }

  static bool is_active(const Json& description) {
    const auto* table = description.find("Table");
    if (table == nullptr) return false;
    if (const auto* status = table->find("TableStatus");
        status == nullptr || status->text != "ACTIVE") {
      return false;
    }
    if (const auto* indexes = table->find("GlobalSecondaryIndexes"); indexes != nullptr) {
      for (const auto& index : indexes->elements) {
        const auto* status = index.find("IndexStatus");
        if (status != nullptr && status->text != "ACTIVE") return false;
      }
    }
    return true;
  }

  void delete_tables() {
    for (const auto& table : file_.tables) {
      const Json name{.kind = Json::Kind::string, .text = table};
      const auto body = "{\"TableName\":" + print_json(name);
      // Whatever protects it; an answer that there is no such table is as welcome.
      (void)subject_.send("UpdateTable", body + ",\"DeletionProtectionEnabled\":false}");
      (void)subject_.send("DeleteTable", body + "}");
      const auto deadline = std::chrono::steady_clock::now() + activation_deadline;
      while (std::chrono::steady_clock::now() < deadline) {
        const auto reply = subject_.send("DescribeTable", body + "}");
        if (!reply || reply->status != 200) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
      }
    }
  }

  const SpecFile& file_;
  const Subject& subject_;
  const std::set<std::string>& left_out_;
  Variables variables_;
  Outcome outcome_;
};

}  // namespace

Outcome run(const SpecFile& file, const Subject& subject, const std::set<std::string>& left_out) {
  return Run(file, subject, left_out).all();
}

}  // namespace dynakeep::spec
