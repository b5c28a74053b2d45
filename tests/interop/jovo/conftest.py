"""Two programs on one table: Jovo's framework in JavaScript and our library in C++, driven a turn at a
time.

DYNAKEEP_PROGRAM names the program that serves, DYNAKEEP_JOVO_DRIVER the C++ driver; what a driver takes
is said in driver.mjs.
"""

import decimal
import json
import os
import pathlib
import subprocess
import sys
import uuid

import boto3
import botocore.config
import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "support"))
import serving  # noqa: E402

PATIENCE_SECONDS = 300
DRIVERS = {
    "javascript": ["node", str(FOLDER / "driver.mjs")],
    "cpp": [os.environ.get("DYNAKEEP_JOVO_DRIVER", "jovo_driver")],
}


class Party:
    """One language's driver: a process that stays."""

    def __init__(self, name, environment):
        self.name = name
        self.process = subprocess.Popen(DRIVERS[name], env=environment, cwd=FOLDER, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, command, members):
        self.process.stdin.write(json.dumps({command: members}, ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def turn(self, **members):
        """What the application was given to work on."""
        answer = self.ask("turn", members)
        assert "error" not in answer, f"{self.name}: {answer['error']}"
        return by_value(answer["loaded"])

    def refusal(self, **members):
        answer = self.ask("turn", members)
        assert "error" in answer, f"{self.name} was not refused"
        return answer["error"]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(timeout=PATIENCE_SECONDS)


def by_value(value):
    """DynamoDB JSON with its numbers as such and its sets as sets: spelling and order do not matter."""
    if isinstance(value, list):
        return [by_value(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, held),) = value.items()
        if kind == "N" and isinstance(held, str):
            return {kind: decimal.Decimal(held)}
        if kind in ("SS", "BS") and isinstance(held, list):
            return {kind: frozenset(held)}
        if kind == "NS" and isinstance(held, list):
            return {kind: frozenset(decimal.Decimal(each) for each in held)}
    return {name: by_value(member) for name, member in value.items()}


@pytest.fixture(scope="session")
def server():
    running = serving.Server("--in-memory")
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def parties(server):
    started = {name: Party(name, server.environment()) for name in DRIVERS}
    yield started
    for party in started.values():
        assert party.end() == 0


@pytest.fixture
def javascript(parties):
    return parties["javascript"]


@pytest.fixture
def cpp(parties):
    return parties["cpp"]


@pytest.fixture(scope="session")
def database(server):
    session = boto3.session.Session(aws_access_key_id=serving.ACCESS_KEY_ID,
                                    aws_secret_access_key=serving.SECRET_ACCESS_KEY, region_name=serving.REGION)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return session.client("dynamodb", endpoint_url=server.endpoint, config=config)


class Table:
    """A table as upstream makes it, and what is in it as DynamoDB JSON."""

    def __init__(self, client, key="userId"):
        self.client = client
        self.key = key
        self.name = "Users-" + uuid.uuid4().hex[:12]
        self.client.create_table(
            TableName=self.name, AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 2})

    def raw(self, user_id):
        key = {self.key: {"S": user_id}}
        found = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")
        return None if found is None else by_base64(found)

    def item(self, user_id):
        """Without the key, so that items of two users can be compared."""
        item = self.raw(user_id)
        assert item.pop(self.key) == {"S": user_id}
        return by_value(item)

    def put(self, item):
        self.client.put_item(TableName=self.name, Item=item)

    def config(self, **elements):
        return {"table": {"name": self.name, "primaryKeyColumn": self.key}, "storedElements": elements}


def by_base64(value):
    """Bytes as the wire has them."""
    if isinstance(value, bytes):
        import base64
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [by_base64(element) for element in value]
    if isinstance(value, dict):
        return {name: by_base64(member) for name, member in value.items()}
    return value


@pytest.fixture
def table(database):
    return Table(database)


def pytest_unconfigure(config):
    serving.print_count(config)
