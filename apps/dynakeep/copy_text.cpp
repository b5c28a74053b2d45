#include "copy_text.h"

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "counting.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "json_text.h"
#include "transfer_flags.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t differences_shown = 20;
constexpr auto trouble_interval = 1s;

std::string words_of(const CopyPlan& plan) {
  switch (plan.step) {
    case CopyPlan::Step::make:
      return "is made at the destination and filled";
    case CopyPlan::Step::fill:
      return "is there and empty, and is filled";
    case CopyPlan::Step::overwrite:
      return "has items at the destination, which the source's are put over";
    case CopyPlan::Step::resume:
      return fmt::format("is gone on with: {} are done", counted(plan.items_done, "item"));
    case CopyPlan::Step::mend:
      return "lost changes in an earlier run: it is followed anew, and repaired";
    case CopyPlan::Step::done:
      break;
  }
  return "was copied by an earlier run";
}

Colour colour_of(CopyDifference::Kind kind) {
  switch (kind) {
    case CopyDifference::Kind::missing:
      return Colour::red;
    case CopyDifference::Kind::changed:
      return Colour::yellow;
    case CopyDifference::Kind::extra:
      break;
  }
  return Colour::cyan;
}

std::string behind(const FollowFigures& figures) {
  if (!figures.lag) return "";
  return fmt::format(", {:.1f} s behind", static_cast<double>(figures.lag->count()) / 1000);
}

std::string time_json(const std::optional<Time>& time) {
  return time ? json_string(to_iso(*time)) : "null";
}

std::string list_json(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& each : texts) list += (list.empty() ? "" : ",") + json_string(each);
  return "[" + list + "]";
}

std::string lag_json(const FollowFigures& figures) {
  return figures.lag ? std::to_string(figures.lag->count()) : "null";
}

}  // namespace

CopyText::CopyText(bool json)
    : json_(json), out_(terminal_of(STDOUT_FILENO)), err_(terminal_of(STDERR_FILENO)) {}

void CopyText::line(const std::string& text) {
  if (progress_) progress_->hide();
  std::cerr << printable(text) << '\n';
}

void CopyText::say(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  line(text);
}

void CopyText::clear() {
  const std::scoped_lock lock(mutex_);
  progress_.reset();
}

void CopyText::planned(const std::string& table, const CopyPlan& plan) {
  const std::scoped_lock lock(mutex_);
  if (json_) {
    std::cout << fmt::format(
                     R"({{"event":"planned","table":{},"step":"{}","items":{},"itemsDone":{},)"
                     R"("bytes":{},"notes":{}}})",
                     json_string(table), to_text(plan.step), plan.items_total, plan.items_done,
                     plan.bytes_total, list_json(plan.notes))
              << std::endl;
    return;
  }
  line(fmt::format("{} ({}, {}) {}", table, counted(plan.items_total, "item"),
                   megabytes(plan.bytes_total), words_of(plan)));
  for (const std::string& each : plan.notes) line("  " + each);
}

void CopyText::copying(const std::string& table, const CopyPlan& plan, const CopyProgress& at,
                       double seconds) {
  const std::scoped_lock lock(mutex_);
  if (!progress_ || progress_of_ != table) {
    progress_ = std::make_unique<Progress>("items of " + printable(table) + " copied");
    progress_of_ = table;
  }
  const std::uint64_t done = at.items - std::min(at.items, plan.items_done);
  std::string more;
  if (seconds > 0) {
    more = fmt::format("{:.1f} MB/s",
                       static_cast<double>(at.bytes) / 1e6 / seconds * static_cast<double>(done) /
                           static_cast<double>(std::max<std::uint64_t>(at.items, 1)));
    // Items may have come since they were counted.
    if (done > 0 && at.items < at.items_total) {
      const auto left = static_cast<double>(at.items_total - at.items);
      more += fmt::format(", {:.0f} s left", left * seconds / static_cast<double>(done));
    }
  }
  if (at.items_per_second) more += fmt::format(", no more than {:.0f}/s", *at.items_per_second);
  progress_->at(at.items, more);
}

void CopyText::copied(const std::string& table, const CopyPlan& plan, const CopySummary& summary,
                      double seconds) {
  const std::scoped_lock lock(mutex_);
  progress_.reset();
  if (json_) {
    std::cout << fmt::format(R"({{"event":"copied","table":{},"items":{},"bytes":{},"stopped":{},)"
                             R"("seconds":{:.3f},"notes":{}}})",
                             json_string(table), summary.items, summary.bytes, summary.stopped,
                             seconds, list_json(summary.notes))
              << std::endl;
    return;
  }
  for (const std::string& each : summary.notes) line(table + ": " + each);
  if (plan.step == CopyPlan::Step::done || plan.step == CopyPlan::Step::mend) {
    return line(fmt::format("{}: was copied by an earlier run", table));
  }
  line(fmt::format("{}: {} copied{}, {} in {:.1f} s", table, counted(summary.items, "item"),
                   summary.stopped ? " until it was stopped" : "", megabytes(summary.bytes),
                   seconds));
}

void CopyText::trouble(const std::string& table, const Error& error) {
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < trouble_due_) return;
  trouble_due_ = now + trouble_interval;
  line(fmt::format("{}: still trying: {}", table, error.message()));
}

