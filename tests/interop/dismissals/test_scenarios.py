"""What one side writes the other reads, and what either writes is the same item, byte for byte."""

import itertools
import json
import os
import subprocess
import uuid

import pytest
from conftest import PATIENCE_SECONDS

# As upstream's documents have it made.
DEFINITION = {
    "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"},
                             {"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
}
CREATED = "2024-01-15T10:30:00.000Z"
LATER = "2024-01-15T12:00:00.000Z"
LAST = "2024-02-01T00:00:00.001Z"

# The calls that lead to each state, and the item that is then stored.
STATES = {
    "fresh": ([("create", CREATED)], {"NULL": True}),
    "dismissed": ([("create", CREATED), ("dismiss", LATER)], {"S": LATER}),
    "restored": ([("create", CREATED), ("dismiss", LATER), ("restore", LAST)], {"NULL": True}),
    "dismissed again": ([("create", CREATED), ("dismiss", LATER), ("restore", LATER), ("dismiss", LAST)], {"S": LAST}),
}
SIDES = ["javascript", "cpp"]


@pytest.fixture
def table(database):
    name = f"dismissals-{uuid.uuid4().hex[:12]}"
    database.create_table(TableName=name, **DEFINITION)
    return name


@pytest.fixture
def call(parties, table):
    """call(side, operation, …): what it gave; it must go well."""
    def of_side(side, operation, item="banner", **members):
        kind, value = parties[side].outcome(operation, table=table, user="user-123", item=item, **members)
        assert kind == "ok", f"{side} {operation}: {value}"
        return value

    return of_side


@pytest.fixture
def refusal(parties, table):
    def of_side(side, operation, **members):
        kind, value = parties[side].outcome(operation, table=table, user="user-123", item="banner", **members)
        assert kind == "error", f"{side} {operation} was not refused: {value}"
        return value

    return of_side


def raw(database, table, item="banner"):
    key = {"userId": {"S": "user-123"}, "id": {"S": item}}
    return database.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


@pytest.mark.parametrize("writers", [("javascript",), ("cpp",), ("javascript", "cpp"), ("cpp", "javascript")])
@pytest.mark.parametrize("state", STATES)
def test_each_state_is_one_item_whoever_wrote_it_and_both_read_it(database, table, call, state, writers):
    calls, dismissed_at = STATES[state]
    for (operation, now), writer in zip(calls, itertools.cycle(writers)):
        told = call(writer, operation, now=now)
    assert raw(database, table) == {"userId": {"S": "user-123"}, "id": {"S": "banner"},
                                    "createdAt": {"S": CREATED}, "dismissedAt": dismissed_at}
    expected = {"itemId": "banner", "userId": "user-123", "createdAt": CREATED}
    if "S" in dismissed_at:
        expected["dismissedAt"] = dismissed_at["S"]
    assert told == expected
    for reader in SIDES:
        assert call(reader, "get") == expected
        assert call(reader, "getMany", items=["banner", "missing"]) == {"banner": expected}


@pytest.mark.parametrize("writer, other", [("javascript", "cpp"), ("cpp", "javascript")])
def test_what_one_side_did_the_other_does_not_do_again(call, refusal, writer, other):
    assert refusal(other, "dismiss", now=LATER) == 'Item with id "banner" not found'
    call(writer, "create", now=CREATED)
    assert refusal(other, "restore", now=LATER) == 'Item with id "banner" is not dismissed'
    call(writer, "dismiss", now=LATER)
    assert refusal(other, "dismiss", now=LAST) == 'Item with id "banner" is already dismissed'
    call(writer, "remove")
    assert call(other, "get") is None


def test_our_creation_finds_theirs(call):
    call("javascript", "create", now=CREATED)
    call("javascript", "dismiss", now=LATER)
    assert call("cpp", "create", now=LAST) == {
        "itemId": "banner", "userId": "user-123", "createdAt": CREATED, "dismissedAt": LATER}


@pytest.mark.parametrize("writer, other", [("javascript", "cpp"), ("cpp", "javascript")])
def test_a_table_that_one_side_filled_the_other_empties(database, table, call, writer, other):
    for number in range(60):
        call(writer, "create", item=f"item-{number}", now=CREATED)
    call(other, "removeAll")
    assert database.scan(TableName=table, Select="COUNT")["Count"] == 0


def test_the_setup_makes_the_table_that_upstreams_documents_make(server, database, table):
    name = f"dismissals-{uuid.uuid4().hex[:12]}"
    flags = ["setup", "dismissals", "--table", name, "--endpoint", server.endpoint]
    request = subprocess.run([os.environ["DYNAKEEP_PROGRAM"], *flags, "--dry-run"], capture_output=True, text=True,
                             env=server.environment(), timeout=PATIENCE_SECONDS, check=True).stdout
    assert json.loads(request) == {"TableName": name, **DEFINITION}
    subprocess.run([os.environ["DYNAKEEP_PROGRAM"], *flags], env=server.environment(), timeout=PATIENCE_SECONDS,
                   check=True, stdout=subprocess.DEVNULL)

    def described(which):
        its_own = {"TableName", "TableArn", "TableId", "CreationDateTime"}
        description = database.describe_table(TableName=which)["Table"]
        description["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime", None)
        return {key: value for key, value in description.items() if key not in its_own}

    assert described(name) == described(table)
