#include <map>
#include <mutex>
#include <utility>

#include "stores/streams/lease_table.h"

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
    last_[{scope.group, streams::table_in(scope.stream_arn)}] = scope.stream_arn;
    return {};
  }
  Result<void> save_change(const StreamScope& scope, const StreamProgressChange& change) override {
    const std::lock_guard lock(mutex_);
    apply(change, progress_[{scope.group, scope.stream_arn}]);
    return {};
  }
  Result<std::optional<std::string>> last_stream(const std::string& group,
                                                 const std::string& table_name) override {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find({group, table_name});
    return found == last_.end() ? std::optional<std::string>() : std::optional(found->second);
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, StreamProgress> progress_;
  std::map<std::pair<std::string, std::string>, std::string> last_;  // by group and table
};

}  // namespace

std::unique_ptr<StreamCheckpoints> make_in_memory_stream_checkpoints() {
  return std::make_unique<InMemoryCheckpoints>();
}

}  // namespace dynakeep
