"""Two programs on one table: castore in JavaScript and our library in C++, driven a call at a time.

DYNAKEEP_PROGRAM names the program that serves, DYNAKEEP_CASTORE_DRIVER the C++ driver; what a driver
takes is said in javascript/driver.mjs.
"""

import decimal
import json
import os
import pathlib
import random
import subprocess
import sys
import uuid

import boto3
import botocore.config
import botocore.exceptions
import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "support"))
import serving  # noqa: E402

PATIENCE_SECONDS = 300
EVERYTHING = frozenset({"emptystr", "transactions"})

JAVASCRIPT_DRIVER = ["node", str(FOLDER / "javascript" / "driver.mjs")]
DRIVERS = {
    "javascript": JAVASCRIPT_DRIVER,
    "javascript-too": JAVASCRIPT_DRIVER,  # a second process, for castore beside castore
    "cpp": [os.environ.get("DYNAKEEP_CASTORE_DRIVER", "castore_driver")],
}


class Party:
    """One language's driver. Calls go to a process that stays, the other commands to new ones."""

    def __init__(self, name, environment, dataset):
        self.name = name
        self.dataset = dataset
        self.environment = environment
        self.tables = {}
        self.process = subprocess.Popen([*DRIVERS[name], "call", "-"], env=environment, cwd=FOLDER, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def begin(self, operation, **members):
        """Sends a call without waiting for what comes of it."""
        line = json.dumps({"operation": operation, "tables": self.tables, **members}, ensure_ascii=False)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def outcome(self):
        """Of the oldest call begun: ("ok", what it gave) or ("error", what it says)."""
        ((kind, value),) = json.loads(self.process.stdout.readline()).items()
        return kind, value

    def call(self, operation, **members):
        self.begin(operation, **members)
        kind, value = self.outcome()
        assert kind == "ok", f"{self.name} {operation}: {value}"
        return value

    def refusal(self, operation, **members):
        self.begin(operation, **members)
        kind, value = self.outcome()
        assert kind == "error", f"{self.name} {operation} was not refused: {value}"
        return value

    def events(self, store, aggregate_id, **members):
        return self.call("getEvents", store=store, aggregateId=aggregate_id, **members)["events"]

    def listed(self, store, **members):
        return self.call("listAggregateIds", store=store, **members)

    def start(self, *arguments):
        """A command in a process of its own."""
        tables = {"EVENTS_TABLE": self.tables["events"], "LEGACY_TABLE": self.tables["legacy"],
                  "DATASET": str(self.dataset)}
        return subprocess.Popen([*DRIVERS[self.name], *arguments], env={**self.environment, **tables}, cwd=FOLDER,
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finished(self, process):
        """What it printed."""
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, f"{self.name}: {err}"
        return out

    def run(self, *arguments):
        return self.finished(self.start(*arguments))

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(timeout=PATIENCE_SECONDS)


def table_definition(name, index_partition, index_type):
    """As the castore documentation has it made."""
    return {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "aggregateId", "AttributeType": "S"},
            {"AttributeName": "version", "AttributeType": "N"},
            {"AttributeName": index_partition, "AttributeType": index_type},
            {"AttributeName": "timestamp", "AttributeType": "S"}],
        "KeySchema": [
            {"AttributeName": "aggregateId", "KeyType": "HASH"}, {"AttributeName": "version", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [{
            "IndexName": "initialEvents",
            "KeySchema": [
                {"AttributeName": index_partition, "KeyType": "HASH"},
                {"AttributeName": "timestamp", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        "BillingMode": "PAY_PER_REQUEST"}


def by_value(json):
    """DynamoDB JSON with its numbers as such, since an engine may keep the spelling they came in."""
    if isinstance(json, list):
        return [by_value(element) for element in json]
    if not isinstance(json, dict):
        return json
    return {name: decimal.Decimal(value) if name == "N" and isinstance(value, str) else by_value(value)
            for name, value in json.items()}


class Tables:
    """A table of each format, and what is in them as DynamoDB JSON."""

    def __init__(self, client):
        self.client = client
        suffix = uuid.uuid4().hex[:12]
        self.names = {"events": "Events-" + suffix, "legacy": "Legacy-" + suffix}
        client.create_table(**table_definition(self.names["events"], "eventStoreId", "S"))
        client.create_table(**table_definition(self.names["legacy"], "isInitialEvent", "N"))
        for name in self.names.values():
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def items(self, which="events"):
        pages = self.client.get_paginator("scan").paginate(TableName=self.names[which], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def clear(self, which):
        for item in self.items(which):
            key = {name: item[name] for name in ("aggregateId", "version")}
            self.client.delete_item(TableName=self.names[which], Key=key)

    def item(self, aggregate_id, version, which="events"):
        key = {"aggregateId": {"S": aggregate_id}, "version": {"N": str(version)}}
        return self.client.get_item(TableName=self.names[which], Key=key, ConsistentRead=True).get("Item")


@pytest.fixture(scope="session")
def server():
    """Ours; or what is at DYNAKEEP_INTEROP_ENDPOINT, to hold both languages against another engine."""
    running = serving.Server("--in-memory")
    if "DYNAKEEP_INTEROP_ENDPOINT" in os.environ:
        running.endpoint = os.environ["DYNAKEEP_INTEROP_ENDPOINT"]
        yield running
        return
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def abilities(database):
    """Which of EVERYTHING the engine can. Ours can all of it, and is not asked."""
    if "DYNAKEEP_INTEROP_ENDPOINT" not in os.environ:
        return EVERYTHING
    tables = Tables(database)
    item = {"aggregateId": {"S": "probe"}, "version": {"N": "1"}, "payload": {"S": ""}}
    probes = {
        "emptystr": lambda: database.put_item(TableName=tables.names["events"], Item=item),
        "transactions": lambda: database.transact_write_items(TransactItems=[
            {"Put": {"TableName": tables.names["events"], "Item": {**item, "payload": {"S": "x"}}}}])}

    def can(probe):
        try:
            probe()
        except botocore.exceptions.ClientError:
            return False
        return True

    return frozenset(name for name, probe in probes.items() if can(probe))


@pytest.fixture(autouse=True)
def required(request, abilities):
    """@pytest.mark.requires("transactions"): skipped where there are none, which is not our server."""
    marker = request.node.get_closest_marker("requires")
    if marker and not abilities.issuperset(marker.args):
        pytest.skip("the engine lacks " + ", ".join(sorted(set(marker.args) - abilities)))


@pytest.fixture(scope="session")
def dataset(abilities, tmp_path_factory):
    """What both languages seed, and the file it is in: without what the engine cannot store."""
    everything = json.loads((FOLDER / "dataset.json").read_text(encoding="utf-8"))
    everything["events"] = [entry for entry in everything["events"]
                            if "requires" not in entry or entry["requires"] in abilities]
    path = tmp_path_factory.mktemp("castore") / "dataset.json"
    path.write_text(json.dumps(everything, ensure_ascii=False), encoding="utf-8")
    return {**everything, "path": path}


@pytest.fixture(scope="session")
def processes(server, dataset):
    """By the names of DRIVERS, each started when first asked for."""
    started = {}

    def process_of(name):
        if name not in started:
            started[name] = Party(name, server.environment(), dataset["path"])
        return started[name]

    yield process_of
    for party in started.values():
        assert party.end() == 0


@pytest.fixture(scope="session")
def database(server):
    session = boto3.session.Session(aws_access_key_id=serving.ACCESS_KEY_ID,
                                    aws_secret_access_key=serving.SECRET_ACCESS_KEY, region_name=serving.REGION)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return session.client("dynamodb", endpoint_url=server.endpoint, config=config)


@pytest.fixture
def tables(database):
    """New and empty."""
    return Tables(database)


@pytest.fixture
def party(processes, tables):
    """party("cpp"), party("javascript"): on the tables of this test."""
    def on_these_tables(name):
        found = processes(name)
        found.tables = tables.names
        return found

    return on_these_tables


@pytest.fixture(scope="session")
def seed():
    """Of what is random; pytest shows it with a failure. DYNAKEEP_SEED runs one again."""
    chosen = int(os.environ.get("DYNAKEEP_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"DYNAKEEP_SEED={chosen}")
    return chosen


def pytest_configure(config):
    config.addinivalue_line("markers", "requires(*abilities): of the engine")


def pytest_unconfigure(config):
    serving.print_count(config)
