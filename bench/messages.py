"""Requests as bytes, for dynakeep_load --messages."""

import json

SIGNED = ("Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
          "SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\n")


def message(method, path, headers, body=""):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}").encode()


# Which of the protocol's services has the operation.
STREAM_OPERATIONS = {"ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"}


def target(operation):
    return ("DynamoDBStreams_20120810." if operation in STREAM_OPERATIONS else "DynamoDB_20120810.") + operation


def protocol(operation, body):
    return message("POST", "/", f"X-Amz-Target: {target(operation)}\r\n"
                   f"Content-Type: application/x-amz-json-1.0\r\n{SIGNED}", json.dumps(body, separators=(",", ":")))


def write(file, messages):
    with open(file, "wb") as out:
        for each in messages:
            out.write(b"%d\n%s" % (len(each), each))
    return file
