#pragma once

#include <atomic>
#include <cstdint>

#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::streams {

inline bool is_throttling(const Error& error) {
  switch (error.code()) {
    case ErrorCode::limit_exceeded:
    case ErrorCode::throttling:
    case ErrorCode::provisioned_throughput_exceeded:
    case ErrorCode::request_limit_exceeded:
      return true;
    default:
      return false;
  }
}

// How the calls of one operation went. Thread-safe.
class CallCount {
 public:
  // Gives the result back.
  template <typename Answer>
  Answer of(Answer answer) {
    if (answer) {
      ++answered_;
    } else {
      ++(is_throttling(answer.error()) ? throttled_ : failed_);
    }
    return answer;
  }
  StreamCallFigures figures() const { return {answered_, throttled_, failed_}; }

 private:
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<std::uint64_t> throttled_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

struct CallCounts {
  CallCount describe_stream = {};
  CallCount get_shard_iterator = {};
  CallCount get_records = {};
};

}  // namespace dynakeep::streams
