"""`dynakeep replica`: copies of tables in files and databases, complete and then current."""

import json
import os
import random
import signal
import subprocess
import time
import uuid

import pytest
from conftest import PATIENCE_SECONDS, environment_of, run


@pytest.fixture
def table(database):
    name = f"Songs-{uuid.uuid4().hex[:12]}"
    database.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    for number in range(30):
        put(database, name, str(number), 1)
    yield name
    database.delete_table(TableName=name)


def put(database, table, key, version):
    database.put_item(TableName=table, Item={"id": {"S": key}, "n": {"N": str(version)}})


def items_in(path):
    """By id, as they are in the file."""
    items = [json.loads(line) for line in path.read_text().splitlines()]
    assert [item["id"]["S"] for item in items] == sorted(item["id"]["S"] for item in items)
    return {item["id"]["S"]: item["n"]["N"] for item in items}


class Replicating:
    """The program, while it follows."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "replica", *arguments],
                                        env=environment_of(server), stderr=subprocess.PIPE, text=True)

    def until(self, words):
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"it ended without saying: {words}")

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_copy_in_a_file_is_there_when_it_is_complete(server, table, tmp_path):
    path = tmp_path / "songs.jsonl"
    code, out, err = run(server, "replica", table, "--database", server.endpoint, "--out", str(path), "--once",
                         "--verify")
    assert (code, out) == (0, ""), err
    assert items_in(path) == {str(number): "1" for number in range(30)}
    assert f"{table}: live" in err and "30 items" in err and "behind" in err
    assert "compared with the table: 30 items, 0 different" in err


def test_a_copy_in_a_file_follows_the_table(server, database, table, tmp_path):
    path = tmp_path / "songs.jsonl"
    replicating = Replicating(server, table, "--database", server.endpoint, "--out", str(path), "--every", "0.1")
    replicating.until(": live")
    until(path.exists)
    put(database, table, "3", 2)
    until(lambda: items_in(path)["3"] == "2")
    put(database, table, "4", 2)
    database.delete_item(TableName=table, Key={"id": {"S": "5"}})
    until(lambda: items_in(path)["4"] == "2" and "5" not in items_in(path))
    assert replicating.stop() == 0
    items = items_in(path)
    assert items["4"] == "2" and "5" not in items and len(items) == 29


def test_a_copy_in_a_database_goes_on_where_it_was(server, database, table, tmp_path):
    command = ["replica", table, "--database", server.endpoint, "--into", f"embedded:{tmp_path / 'copy'}", "--as",
               "Copied", "--once"]
    code, _, err = run(server, *command)
    assert code == 0 and "30 read" in err, err
    put(database, table, "3", 2)
    code, out, err = run(server, *command, "--verify")
    assert (code, out) == (0, ""), err
    assert "0 read, 1 applied" in err and "0 different" in err


def test_a_copy_whose_keeper_is_killed_again_and_again_is_the_table(server, database, table, tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    command = [table, "--database", server.endpoint, "--into", f"embedded:{tmp_path / 'copy'}"]

    def change(count):
        for _ in range(count):
            key = str(chance.randrange(60))
            if chance.random() < 0.3:
                database.delete_item(TableName=table, Key={"id": {"S": key}})
            else:
                put(database, table, key, chance.randrange(1000))

    for life in range(12):
        replicating = Replicating(server, *command)
        if life % 3 == 2:  # it follows; others are killed as early as may be
            replicating.until(": live")
        change(chance.randrange(20))
        replicating.kill()
        change(chance.randrange(3))
    code, out, err = run(server, "replica", *command, "--once", "--verify")
    assert (code, out) == (0, ""), err
    assert "0 different" in err


def test_what_makes_no_sense_is_said(server, database, table, tmp_path):
    assert run(server, "replica", table, "--database", server.endpoint)[0] == 2
    assert run(server, "replica", table, "--out", "x", "--into", "memory:")[0] == 2
    assert run(server, "replica", table, "--out", "x", "--verify")[0] == 2
    code, _, err = run(server, "replica", "Nowhere", "--database", server.endpoint, "--out", str(tmp_path / "x"))
    assert code == 1 and "Nowhere" in err or "not found" in err
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    code, _, err = run(server, "replica", table, "--database", server.endpoint, "--out", str(tmp_path / "x"))
    assert code == 2 and f"{table} has no stream" in err
    assert not (tmp_path / "x").exists()
