#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/result.h"
#include "http/message.h"

// AWS Signature Version 4, both sides over one canonical request: clients sign, the server
// verifies. The rules are those of "AWS Signature Version 4 for API requests" (IAM User Guide);
// the refusals are DynamoDB's, in its words and its order.
//
// All functions are thread-safe. Each thread keeps its OpenSSL contexts and a bounded number of
// derived signing keys.
namespace dynakeep::http {

// What a signature is good for besides its one request.
struct SigningScope {
  std::string region = "us-east-1";
  std::string service = "dynamodb";
};

// Access key id -> secret access key.
using SecretKeys = std::map<std::string, std::string, std::less<>>;

// Signs in header form: sets X-Amz-Date, X-Amz-Security-Token if there is one, and Authorization,
// in place of those from an earlier attempt. All headers are signed but those that proxies and
// connections change; Host must be there already, and the request final.
void sign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
          Time now);

// Signs in query form: appends the X-Amz-… parameters to the target, which must have none of them.
// The signature is good from now until `expires` (at most 7 days) has passed.
void presign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
             Time now, std::chrono::seconds expires);

// Whether a request carries a signature, in header or query form, with all its parts. What the
// parts say is not looked at. Refuses with missing_authentication_token, incomplete_signature, or
// invalid_signature if it carries both forms.
Result<void> check_signature_is_complete(const HttpRequest& request);

// Whether a request was signed by a holder of one of the secrets, for `service` in any region, and
// lately. Looks in this order, and says DynamoDB's error for the first that is wrong:
//  - check_signature_is_complete;
//  - algorithm, credential scope and date can be read (incomplete_signature);
//  - the scope is for this service and that date; Host and, if there, X-Amz-Target are among the
//    signed headers (invalid_signature). The latter is ours: without it, whoever sees a signed
//    PutItem could send its body as a DeleteTable;
//  - the key is known (unrecognized_client);
//  - the date is at most 5 minutes off; in query form, at most 5 minutes ahead, and X-Amz-Expires
//    (15 minutes if not said) have not passed (invalid_signature);
//  - the signature, compared in constant time (invalid_signature).
// The body's own hash counts, as in DynamoDB: an X-Amz-Content-Sha256 that claims another, or
// UNSIGNED-PAYLOAD, ends in a signature that does not match.
Result<void> verify(const HttpRequest& request, const SecretKeys& secrets, std::string_view service,
                    Time now);

// "Sun, 30 Aug 2015 12:36:00 GMT", the form of a Date header: what a client whose signature was too
// early or too late sets its clock by.
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace dynakeep::http
