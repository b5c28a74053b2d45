#include "wire/admin_operations.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::wire {
namespace {

using testing::HasSubstr;

// Writes down what it was told.
class Scribe final : public EngineAdmin {
 public:
  Result<RollShardsResult> roll_shards(const RollShardsRequest& request) override {
    told = "roll " + request.stream_arn.value_or("-") + " " + request.shard_id.value_or("-");
    return RollShardsResult{};
  }
  Result<SplitShardResult> split_shard(const SplitShardRequest& request) override {
    told = "split " + request.stream_arn.value_or("-") + " " + request.shard_id.value_or("-");
    return SplitShardResult{};
  }
  Result<TrimStreamResult> trim_stream(const TrimStreamRequest& request) override {
    told = "trim " + request.stream_arn.value_or("-") + " " +
           std::to_string(request.before.value_or(Time()).time_since_epoch().count());
    return TrimStreamResult{};
  }
  Result<ExpireIteratorsResult> expire_iterators(const ExpireIteratorsRequest&) override {
    told = "expire";
    return ExpireIteratorsResult{};
  }
  Result<AdvanceClockResult> advance_clock(const AdvanceClockRequest& request) override {
    told = "advance " + std::to_string(request.seconds.value_or(0));
    return AdvanceClockResult{};
  }
  Result<InjectFaultResult> inject_fault(const InjectFaultRequest& request) override {
    if (!request.unknown_words.empty()) return Error::validation(request.unknown_words[0].word);
    told = "inject " + request.operation.value_or("-") + " " +
           std::string(exception_name(request.error.value_or(ErrorCode::unsupported))) + " " +
           std::to_string(request.count.value_or(-1));
    return InjectFaultResult{};
  }

  std::string told;
};

TEST(AdminOperations, SayWhatTheMessageSays) {
  struct Case {
    std::string_view name;
    std::string_view json;
    std::string told;
  };
  const std::vector<Case> cases = {
      {"RollShards", R"({"StreamArn":"arn","ShardId":"one"})", "roll arn one"},
      {"RollShards", R"({"StreamArn":"arn"})", "roll arn -"},
      {"SplitShard", R"({"StreamArn":"arn","ShardId":"one"})", "split arn one"},
      {"TrimStream", R"({"StreamArn":"arn","Before":1.5})", "trim arn 1500000"},
      {"ExpireIterators", "{}", "expire"},
      {"AdvanceClock", R"({"Seconds":90})", "advance 90"},
      {"InjectFault", R"({"Operation":"GetRecords","Error":"LimitExceededException","Count":3})",
       "inject GetRecords LimitExceededException 3"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    Scribe admin;
    const auto* operation = find_admin_target("EngineAdmin_1." + std::string(each.name));
    ASSERT_NE(operation, nullptr);
    const Reply reply = operation->answer(admin, each.json);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "{}");
    EXPECT_EQ(admin.told, each.told);
  }
}

TEST(AdminOperations, PassErrorsOn) {
  Scribe admin;
  const auto& inject = *find_admin_operation("InjectFault");
  const Reply unknown = inject.answer(admin, R"({"Operation":"GetItem","Error":"Nonsense"})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("Nonsense"));
  EXPECT_EQ(inject.answer(admin, "{").status, 400);
  EXPECT_EQ(inject.answer(admin, R"({"Operation":1})").status, 400);
}

TEST(AdminOperations, HaveAPrefixOfTheirOwn) {
  for (const std::string_view target : {"DynamoDB_20120810.RollShards", "EngineAdmin_1.PutItem",
                                        "EngineAdmin_1RollShards", "RollShards", ""}) {
    EXPECT_EQ(find_admin_target(target), nullptr) << target;
  }
  for (const AdminOperation& operation : admin_operations()) {
    EXPECT_EQ(find_operation(operation.name), nullptr) << operation.name;
  }
}

}  // namespace
}  // namespace dynakeep::wire
