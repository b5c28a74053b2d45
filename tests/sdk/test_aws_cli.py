"""The AWS command line interface, version 2: the same life cycles from a shell."""

import json
import subprocess

import pytest


@pytest.fixture
def aws(server):
    """Runs `aws dynamodb ...`; gives what it printed, as JSON. With fails=True: its complaint."""
    def run(*arguments, fails=False):
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", server.endpoint, "--output", "json", "dynamodb", *arguments],
                              env=server.environment(), capture_output=True, text=True, timeout=300, check=False)
        if fails:
            assert done.returncode != 0
            return done.stderr.strip()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None
    return run


def test_a_shell_session(aws, table_name):
    table = ("--table-name", table_name)
    made = aws("create-table", *table, "--attribute-definitions", "AttributeName=artist,AttributeType=S", "AttributeName=title,AttributeType=S",
               "--key-schema", "AttributeName=artist,KeyType=HASH", "AttributeName=title,KeyType=RANGE", "--billing-mode", "PAY_PER_REQUEST")
    assert made["TableDescription"]["TableName"] == table_name
    aws("wait", "table-exists", *table)

    aws("put-item", *table, "--item", '{"artist": {"S": "Nina"}, "title": {"S": "Sinnerman"}, "plays": {"N": "1"}}')
    assert aws("get-item", *table, "--key", '{"artist": {"S": "Nina"}, "title": {"S": "Sinnerman"}}')["Item"]["plays"] == {"N": "1"}
    assert "(ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed" in aws(
        "put-item", *table, "--item", '{"artist": {"S": "Nina"}, "title": {"S": "Sinnerman"}}',
        "--condition-expression", "attribute_not_exists(artist)", fails=True)
    assert aws("update-item", *table, "--key", '{"artist": {"S": "Nina"}, "title": {"S": "Sinnerman"}}', "--update-expression", "SET plays = plays + :n",
               "--expression-attribute-values", '{":n": {"N": "41"}}', "--return-values", "UPDATED_NEW")["Attributes"] == {"plays": {"N": "42"}}

    aws("batch-write-item", "--request-items", json.dumps({table_name: [
        {"PutRequest": {"Item": {"artist": {"S": "Nina"}, "title": {"S": f"t{i}"}}}} for i in range(20)]}))
    assert aws("query", *table, "--key-condition-expression", "artist = :a AND begins_with(title, :t)",
               "--expression-attribute-values", '{":a": {"S": "Nina"}, ":t": {"S": "t"}}', "--page-size", "6")["Count"] == 20
    assert aws("scan", *table, "--max-items", "5")["NextToken"]
    assert len(aws("scan", *table, "--page-size", "4", "--query", "Items[].title.S")) == 21

    aws("transact-write-items", "--transact-items", json.dumps([
        {"Delete": {"TableName": table_name, "Key": {"artist": {"S": "Nina"}, "title": {"S": "t0"}}}},
        {"Put": {"TableName": table_name, "Item": {"artist": {"S": "Ella"}, "title": {"S": "t0"}}}}]))
    got = aws("transact-get-items", "--transact-items", json.dumps([
        {"Get": {"TableName": table_name, "Key": {"artist": {"S": artist}, "title": {"S": "t0"}}}} for artist in ("Nina", "Ella")]))
    assert got["Responses"] == [{}, {"Item": {"artist": {"S": "Ella"}, "title": {"S": "t0"}}}]

    assert aws("delete-item", *table, "--key", '{"artist": {"S": "Ella"}, "title": {"S": "t0"}}', "--return-values", "ALL_OLD")["Attributes"]
    assert table_name in aws("list-tables")["TableNames"]
    aws("delete-table", *table)
    aws("wait", "table-not-exists", *table)
    assert "(ResourceNotFoundException) when calling the DescribeTable operation" in aws("describe-table", *table, fails=True)
