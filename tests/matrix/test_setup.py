"""`dynakeep setup` on the engines of others: tables are made and waited for, found the next time, compared, and left."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import sys
import time

import boto3
import pytest

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("run", str(pathlib.Path(__file__).parent / "run"))
matrix = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", LOADER))
LOADER.exec_module(matrix)

PATIENCE_SECONDS = 120
VARIABLES = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
             "AWS_EC2_METADATA_DISABLED": "true",
             # DynamoDB Local has tables of its own for each key.
             "DISMISSIBLE_STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
             "DISMISSIBLE_STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY": "secret"}

# The tables that each store's setup makes, in its order, and the flags that ask for them.
STORES = {
    "events": (["Events", "Snapshots", "Marks"],
               ["--table", "Events", "--snapshots-table", "Snapshots", "--marks-table", "Marks"]),
    "collections": (["Collections", "Entries"], ["--collections-table", "Collections", "--entries-table", "Entries"]),
    "streams": (["Checkpoints", "Letters"], ["--checkpoints-table", "Checkpoints", "--dead-letters-table", "Letters"]),
    "users": (["Users"], ["--table", "Users"]),
    "dismissals": (["Dismissals"], ["--table", "Dismissals"]),
}


def slow_dynalite(port):
    """Whose tables take a third of a second to be there."""
    command = matrix.dynalite(port)
    command[command.index("--createTableMs") + 1] = "300"
    return command


@pytest.fixture(scope="module", params=["dynamodb_local", "dynalite"])
def engine(request):
    with matrix.Other(request.param, {"dynamodb_local": matrix.dynamodb_local, "dynalite": slow_dynalite}[request.param]) as other:
        yield other


@pytest.fixture
def database(engine):
    client = boto3.client("dynamodb", endpoint_url=engine.endpoint, region_name=VARIABLES["AWS_REGION"],
                          aws_access_key_id=VARIABLES["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=VARIABLES["AWS_SECRET_ACCESS_KEY"])
    yield client
    for table in client.list_tables()["TableNames"]:
        client.delete_table(TableName=table)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while client.list_tables()["TableNames"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start(engine, store, *flags):
    where = "--endpoint" if store == "dismissals" else "--database"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DISMISSIBLE", "DYNA"))}
    return subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "setup", store, *flags, where, engine.endpoint], text=True,
                            env={**environment, **VARIABLES}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(process):
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out, err


def set_up(engine, store, *flags):
    return end(start(engine, store, *flags))


def status_of(database, table):
    return database.describe_table(TableName=table)["Table"]["TableStatus"]


@pytest.mark.parametrize("store", STORES)
def test_tables_are_made_waited_for_and_found_the_next_time(engine, database, store):
    tables, flags = STORES[store]
    for done, upstream in [("was made", "created successfully"), ("is there", "already exists")]:
        code, out, err = set_up(engine, store, *flags)
        assert (code, err) == (0, "")
        assert [status_of(database, table) for table in tables] == ["ACTIVE"] * len(tables)
        if store == "dismissals":
            assert out.splitlines()[-1] == f"Table Dismissals {upstream}"
        else:
            assert out.splitlines() == [f"The table {table} {done}" for table in tables]


def test_several_at_once_make_one_table(engine, database):
    started = [start(engine, "users", "--table", "Users") for _ in range(4)]
    assert [(code, err) for code, _, err in map(end, started)] == [(0, "")] * 4
    assert status_of(database, "Users") == "ACTIVE"


def test_a_table_of_another_shape_is_refused_with_the_difference_and_left(engine, database):
    database.create_table(TableName="Events", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "aggregateId", "AttributeType": "S"},
                                                {"AttributeName": "version", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "aggregateId", "KeyType": "HASH"},
                                     {"AttributeName": "version", "KeyType": "RANGE"}])
    code, out, err = set_up(engine, "events", "--table", "Events")
    assert (code, out) == (1, "")
    assert err == ("dynakeep: the table Events is there, of another shape: its key is aggregateId (S), version (S) and not "
                   "aggregateId (S), version (N); there is no index initialEvents\n")
    table = database.describe_table(TableName="Events")["Table"]
    assert "GlobalSecondaryIndexes" not in table and len(table["AttributeDefinitions"]) == 2


def test_a_time_to_live_is_switched_on_or_its_lack_is_told(engine, database):
    for _ in range(2):
        code, out, err = set_up(engine, "users", "--table", "Users", "--time-to-live", "expiresAt")
        assert code == 0 and out.startswith("The table Users ")
        if engine.name == "dynalite":
            assert err == ("dynakeep: warning: the database has no time to live: nothing deletes what has expired in Users\n")
        else:
            assert err == ""
            expiry = database.describe_time_to_live(TableName="Users")["TimeToLiveDescription"]
            assert expiry["AttributeName"] == "expiresAt"
