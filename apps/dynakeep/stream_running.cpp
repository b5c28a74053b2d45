#include "stream_running.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "complain.h"
#include "dynakeep/iso_time.h"
#include "exit_code.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

constexpr auto looking_interval = 50ms;

std::string text_of(const StreamGap& gap) {
  std::string text = fmt::format("records of the stream {} lost ({}",
                                 gap.is_certain ? "are" : "may be", to_text(gap.kind));
  if (!gap.shard_id.empty()) text += ", shard " + gap.shard_id;
  text += ")";
  if (gap.from) text += ", after " + to_iso(*gap.from);
  if (gap.until) text += ", before " + to_iso(*gap.until);
  return text;
}

// Looks at the consumer's figures while it runs: shows how far it is, and stops at the tip.
class Watch {
 public:
  Watch(const StreamConsumer& consumer, const StreamRunning& running, StopSignals& signals)
      : consumer_(consumer), running_(running), signals_(signals) {
    if (!running.progress.empty()) progress_.emplace(running.progress);
  }

  void run(const std::stop_token& over) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    while (!never.wait_for(lock, over, looking_interval, [] { return false; })) {
      if (over.stop_requested()) return;
      look(consumer_.figures());
    }
  }

 private:
  void look(const StreamFigures& figures) {
    if (progress_) progress_->at(figures.handled);
    const auto& shards = figures.shards;
    const bool is_at_tip = !shards.empty() && std::all_of(shards.begin(), shards.end(),
                                                          [](const StreamShardFigures& each) {
                                                            return each.is_at_tip;
                                                          });
    if (running_.until_tip && is_at_tip) signals_.request_stop();
  }

  const StreamConsumer& consumer_;
  const StreamRunning& running_;
  StopSignals& signals_;
  std::optional<Progress> progress_;
};

}  // namespace

void tell_of_events(StreamConsumerOptions& options, const StreamRunning& running) {
  options.on_gap = [stops = running.stops_at_gap](const StreamGap& gap) {
    if (stops) return StreamGapAnswer::stop;
    warn(text_of(gap));
    return StreamGapAnswer::go_on;
  };
  options.on_event = [](const StreamEvent& event) {
    using Kind = StreamEvent::Kind;
    const bool is_news = event.kind == Kind::degraded || event.kind == Kind::recovered ||
                         event.kind == Kind::retention_risk || event.kind == Kind::poison;
    if (!is_news) return;
    std::string text(to_text(event.kind));
    if (!event.shard_id.empty()) text += ", shard " + event.shard_id;
    if (!event.text.empty()) text += ": " + event.text;
    warn(text);
  };
}

int run_stream(StreamConsumer& consumer, const StreamRunning& running, StopSignals& signals) {
  if (const auto started = consumer.start(); !started) return complain(started.error());
  Result<void> ended;
  {
    Watch watch(consumer, running, signals);
    const std::jthread watching([&watch](const std::stop_token& over) { watch.run(over); });
    ended = consumer.run(signals.token());
  }
  if (ended) return exit_done;
  const bool is_gap = running.stops_at_gap && consumer.figures().gaps > 0;
  return complain(is_gap ? exit_gap : exit_failed, ended.error().message());
}

}  // namespace dynakeep::app
