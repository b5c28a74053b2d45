#include "remote/remote_database.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/invariant.h"
#include "base/log.h"
#include "http/message.h"
#include "remote/token.h"
#include "transport/url.h"
#include "wire/admin_operations.h"
#include "wire/error_json.h"
#include "wire/message_json.h"
#include "wire/operations.h"

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

// The service forgets a ClientRequestToken ten minutes after the transaction; some of them are for
// the way there.
constexpr auto token_lasts = 9min;

// DynamoDB takes signatures up to five minutes off. Less than four is not worth a correction.
constexpr auto clock_offset_min = 4min;

constexpr std::string_view content_type = "application/x-amz-json-1.0";

struct Failed {
  Error error;
  Failure failure = {};
  std::optional<std::chrono::milliseconds> retry_after = {};
};

std::optional<std::chrono::milliseconds> retry_after_of(const http::HttpResponse& response) {
  const auto value = response.headers.find("x-amz-retry-after");
  if (!value) return std::nullopt;
  std::uint32_t milliseconds = 0;
  const auto* const end = value->data() + value->size();
  const auto [stopped, problem] = std::from_chars(value->data(), end, milliseconds);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return std::chrono::milliseconds(milliseconds);
}

Failed refused(const http::HttpResponse& response) {
  auto sent = wire::decode_sent_error(response.status, response.body);
  const Failure failure = failure_of(response.status, sent.exception);
  if (failure.trouble == Trouble::clock) {
    // The rest is what the service signed, the session token among it.
    const std::string& message = sent.error.message();
    sent.error = Error(sent.error.code(), message.substr(0, message.find('\n')));
  }
  return {
      .error = std::move(sent.error), .failure = failure, .retry_after = retry_after_of(response)};
}

void log_attempt(std::string_view operation, const Failed& failed) {
  if (!base::is_logged(LogLevel::debug)) return;
  base::log(LogLevel::debug, "attempt failed",
            {{"operation", std::string(operation)},
             {"error", std::string(exception_name(failed.error.code()))},
             {"message", failed.error.message()},
             {"answer_lost", failed.failure.answer_lost ? "yes" : "no"}});
}

}  // namespace

RemoteDatabase::RemoteDatabase(RemoteParts parts)
    : endpoint_(std::move(parts.endpoint)),
      host_(transport::host_and_port(endpoint_)),
      streams_endpoint_(parts.streams_endpoint.value_or(endpoint_)),
      streams_host_(transport::host_and_port(streams_endpoint_)),
      scope_{.region = std::move(parts.region)},
      transport_(std::move(parts.transport)),
      retry_(parts.retry),
      clock_(*parts.clock),
      pacing_(*parts.pacing),
      credentials_(std::move(parts.credentials), clock_) {}

Result<void> RemoteDatabase::find_credentials() {
  TRY(credentials_.get());
  return {};
}

Result<http::HttpResponse> RemoteDatabase::exchange(std::string_view operation, std::string body,
                                                    Repeats repeats,
                                                    const wire::HeaderFields& headers,
                                                    std::chrono::milliseconds longer) {
  http::HttpRequest request{.method = "POST", .target = "/", .body = std::move(body)};
  const wire::Operation* known = wire::find_operation(operation);
  INVARIANT(known != nullptr || wire::find_admin_operation(operation) != nullptr);
  const std::string_view service = known != nullptr ? known->service : wire::admin_target_prefix;
  std::string target(service);
  const bool of_streams = service != wire::target_prefix;
  const transport::Origin& endpoint = of_streams ? streams_endpoint_ : endpoint_;
  request.headers.add("Host", of_streams ? streams_host_ : host_);
  request.headers.add("Content-Type", content_type);
  request.headers.add("X-Amz-Target", target.append(1, '.').append(operation));
  request.headers.add("User-Agent", "dynakeep");
  for (const auto& [name, value] : headers) request.headers.add(name, value);

  RetryOptions retry = retry_;
  retry.attempt_timeout += longer;
  retry.total_timeout += longer;
  Attempts attempts(retry, budget_, pacing_);
  bool answer_lost = false;  // of a write, by any attempt so far
  bool clock_was_set = false;
  bool credentials_were_renewed = false;
  const auto fail = [&answer_lost](Error error) {
    error.set_outcome_unknown(answer_lost);
    return error;
  };
  while (true) {
    const auto credentials = credentials_.get();
    if (!credentials) return fail(credentials.error());
    const std::int64_t offset_us = clock_offset_us_.load(std::memory_order_relaxed);
    http::sign(request, **credentials, scope_, clock_.now() + std::chrono::microseconds(offset_us));

    auto response = transport_->send(endpoint, request, attempts.deadline());
    if (response && response->status == 200) {
      attempts.succeeded();
      return response;
    }
    Failed failed =
        response ? refused(*response)
                 : Failed{.error = response.error(), .failure = failure_of(response.error())};
    log_attempt(operation, failed);

    answer_lost = answer_lost || (failed.failure.answer_lost && repeats != Repeats::is_read);
    if (answer_lost && (repeats == Repeats::never ||
                        (repeats == Repeats::by_token && attempts.elapsed() > token_lasts))) {
      return fail(std::move(failed.error));
    }
    Trouble trouble = failed.failure.trouble;
    if (trouble == Trouble::clock) {
      if (clock_was_set || !set_clock_by(*response, offset_us)) trouble = Trouble::lasting;
      clock_was_set = true;
    } else if (trouble == Trouble::credentials) {
      const auto renewed = credentials_were_renewed ? false : credentials_.renew(*credentials);
      if (!renewed) return fail(renewed.error());
      if (!*renewed) trouble = Trouble::lasting;
      credentials_were_renewed = true;
    }
    if (!attempts.again(trouble, failed.retry_after)) return fail(std::move(failed.error));
  }
}

