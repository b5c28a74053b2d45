#include <map>
#include <mutex>
#include <utility>

#include "dynakeep/stores/stream_checkpoints.h"

namespace dynakeep {
namespace {

class InMemoryCheckpoints final : public StreamCheckpoints {
 public:
  Result<StreamProgress> load(const StreamScope& scope) override {
    const std::lock_guard lock(mutex_);
    return progress_[{scope.group, scope.stream_arn}];
  }
  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override {
    const std::lock_guard lock(mutex_);
    progress_[{scope.group, scope.stream_arn}] = progress;
    return {};
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, StreamProgress> progress_;
};

}  // namespace

std::unique_ptr<StreamCheckpoints> make_in_memory_stream_checkpoints() {
  return std::make_unique<InMemoryCheckpoints>();
}

}  // namespace dynakeep
