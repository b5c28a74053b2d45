#include "wire/error_json.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/item.h"

namespace dynakeep::wire {
namespace {

TEST(ErrorJson, SpellsEachExceptionAsTheServiceDoes) {
  const std::string dynamodb = R"({"__type":"com.amazonaws.dynamodb.v20120810#)";
  const std::string service = R"({"__type":"com.amazon.coral.service#)";
  const std::vector<std::pair<ErrorCode, std::string>> cases = {
      {ErrorCode::validation,
       R"({"__type":"com.amazon.coral.validate#ValidationException","message":"m"})"},
      {ErrorCode::serialization, service + R"(SerializationException","Message":"m"})"},
      {ErrorCode::conditional_check_failed,
       dynamodb + R"(ConditionalCheckFailedException","message":"m"})"},
      {ErrorCode::resource_not_found, dynamodb + R"(ResourceNotFoundException","message":"m"})"},
      {ErrorCode::resource_in_use, dynamodb + R"(ResourceInUseException","message":"m"})"},
      {ErrorCode::limit_exceeded, dynamodb + R"(LimitExceededException","message":"m"})"},
      {ErrorCode::item_collection_size_limit_exceeded,
       dynamodb + R"(ItemCollectionSizeLimitExceededException","message":"m"})"},
      {ErrorCode::transaction_canceled,
       dynamodb + R"(TransactionCanceledException","CancellationReasons":[],"Message":"m"})"},
      {ErrorCode::transaction_conflict,
       dynamodb + R"(TransactionConflictException","message":"m"})"},
      {ErrorCode::transaction_in_progress,
       dynamodb + R"(TransactionInProgressException","Message":"m"})"},
      {ErrorCode::idempotent_parameter_mismatch,
       dynamodb + R"(IdempotentParameterMismatchException","Message":"m"})"},
      {ErrorCode::provisioned_throughput_exceeded,
       dynamodb + R"(ProvisionedThroughputExceededException","message":"m"})"},
      {ErrorCode::throttling,
       R"({"__type":"com.amazon.coral.availability#ThrottlingException","message":"m"})"},
      {ErrorCode::request_limit_exceeded, dynamodb + R"(RequestLimitExceeded","message":"m"})"},
      {ErrorCode::expired_iterator, dynamodb + R"(ExpiredIteratorException","message":"m"})"},
      {ErrorCode::trimmed_data_access, dynamodb + R"(TrimmedDataAccessException","message":"m"})"},
      {ErrorCode::snapshot_expired, dynamodb + R"(SnapshotExpired","message":"m"})"},
      {ErrorCode::unknown_operation, service + R"(UnknownOperationException","message":"m"})"},
      {ErrorCode::missing_authentication_token,
       service + R"(MissingAuthenticationTokenException","message":"m"})"},
      {ErrorCode::incomplete_signature,
       service + R"(IncompleteSignatureException","message":"m"})"},
      {ErrorCode::invalid_signature, service + R"(InvalidSignatureException","message":"m"})"},
      {ErrorCode::unrecognized_client, service + R"(UnrecognizedClientException","message":"m"})"},
      {ErrorCode::access_denied, service + R"(AccessDeniedException","Message":"m"})"},
      {ErrorCode::internal_server_error, dynamodb + R"(InternalServerError","message":"m"})"},
  };
  for (const auto& [code, json] : cases) {
    const Error error(code, "m");
    EXPECT_EQ(encode_error(error), json);
    EXPECT_EQ(status_of(error), code == ErrorCode::internal_server_error ? 500 : 400);

    const Error again = decode_error(status_of(error), json);
    EXPECT_EQ(again.code(), code) << json;
    EXPECT_EQ(again.message(), "m") << json;
  }
}

TEST(ErrorJson, HidesWhatOnlyALibraryCanSayBehindDynamoDbsNames) {
  for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::timed_out}) {
    const std::string json = encode_error({code, "late"});
    EXPECT_EQ(
        json,
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable","message":"late"})");
    EXPECT_EQ(status_of({code, "late"}), 503);
    EXPECT_EQ(decode_error(503, json).code(), ErrorCode::unavailable);
  }
  EXPECT_EQ(status_of({ErrorCode::invalid_argument, "bad"}), 400);
}