bool RemoteDatabase::set_clock_by(const http::HttpResponse& response, std::int64_t signed_with) {
  // Another thread may have set it while this one's request was under way.
  if (clock_offset_us_.load(std::memory_order_relaxed) != signed_with) return true;
  const auto date = http::parse_http_date(response.headers.find("date").value_or(""));
  if (!date) return false;
  const auto offset = *date - clock_.now();
  const auto change = offset - std::chrono::microseconds(signed_with);
  if (change < clock_offset_min && -change < clock_offset_min) return false;
  clock_offset_us_.store(std::chrono::microseconds(offset).count(), std::memory_order_relaxed);
  base::log(LogLevel::warning, "clock differs from the service's",
            {{"endpoint", to_string(endpoint_)},
             {"seconds",
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(offset).count())}});
  return true;
}

template <typename Answer>
Result<Answer> RemoteDatabase::read(std::string_view operation, const http::HttpResponse& response,
                                    Repeats repeats) const {
  // Of TagResource and its like. Amazon answers with no body, others with {} or "".
  if constexpr (std::is_empty_v<Answer>) return Answer{};
  auto answer = wire::decode_message<Answer>(response.body);
  const auto find_header = [&response](std::string_view name) {
    return response.headers.find(name);
  };
  if (answer && wire::decode_extensions(find_header, *answer)) return answer;
  Error error = Error::internal(to_string(endpoint_) + " answered " + std::string(operation) +
                                " with something that is not its result");
  return error.set_outcome_unknown(repeats != Repeats::is_read);
}

// What goes into headers: only to engines that know them.
template <typename Request>
Result<wire::HeaderFields> RemoteDatabase::extensions_of(const Request& request) const {
  wire::HeaderFields fields = wire::encode_extensions(request);
  if (fields.empty()) return fields;
  if constexpr (requires { request.snapshot; }) {
    using Step = SnapshotUse::Step;
    const SnapshotUse& use = request.snapshot;
    // To pass it over would be to read another moment.
    if (use.step != Step::none && !capabilities_.snapshots) {
      return Error(ErrorCode::unsupported, to_string(endpoint_) + " has no snapshots");
    }
    if ((use.step == Step::read || use.step == Step::end) && !wire::is_snapshot_token(use.token)) {
      return Error(ErrorCode::snapshot_expired, "There never was a snapshot of that token");
    }
  }
  std::erase_if(fields, [this](const wire::HeaderField& field) {
    return (field.name == wire::want_position_header && !capabilities_.positions) ||
           (field.name == wire::wait_header && !capabilities_.long_poll);
  });
  return fields;
}

template <typename Answer, typename Request>
Result<Answer> RemoteDatabase::carry_out(std::string_view operation, const Request& request) {
  const Repeats repeats = repeats_of(request);
  std::chrono::milliseconds longer{};
  if constexpr (requires { request.wait; }) longer = std::max(request.wait, longer);
  const auto response = TRY(exchange(operation, TRY(wire::encode_message(request)), repeats,
                                     TRY(extensions_of(request)), longer));
  return read<Answer>(operation, response, repeats);
}

Result<CreateTableResult> RemoteDatabase::create_table(const CreateTableRequest& request) {
  return carry_out<CreateTableResult>("CreateTable", request);
}
Result<DeleteTableResult> RemoteDatabase::delete_table(const DeleteTableRequest& request) {
  return carry_out<DeleteTableResult>("DeleteTable", request);
}
Result<DescribeTableResult> RemoteDatabase::describe_table(const DescribeTableRequest& request) {
  return carry_out<DescribeTableResult>("DescribeTable", request);
}
Result<ListTablesResult> RemoteDatabase::list_tables(const ListTablesRequest& request) {
  return carry_out<ListTablesResult>("ListTables", request);
}
Result<UpdateTableResult> RemoteDatabase::update_table(const UpdateTableRequest& request) {
  return carry_out<UpdateTableResult>("UpdateTable", request);
}