void CopyText::current(const std::string& table, const FollowFigures& figures) {
  const std::scoped_lock lock(mutex_);
  if (json_) {
    std::cout << fmt::format(R"({{"event":"current","table":{},"records":{},"lagMs":{}}})",
                             json_string(table), figures.records, lag_json(figures))
              << std::endl;
    return;
  }
  if (progress_) progress_->hide();
  std::cerr << printable(table) << ": "
            << painted(err_, Colour::green, "the destination has caught up") << behind(figures)
            << ", " << counted(figures.records, "change") << " applied\n";
}

void CopyText::following(const std::string& table, const FollowFigures& figures) {
  const std::scoped_lock lock(mutex_);
  const bool is_current = figures.is_current && !figures.has_lost;
  std::string text =
      fmt::format("{}: {}{}, {} applied", table, is_current ? "current" : "catching up",
                  behind(figures), counted(figures.records, "change"));
  if (!figures.is_current && figures.last_error) text += "; still trying: " + *figures.last_error;
  line(text);
}

void CopyText::lost(const std::string& table, const std::string& loss) {
  const std::scoped_lock lock(mutex_);
  if (json_) {
    std::cout << fmt::format(R"({{"event":"lost","table":{},"loss":{}}})", json_string(table),
                             json_string(loss))
              << std::endl;
    return;
  }
  line(fmt::format("{} has lost changes: {}. It is followed anew, and repaired", table, loss));
}

void CopyText::followed(const std::string& table, const FollowSummary& summary) {
  const std::scoped_lock lock(mutex_);
  const bool is_lost = summary.ending == FollowEnding::lost;
  if (json_) {
    std::cout << fmt::format(R"({{"event":"followed","table":{},"ending":"{}","records":{},)"
                             R"("currentUntil":{},"loss":{}}})",
                             json_string(table), is_lost ? "lost" : "stopped", summary.records,
                             time_json(summary.current_until),
                             is_lost ? json_string(summary.loss) : "null")
              << std::endl;
    return;
  }
  if (is_lost) return;
  line(fmt::format("{}: {} applied; {}", table, counted(summary.records, "change"),
                   summary.current_until ? "the destination has all changes made before " +
                                               to_iso(*summary.current_until)
                                         : "the destination has not caught up yet"));
}

void CopyText::comparing(const std::string& table, const CompareProgress& at) {
  const std::scoped_lock lock(mutex_);
  if (!progress_ || progress_of_ != table + "=") {
    progress_ = std::make_unique<Progress>("items of " + printable(table) + " compared");
    progress_of_ = table + "=";
    shown_ = 0;
  }
  progress_->at(at.items, at.different > 0 ? with_separators(at.different) + " different"
                                           : fmt::format("of {}", with_separators(at.items_total)));
}

void CopyText::difference(const std::string& table, const CopyDifference& difference) {
  const std::scoped_lock lock(mutex_);
  const std::string key = to_dynamodb_json(difference.key);
  if (json_) {
    std::cout << fmt::format(
        R"({{"event":"difference","table":{},"kind":"{}","key":{},"repaired":{}}})"
        "\n",
        json_string(table), to_text(difference.kind), key, difference.is_repaired);
    return;
  }
  if (++shown_ > differences_shown) return;
  if (progress_) progress_->hide();
  std::cout << painted(out_, colour_of(difference.kind), to_text(difference.kind)) << ' '
            << printable(table) << ' ' << printable(key)
            << (difference.is_repaired ? " repaired" : "") << std::endl;
}

void CopyText::compared(const std::string& table, const CompareSummary& summary, double seconds) {
  const std::scoped_lock lock(mutex_);
  progress_.reset();
  const std::uint64_t untold = shown_ - std::min(shown_, differences_shown);
  shown_ = 0;
  if (json_) {
    std::cout << fmt::format(
                     R"({{"event":"compared","table":{},"sourceItems":{},"destinationItems":{},)"
                     R"("missing":{},"changed":{},"extra":{},"expired":{},"repaired":{},)"
                     R"("stopped":{},"seconds":{:.3f}}})",
                     json_string(table), summary.source_items, summary.destination_items,
                     summary.missing, summary.changed, summary.extra, summary.expired,
                     summary.repaired, summary.stopped, seconds)
              << std::endl;
    return;
  }
  if (untold > 0) line(fmt::format("and {} more (--json has them all)", with_separators(untold)));
  std::string text = fmt::format(
      "{}: {} compared with {}{}: ", table, counted(summary.source_items, "item"),
      with_separators(summary.destination_items), summary.stopped ? " until it was stopped" : "");
  if (summary.different() == 0) {
    text += "no difference";
  } else {
    text += fmt::format("{} missing, {} changed, {} extra", with_separators(summary.missing),
                        with_separators(summary.changed), with_separators(summary.extra));
  }
  if (summary.repaired > 0) text += fmt::format("; {} repaired", with_separators(summary.repaired));
  if (summary.expired > 0) text += fmt::format("; {} expired", with_separators(summary.expired));
  line(fmt::format("{}, in {:.1f} s", text, seconds));
}

}  // namespace dynakeep::app
