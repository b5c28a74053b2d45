"""Verified signatures: each client gets in with the right secret, and out with the wrong one."""

import datetime
import subprocess
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
from conftest import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, WRONG_SECRET


def code_of(client):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.list_tables()
    return caught.value.response["Error"]["Code"]


def test_boto3_signs_in(locked_server):
    assert "TableNames" in locked_server.client().list_tables()


def test_boto3_with_a_wrong_secret_is_refused(locked_server):
    client = locked_server.client(secret=WRONG_SECRET)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.list_tables()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert caught.value.response["Error"]["Message"].startswith(
        "The request signature we calculated does not match the signature you provided.")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_boto3_with_an_unknown_key_is_refused(locked_server):
    assert code_of(locked_server.client(access_key_id="AKIAUNKNOWN")) == "UnrecognizedClientException"


def test_bodies_of_any_text_are_signed(locked_server, table_name):
    client = locked_server.client()
    client.create_table(TableName=table_name, AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName=table_name, Item={"id": {"S": "ünï𝄞 \"quoted\" \0"}, "large": {"S": "x" * 390_000}})
    assert client.get_item(TableName=table_name, Key={"id": {"S": "ünï𝄞 \"quoted\" \0"}}, ProjectionExpression="id")["Item"]


def raw(locked_server, sign):
    """Status and body of a ListTables that `sign` has signed."""
    request = botocore.awsrequest.AWSRequest("POST", locked_server.endpoint + "/", data=b"{}", headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"})
    request = sign(request) or request
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, data=b"{}", headers=dict(prepared.headers), method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=300) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def credentials():
    return botocore.credentials.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)


def test_no_signature_at_all_is_refused(locked_server):
    status, body = raw(locked_server, lambda request: None)
    assert status == 400 and "MissingAuthenticationTokenException" in body


class PresignedWithBody(botocore.auth.SigV4QueryAuth):
    """botocore would make the body part of the query, as it is for links; the body stays one here."""

    def _modify_request_before_signing(self, request):
        body, request.data = request.data, None
        super()._modify_request_before_signing(request)
        request.data = body


def test_a_presigned_request_gets_in(locked_server):
    status, body = raw(locked_server, PresignedWithBody(credentials(), "dynamodb", REGION, expires=60).add_auth)
    assert status == 200, body
    assert "TableNames" in body


def test_a_presigned_request_with_a_wrong_secret_is_refused(locked_server):
    wrong = botocore.credentials.Credentials(ACCESS_KEY_ID, WRONG_SECRET)
    status, body = raw(locked_server, PresignedWithBody(wrong, "dynamodb", REGION, expires=60).add_auth)
    assert status == 400 and "InvalidSignatureException" in body


def test_a_changed_target_is_refused(locked_server):
    def sign(request):
        botocore.auth.SigV4Auth(credentials(), "dynamodb", REGION).add_auth(request)
        request.headers.replace_header("X-Amz-Target", "DynamoDB_20120810.DescribeLimits")
    status, body = raw(locked_server, sign)
    assert status == 400 and "InvalidSignatureException" in body


def test_an_old_signature_is_refused(locked_server, monkeypatch):
    class Yesterday(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return super().utcnow() - datetime.timedelta(days=1)
    monkeypatch.setattr(botocore.auth.datetime, "datetime", Yesterday)
    status, body = raw(locked_server, botocore.auth.SigV4Auth(credentials(), "dynamodb", REGION).add_auth)
    assert status == 400 and "InvalidSignatureException" in body and "Signature expired" in body


def list_tables_by_cli(server, secret):
    return subprocess.run(["/usr/bin/aws", "--endpoint-url", server.endpoint, "dynamodb", "list-tables"], env=server.environment(secret),
                          capture_output=True, text=True, timeout=300, check=False)


def test_the_aws_cli_signs_in(locked_server):
    done = list_tables_by_cli(locked_server, SECRET_ACCESS_KEY)
    assert done.returncode == 0 and "TableNames" in done.stdout


def test_the_aws_cli_with_a_wrong_secret_is_refused(locked_server):
    done = list_tables_by_cli(locked_server, WRONG_SECRET)
    assert done.returncode != 0 and "InvalidSignatureException" in done.stderr
