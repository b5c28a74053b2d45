#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/database.h"
#include "http/signature.h"
#include "remote/remote_admin.h"
#include "remote/repeats.h"
#include "remote/retry.h"
#include "remote/signing_credentials.h"
#include "transport/transport.h"
#include "wire/extensions.h"

namespace dynakeep::remote {

// What a remote database is made of.
struct RemoteParts {
  transport::Origin endpoint = {};
  // Of the operations on streams, if they have one of their own.
  std::optional<transport::Origin> streams_endpoint = {};
  std::string region = "us-east-1";  // that requests are signed for
  std::shared_ptr<CredentialsProvider> credentials = {};
  std::unique_ptr<transport::Transport> transport = {};
  RetryOptions retry = {};
  const Clock* clock = &system_clock();           // of signatures; must outlive the database
  base::Pacing* pacing = &base::system_pacing();  // must outlive the database
};

// Database over a transport: each operation is encoded, signed, sent, and its answer decoded.
// Retries as retry.h says, writes as repeats.h allows.
class RemoteDatabase final : public Database {
 public:
  explicit RemoteDatabase(RemoteParts parts);

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override;
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override;
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override;
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override;
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override;

  Result<PutItemResult> put_item(const PutItemRequest& request) override;
  Result<GetItemResult> get_item(const GetItemRequest& request) override;
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override;
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override;

  Result<QueryResult> query(const QueryRequest& request) override;
  Result<ScanResult> scan(const ScanRequest& request) override;
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override;
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override;

  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override;
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override;

  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override;
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override;
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override;
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override;
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override;
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override;

  Result<TagResourceResult> tag_resource(const TagResourceRequest& request) override;
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) override;
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) override;
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) override;
  Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) override;

  const transport::Origin& endpoint() const { return endpoint_; }
  const std::string& region() const { return scope_.region; }

  const Capabilities& capabilities() const override { return capabilities_; }
  // Before the database is given to others.
  void set_capabilities(Capabilities capabilities) { capabilities_ = std::move(capabilities); }

  // Whether there are credentials to sign with; they are kept for the first call.
  Result<void> find_credentials();

  // An answer comes when what it says is durable: there is nothing to wait for.
  void when_durable(std::uint64_t position, std::function<void(const Result<void>&)> done) override;

  // Of an engine of ours; whether its server allows it, it says itself.
  EngineAdmin* admin() override { return capabilities_.positions ? &admin_ : nullptr; }

  // The answer of status 200 to an operation, of DynamoDB or of EngineAdmin; with as many attempts
  // as it takes. `headers` are sent with it; it may take `longer` than others.
  Result<http::HttpResponse> exchange(std::string_view operation, std::string body, Repeats repeats,
                                      const wire::HeaderFields& headers = {},
                                      std::chrono::milliseconds longer = {});

 private:
  template <typename Request>
  Result<wire::HeaderFields> extensions_of(const Request& request) const;
  template <typename Answer, typename Request>
  Result<Answer> carry_out(std::string_view operation, const Request& request);
  template <typename Answer>
  Result<Answer> read(std::string_view operation, const http::HttpResponse& response,
                      Repeats repeats) const;
  bool set_clock_by(const http::HttpResponse& response, std::int64_t signed_with);

  const transport::Origin endpoint_;
  const std::string host_;  // of the Host header
  const transport::Origin streams_endpoint_;
  const std::string streams_host_;
  const http::SigningScope scope_;
  const std::unique_ptr<transport::Transport> transport_;
  const RetryOptions retry_;
  const Clock& clock_;
  base::Pacing& pacing_;
  SigningCredentials credentials_;
  RetryBudget budget_;
  // How far the service's clock is ahead of ours, if that matters to signatures.
  std::atomic<std::int64_t> clock_offset_us_ = 0;
  Capabilities capabilities_;
  RemoteAdmin admin_{*this};
};

}  // namespace dynakeep::remote
