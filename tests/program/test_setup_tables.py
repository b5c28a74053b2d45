"""`dynakeep setup` of events, collections and users: tables made, found and compared, and their definitions printed."""

import json
import shlex
import subprocess
import uuid

import botocore.session
import pytest
from conftest import PATIENCE_SECONDS, environment_of, run

STORES = ["events", "collections", "streams", "users", "dismissals"]


def flags_of(store, prefix):
    if store == "collections":
        return ["--collections-table", f"{prefix}-collections", "--entries-table", f"{prefix}-entries"]
    if store == "streams":
        return ["--checkpoints-table", f"{prefix}-checkpoints", "--dead-letters-table", f"{prefix}-letters"]
    if store == "events":
        return ["--table", f"{prefix}-events", "--snapshots-table", f"{prefix}-snapshots", "--marks-table", f"{prefix}-marks"]
    more = ["--time-to-live", "expiresAt"] if store == "users" else ["--time-to-live"] if store == "dismissals" else []
    return ["--table", f"{prefix}-{store}", *more]


def printed(server, store, form, prefix):
    code, out, err = run(server, "setup", store, *flags_of(store, prefix), "--print", form)
    assert (code, err) == (0, "")
    return out


@pytest.fixture
def prefix():
    return f"T-{uuid.uuid4().hex[:12]}"


def shape_of(database, table):
    found = database.describe_table(TableName=table)["Table"]
    expiry = database.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    indexes = [{name: each[name] for name in ("IndexName", "KeySchema", "Projection")}
               for each in found.get("GlobalSecondaryIndexes", [])]
    return {"keys": found["KeySchema"], "attributes": sorted(map(str, found["AttributeDefinitions"])), "indexes": indexes,
            "billing": found.get("BillingModeSummary", {}).get("BillingMode"), "expiry": expiry.get("AttributeName"),
            "units": found["ProvisionedThroughput"]["ReadCapacityUnits"], "status": found["TableStatus"]}


def set_up(server, store, *flags, **environment):
    where = ["--endpoint", server.endpoint] if store == "dismissals" else ["--database", server.endpoint]
    return run(server, "setup", store, *flags, *where, **environment)


@pytest.mark.parametrize("store", ["events", "collections", "streams", "users"])
def test_tables_are_made_once_and_found_the_next_time(server, database, prefix, store):
    tables = [word for word in flags_of(store, prefix) if word.startswith(prefix)]
    code, out, err = set_up(server, store, *flags_of(store, prefix))
    assert (code, out.splitlines(), err) == (0, [f"The table {table} was made" for table in tables], "")
    assert all(shape_of(database, table)["status"] == "ACTIVE" for table in tables)
    code, out, err = set_up(server, store, *flags_of(store, prefix))
    assert (code, out.splitlines(), err) == (0, [f"The table {table} is there" for table in tables], "")


def test_the_tables_are_the_originals(server, database, prefix):
    assert set_up(server, "events", *flags_of("events", prefix))[0] == 0
    assert shape_of(database, f"{prefix}-events") == {
        "keys": [{"AttributeName": "aggregateId", "KeyType": "HASH"}, {"AttributeName": "version", "KeyType": "RANGE"}],
        "attributes": sorted(str({"AttributeName": name, "AttributeType": kind}) for name, kind in (
            ("aggregateId", "S"), ("version", "N"), ("eventStoreId", "S"), ("timestamp", "S"))),
        "indexes": [{"IndexName": "initialEvents", "Projection": {"ProjectionType": "KEYS_ONLY"},
                     "KeySchema": [{"AttributeName": "eventStoreId", "KeyType": "HASH"},
                                   {"AttributeName": "timestamp", "KeyType": "RANGE"}]}],
        "billing": "PAY_PER_REQUEST", "expiry": None, "units": 0, "status": "ACTIVE"}


def test_one_table_may_have_checkpoints_and_dead_letters(server, database, prefix):
    table = f"{prefix}-streams"
    flags = ["--checkpoints-table", table, "--dead-letters-table", table]
    assert set_up(server, "streams", *flags) == (0, f"The table {table} was made\n", "")
    keys = shape_of(database, table)["keys"]
    assert [each["AttributeName"] for each in keys] == ["pk", "sk"]
    policy = json.loads(run(server, "setup", "streams", *flags, "--print", "iam")[1])
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(sids) == len(set(sids)) == 5


def test_readers_of_streams_must_name_a_table(server):
    expected = (2, "", "dynakeep: --checkpoints-table or --dead-letters-table is required; see dynakeep setup streams --help\n")
    assert set_up(server, "streams") == expected
    assert run(server, "setup", "streams", "--database", "http://127.0.0.1:9") == expected


@pytest.mark.parametrize("flags, words", [
    (["events", "--table", "Same", "--snapshots-table", "Same"], "Same cannot be two tables of this store"),
    (["collections", "--collections-table", "Same", "--entries-table", "Same"], "Same cannot be two tables"),
    (["events", "--table", "no name!", "--print", "cli"], "Value 'no name!' at 'tableName'"),
    (["events", "--table", "Same", "--marks-table", "Same", "--print", "cdk"], "Same cannot be two tables"),
    (["users", "--table", "Users", "--print", "pulumi"],
     "--print: 'pulumi' is none of cdk, cli, cloudformation, iam, terraform"),
    (["pictures"], "There is no command 'pictures'"),
])
def test_what_makes_no_sense_is_refused_before_anything_is_done(server, database, flags, words):
    code, out, err = run(server, "setup", *flags, DYNAKEEP_DATABASE=server.endpoint)
    assert (code, out) == (2, "")
    assert words in err
    assert "Same" not in database.list_tables()["TableNames"]