Result<PutItemResult> RemoteDatabase::put_item(const PutItemRequest& request) {
  return carry_out<PutItemResult>("PutItem", request);
}
Result<GetItemResult> RemoteDatabase::get_item(const GetItemRequest& request) {
  return carry_out<GetItemResult>("GetItem", request);
}
Result<UpdateItemResult> RemoteDatabase::update_item(const UpdateItemRequest& request) {
  return carry_out<UpdateItemResult>("UpdateItem", request);
}
Result<DeleteItemResult> RemoteDatabase::delete_item(const DeleteItemRequest& request) {
  return carry_out<DeleteItemResult>("DeleteItem", request);
}

Result<QueryResult> RemoteDatabase::query(const QueryRequest& request) {
  return carry_out<QueryResult>("Query", request);
}
Result<ScanResult> RemoteDatabase::scan(const ScanRequest& request) {
  return carry_out<ScanResult>("Scan", request);
}
Result<BatchGetItemResult> RemoteDatabase::batch_get_item(const BatchGetItemRequest& request) {
  return carry_out<BatchGetItemResult>("BatchGetItem", request);
}
Result<BatchWriteItemResult> RemoteDatabase::batch_write_item(
    const BatchWriteItemRequest& request) {
  return carry_out<BatchWriteItemResult>("BatchWriteItem", request);
}

Result<TransactGetItemsResult> RemoteDatabase::transact_get_items(
    const TransactGetItemsRequest& request) {
  return carry_out<TransactGetItemsResult>("TransactGetItems", request);
}

Result<TransactWriteItemsResult> RemoteDatabase::transact_write_items(
    const TransactWriteItemsRequest& request) {
  std::string body = TRY(wire::encode_message(request));
  if (!request.client_request_token) {
    // Into the text, since a copy of the request would copy its items.
    const std::string_view separator = body == "{}" ? "" : ",";
    body.insert(1, "\"ClientRequestToken\":\"" + new_token() + "\"" + std::string(separator));
  }
  const auto response = TRY(exchange("TransactWriteItems", std::move(body), repeats_of(request),
                                     TRY(extensions_of(request))));
  return read<TransactWriteItemsResult>("TransactWriteItems", response, repeats_of(request));
}

Result<ListStreamsResult> RemoteDatabase::list_streams(const ListStreamsRequest& request) {
  return carry_out<ListStreamsResult>("ListStreams", request);
}
Result<DescribeStreamResult> RemoteDatabase::describe_stream(const DescribeStreamRequest& request) {
  return carry_out<DescribeStreamResult>("DescribeStream", request);
}
Result<GetShardIteratorResult> RemoteDatabase::get_shard_iterator(
    const GetShardIteratorRequest& request) {
  return carry_out<GetShardIteratorResult>("GetShardIterator", request);
}
Result<GetRecordsResult> RemoteDatabase::get_records(const GetRecordsRequest& request) {
  return carry_out<GetRecordsResult>("GetRecords", request);
}
Result<UpdateTimeToLiveResult> RemoteDatabase::update_time_to_live(
    const UpdateTimeToLiveRequest& request) {
  return carry_out<UpdateTimeToLiveResult>("UpdateTimeToLive", request);
}
Result<DescribeTimeToLiveResult> RemoteDatabase::describe_time_to_live(
    const DescribeTimeToLiveRequest& request) {
  return carry_out<DescribeTimeToLiveResult>("DescribeTimeToLive", request);
}

Result<TagResourceResult> RemoteDatabase::tag_resource(const TagResourceRequest& request) {
  return carry_out<TagResourceResult>("TagResource", request);
}
Result<UntagResourceResult> RemoteDatabase::untag_resource(const UntagResourceRequest& request) {
  return carry_out<UntagResourceResult>("UntagResource", request);
}
Result<ListTagsOfResourceResult> RemoteDatabase::list_tags_of_resource(
    const ListTagsOfResourceRequest& request) {
  return carry_out<ListTagsOfResourceResult>("ListTagsOfResource", request);
}
Result<DescribeLimitsResult> RemoteDatabase::describe_limits(const DescribeLimitsRequest& request) {
  return carry_out<DescribeLimitsResult>("DescribeLimits", request);
}
Result<DescribeEndpointsResult> RemoteDatabase::describe_endpoints(
    const DescribeEndpointsRequest& request) {
  return carry_out<DescribeEndpointsResult>("DescribeEndpoints", request);
}

void RemoteDatabase::when_durable(std::uint64_t /*position*/,
                                  std::function<void(const Result<void>&)> done) {
  done(Result<void>());
}

}  // namespace dynakeep::remote