TEST(ErrorJson, LeavesAnEmptyMessageOut) {
  EXPECT_EQ(encode_error({ErrorCode::serialization, ""}),
            R"({"__type":"com.amazon.coral.service#SerializationException"})");
  const Error error =
      decode_error(400, R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
  EXPECT_EQ(error.code(), ErrorCode::unknown_operation);
  EXPECT_EQ(error.message(), "");
}

TEST(ErrorJson, HandsBackTheItemOfAFailedCondition) {
  Error error = Error::conditional_check_failed();
  error.set_item(Item{{"artist", "Nina"}, {"plays", 12}});
  const std::string json =
      R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
      R"("message":"The conditional request failed",)"
      R"("Item":{"artist":{"S":"Nina"},"plays":{"N":"12"}}})";
  EXPECT_EQ(encode_error(error), json);
  const Error again = decode_error(400, json);
  EXPECT_TRUE(again.is_condition_failure());
  ASSERT_NE(again.item(), nullptr);
  EXPECT_EQ(*again.item(), *error.item());
}

TEST(ErrorJson, GivesTheReasonsOfACancelledTransactionInOrder) {
  Error error(ErrorCode::transaction_canceled,
              "Transaction cancelled, please refer cancellation reasons for specific reasons "
              "[None, ConditionalCheckFailed]");
  error.set_cancellation_reasons({{},
                                  {.code = "ConditionalCheckFailed",
                                   .message = "The conditional request failed",
                                   .item = std::make_shared<const Item>(Item{{"a", "k"}})}});
  const std::string json =
      R"({"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",)"
      R"("CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed",)"
      R"("Message":"The conditional request failed","Item":{"a":{"S":"k"}}}],)"
      R"("Message":"Transaction cancelled, please refer cancellation reasons for specific reasons )"
      R"([None, ConditionalCheckFailed]"})";
  EXPECT_EQ(encode_error(error), json);

  const Error again = decode_error(400, json);
  EXPECT_EQ(again.code(), ErrorCode::transaction_canceled);
  EXPECT_EQ(again.message(), error.message());
  ASSERT_EQ(again.cancellation_reasons().size(), 2U);
  EXPECT_EQ(again.cancellation_reasons()[0].code, "None");
  EXPECT_EQ(again.cancellation_reasons()[0].item, nullptr);
  EXPECT_EQ(again.cancellation_reasons()[1].message, "The conditional request failed");
  EXPECT_EQ(*again.cancellation_reasons()[1].item, (Item{{"a", "k"}}));
}

TEST(ErrorJson, TakesNamesWithoutANamespaceAndWithAUri) {
  for (const char* type : {"ResourceNotFoundException", "any.thing#ResourceNotFoundException",
                           "any.thing#ResourceNotFoundException:http://internal.amazon.com/"}) {
    const Error error =
        decode_error(400, R"({"__type":")" + std::string(type) + R"(","message":"gone"})");
    EXPECT_EQ(error.code(), ErrorCode::resource_not_found) << type;
    EXPECT_EQ(error.message(), "gone");
  }
}

TEST(ErrorJson, TakesAnythingForAnAnswer) {
  EXPECT_EQ(decode_error(400, R"({"__type":"x#BackupInUseException","message":"busy"})").message(),
            "BackupInUseException: busy");
  EXPECT_EQ(decode_error(400, R"({"__type":"x#BackupInUseException"})").code(),
            ErrorCode::validation);
  EXPECT_EQ(decode_error(503, R"({"__type":"x#ServiceUnavailable"})").code(),
            ErrorCode::unavailable);
  for (const char* body : {"", "<html>Bad gateway</html>", "[]", "{}", R"({"__type":3})",
                           R"({"message":"no type"})", "\xff"}) {
    const Error error = decode_error(502, body);
    EXPECT_EQ(error.code(), ErrorCode::internal_server_error) << body;
    EXPECT_TRUE(error.message().starts_with("HTTP status 502")) << error.message();
  }
}

TEST(ErrorJson, TakesAnExceptionForTheOneThatACallerTreatsAlike) {
  const auto sent = decode_sent_error(
      400, R"({"__type":"com.amazon.coral.service#ExpiredTokenException",)"
           R"("message":"The security token included in the request is expired"})");
  EXPECT_EQ(sent.exception, "ExpiredTokenException");
  EXPECT_EQ(sent.error.code(), ErrorCode::unrecognized_client);
  EXPECT_EQ(sent.error.message(),
            "ExpiredTokenException: The security token included in the request is expired");
}

TEST(ErrorJson, TellsTheExceptionAsItWasSent) {
  EXPECT_EQ(decode_sent_error(400, R"({"__type":"a#ThrottlingException"})").exception,
            "ThrottlingException");
  EXPECT_EQ(decode_sent_error(503, R"({"__type":"SlowDown:http://x"})").exception, "SlowDown");
  EXPECT_EQ(decode_sent_error(502, "<html>").exception, "");
}

}  // namespace
}  // namespace dynakeep::wire