def test_variables_of_the_originals_count(server, database, prefix):
    names = {"TABLE_NAME_COLLECTIONS": f"{prefix}-c", "TABLE_NAME_ENTRIES": f"{prefix}-e",
             "AWS_DYNAMODB_BILLING_MODE": "PROVISIONED", "AWS_DYNAMODB_READ_CAPACITY_UNITS": "3"}
    assert set_up(server, "collections", **names)[0] == 0
    assert shape_of(database, f"{prefix}-c")["units"] == 3
    assert shape_of(database, f"{prefix}-e")["units"] == 3


def test_a_table_of_another_shape_is_told_and_left(server, database, prefix):
    database.create_table(TableName=f"{prefix}-events", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "aggregateId", "AttributeType": "S"},
                                                {"AttributeName": "version", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "aggregateId", "KeyType": "HASH"},
                                     {"AttributeName": "version", "KeyType": "RANGE"}])
    before = shape_of(database, f"{prefix}-events")
    assert set_up(server, "events", "--table", f"{prefix}-events") == (1, "", (
        f"dynakeep: the table {prefix}-events is there, of another shape: its key is aggregateId (S), version (S) and "
        "not aggregateId (S), version (N); there is no index initialEvents\n"))
    assert shape_of(database, f"{prefix}-events") == before

    assert set_up(server, "users", "--table", f"{prefix}-users", "--time-to-live", "end")[0] == 0
    code, _, err = set_up(server, "users", "--table", f"{prefix}-users", "--time-to-live", "expiresAt")
    assert code == 1 and "its items expire by end and not by expiresAt" in err


@pytest.mark.parametrize("store", STORES)
def test_printed_commands_make_the_same_tables(server, database, prefix, store):
    assert set_up(server, store, *flags_of(store, prefix))[0] == 0
    script = printed(server, store, "cli", f"{prefix}-cli")
    alias = f"aws() {{ /usr/bin/aws --endpoint-url {shlex.quote(server.endpoint)} \"$@\"; }}\n"
    done = subprocess.run(["sh", "-ec", alias + script], env=environment_of(server), capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    for table in [word for word in flags_of(store, prefix) if word.startswith(prefix)]:
        assert shape_of(database, table.replace(prefix, f"{prefix}-cli")) == shape_of(database, table)


@pytest.mark.parametrize("store", STORES)
def test_printed_templates_have_what_create_table_takes(server, database, prefix, store):
    """CloudFormation's properties of a table are CreateTable's parameters but for a few: boto3 checks them."""
    assert set_up(server, store, *flags_of(store, prefix))[0] == 0
    template = json.loads(printed(server, store, "cloudformation", f"{prefix}-cfn"))
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    for resource in template["Resources"].values():
        assert resource["Type"] == "AWS::DynamoDB::Table"
        properties = resource["Properties"]
        expiry = properties.pop("TimeToLiveSpecification", None)
        database.create_table(**properties)
        name = properties["TableName"]
        if expiry:
            database.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
        assert shape_of(database, name) == shape_of(database, name.replace("-cfn", ""))


# Permissions that are no operations of their own: parts of transactions.
PERMISSIONS_ALONE = {"ConditionCheckItem"}


@pytest.mark.parametrize("store", STORES)
def test_printed_policies_allow_the_stores_operations_alone(server, prefix, store):
    policy = json.loads(printed(server, store, "iam", prefix))
    session = botocore.session.get_session()
    operations = {name for service in ("dynamodb", "dynamodbstreams")
                  for name in session.get_service_model(service).operation_names}
    assert policy["Version"] == "2012-10-17"
    tables = {word for word in flags_of(store, prefix) if word.startswith(prefix)}
    seen, sids = set(), []
    for statement in policy["Statement"]:
        assert sorted(statement) == ["Action", "Effect", "Resource", "Sid"] and statement["Effect"] == "Allow"
        assert statement["Sid"].isalnum()
        sids.append(statement["Sid"])
        table = statement["Resource"].removeprefix("arn:aws:dynamodb:*:*:table/")
        assert table.split("/")[0] in tables
        seen.add(table)
        names = {action.removeprefix("dynamodb:") for action in statement["Action"]}
        assert names and names <= operations | PERMISSIONS_ALONE
        assert not names & {"CreateTable", "DeleteTable", "UpdateTable"}
    assert len(sids) == len(set(sids)) and tables <= seen
    assert (f"{prefix}-events/index/initialEvents" in seen) == (store == "events")


def test_printing_asks_nobody(server):
    code, out, _ = run(server, "setup", "events", "--table", "Events", "--print", "terraform",
                       DYNAKEEP_DATABASE="http://127.0.0.1:9")
    assert code == 0 and 'resource "aws_dynamodb_table" "EventsTable"' in out
