"""`dynakeep copy`: tables from one database to another, kept current and compared."""

import json
import os
import re
import signal
import subprocess
import uuid

import pytest
from conftest import PATIENCE_SECONDS, client_of, environment_of, run

import serving


@pytest.fixture(scope="module")
def other():
    """The server that tables are copied to."""
    running = serving.Server("--in-memory").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def there(other):
    return client_of(other)


@pytest.fixture
def table(database, there):
    name = f"Songs-{uuid.uuid4().hex[:12]}"
    create(database, name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    for number in range(30):
        put(database, name, str(number), 1)
    yield name
    for client in (database, there):
        for each in {name, "dynakeep.copies"}.intersection(client.list_tables()["TableNames"]):
            client.delete_table(TableName=each)


def create(client, name, key="id", **more):
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}], **more)


def put(client, table, key, version):
    client.put_item(TableName=table, Item={"id": {"S": key}, "n": {"N": str(version)}})


def items_in(client, table):
    return {item["id"]["S"]: item["n"]["N"] for item in client.scan(TableName=table)["Items"]}


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


class Copying:
    """The program, while it follows."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "copy", *arguments],
                                        env=environment_of(server), stderr=subprocess.PIPE, text=True)
        self.said = ""

    def until(self, words):
        for line in self.process.stderr:
            self.said += line
            if words in line:
                return line
        raise AssertionError(f"it ended without saying: {words}\n{self.said}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.said += self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        return self.process.returncode


def test_copies_a_table_there_and_back_and_compares(server, other, database, there, table):
    code, out, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--verify")
    assert (code, out) == (0, ""), err
    assert f"{table}: 30 items copied" in err
    assert f"{table}: 30 items compared with 30: no difference" in err
    assert items_in(there, table) == items_in(database, table)
    assert there.list_tables()["TableNames"] == [table]

    database.delete_table(TableName=table)
    code, out, err = run(server, "copy", other.endpoint, server.endpoint, "--tables", table, "--json")
    assert code == 0, err
    copied, = lines_of(out)
    assert (copied["event"], copied["table"], copied["items"], copied["stopped"]) == ("copied", table, 30, False)
    assert items_in(database, table) == items_in(there, table)


def test_carries_a_folder_to_a_server(server, there, other, table, tmp_path):
    folder = f"embedded:{tmp_path / 'data'}"
    assert run(server, "copy", server.endpoint, folder, "--tables", table)[0] == 0
    code, _, err = run(server, "copy", folder, other.endpoint)
    assert code == 0, err
    assert items_in(there, table) == {str(number): "1" for number in range(30)}


def test_a_dry_run_does_nothing(server, other, there, table):
    code, out, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--dry-run")
    assert (code, out) == (0, "")
    assert f"{table} (30 items, 0.0 MB) is made at the destination and filled" in err
    assert there.list_tables()["TableNames"] == []
    code, out, _ = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--dry-run", "--json")
    assert lines_of(out)[0]["step"] == "make"


def test_patterns_choose_tables(server, other, database, there, table):
    second = f"{table}-b"
    create(database, second)
    try:
        code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", f"{table}*")
        assert code == 0, err
        assert there.list_tables()["TableNames"] == [table, second]
        code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", "Nothing-*")
        assert (code, err) == (2, "dynakeep: The source has no table Nothing-*\n")
    finally:
        database.delete_table(TableName=second)
        there.delete_table(TableName=second)


def test_refuses_another_shape_and_shows_it_before_anything_is_done(server, other, database, there, table):
    second = f"{table}-b"
    create(database, second)
    create(there, second, key="name")
    try:
        code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", f"{table},{second}")
        assert code == 2
        assert err == (f"dynakeep: The table {second} of the destination is of another shape: its key is name (S) and "
                       "not id (S)\n")
        assert there.list_tables()["TableNames"] == [second]
    finally:
        database.delete_table(TableName=second)
        there.delete_table(TableName=second)


def test_refuses_items_that_are_there(server, other, there, table):
    create(there, table)
    put(there, table, "mine", 7)
    code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table)
    assert code == 2
    assert "has items: overwrite it" in err
    code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--overwrite", "--verify")
    assert code == 1
    assert "0 missing, 0 changed, 1 extra" in err
    code, out, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--verify-only", "--repair")
    assert code == 0, err
    assert out == f'extra {table} {{"id":{{"S":"mine"}}}} repaired\n'
    assert "mine" not in items_in(there, table)


def test_tells_differences_as_json(server, other, database, there, table):
    assert run(server, "copy", server.endpoint, other.endpoint, "--tables", table)[0] == 0
    put(there, table, "3", 2)
    there.delete_item(TableName=table, Key={"id": {"S": "4"}})
    put(there, table, "\x1b[31m", 1)
    code, out, _ = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--verify-only", "--json")
    assert code == 1
    *differences, compared = lines_of(out)
    assert sorted((each["kind"], each["key"]["id"]["S"]) for each in differences) == [
        ("changed", "3"), ("extra", "\x1b[31m"), ("missing", "4")]
    assert (compared["missing"], compared["changed"], compared["extra"]) == (1, 1, 1)
    code, out, _ = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--verify-only")
    assert "\x1b" not in out


def test_follows_until_it_is_told_to_stop_and_goes_on(server, other, database, there, table):
    arguments = (server.endpoint, other.endpoint, "--tables", table, "--follow", "--every", "0.1")
    copying = Copying(server, *arguments)
    copying.until("the destination has caught up")
    copying.until("To switch, stop what writes")
    put(database, table, "3", 2)
    copying.until("1 change applied")
    put(database, table, "new", 1)
    database.delete_item(TableName=table, Key={"id": {"S": "4"}})
    assert copying.stop() == 0, copying.said
    assert "the destination has all changes made before" in copying.said
    assert items_in(there, table) == items_in(database, table)

    put(database, table, "3", 3)
    code, out, err = run(server, "copy", *arguments, "--once", "--verify", "--json")
    assert code == 0, err
    told = {line["event"]: line for line in lines_of(out)}
    assert told["followed"]["records"] == 1 and told["followed"]["ending"] == "stopped"
    assert told["compared"]["sourceItems"] == 30
    assert items_in(there, table) == items_in(database, table)


def test_refuses_to_follow_without_a_stream(server, other, database, there, table):
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--follow", "--once")
    assert code == 2
    assert "has no stream" in err
    code, _, err = run(server, "copy", server.endpoint, other.endpoint, "--tables", table, "--follow", "--once",
                       "--enable-streams")
    assert code == 0, err
    assert "a stream is enabled on the source's table" in err


def test_a_followed_copy_is_not_taken_for_a_whole_one(server, other, table):
    arguments = (server.endpoint, other.endpoint, "--tables", table)
    assert run(server, "copy", *arguments, "--follow", "--once")[0] == 0
    code, _, err = run(server, "copy", *arguments)
    assert code == 2
    assert "follow it to apply what has changed since" in err


def lose_changes(database, table):
    for number in range(30):
        put(database, table, str(number), 2)
    database.delete_item(TableName=table, Key={"id": {"S": "4"}})
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    put(database, table, "new", 1)


def test_a_gap_says_what_mends_it_and_that_does(server, other, database, there, table):
    arguments = (server.endpoint, other.endpoint, "--tables", table, "--follow")
    assert run(server, "copy", *arguments, "--once")[0] == 0
    lose_changes(database, table)
    code, _, err = run(server, "copy", *arguments, "--once")
    assert code == 3
    command = err.split("To mend it, run: dynakeep ")[1].split()
    assert command == ["copy", *arguments, "--verify", "--repair"]
    code, out, err = run(server, *command, "--once", "--json")
    assert code == 0, err
    told = {line["event"]: line for line in lines_of(out)}
    assert told["compared"]["extra"] == 1 and told["compared"]["repaired"] == 31
    assert told["followed"]["currentUntil"]
    assert items_in(there, table) == items_in(database, table)
    assert run(server, "copy", *arguments, "--once")[0] == 0  # it is whole again


def test_a_gap_while_it_follows_is_mended_by_the_same_run(server, other, database, there, table):
    copying = Copying(server, server.endpoint, other.endpoint, "--tables", table, "--follow", "--verify", "--repair",
                      "--enable-streams")
    copying.until("To switch, stop what writes")
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    put(database, table, "3", 2)
    database.delete_item(TableName=table, Key={"id": {"S": "4"}})
    copying.until("has lost changes")
    copying.until("items compared with")
    copying.until("the destination has caught up")
    put(database, table, "newer", 1)
    assert copying.stop() == 0, copying.said
    assert items_in(there, table) == items_in(database, table)


def test_a_source_without_tables_is_told(server, other, tmp_path):
    empty = f"embedded:{tmp_path / 'empty'}"
    assert run(server, "setup", "users", "--table", "Users", "--database", empty)[0] == 0
    code, out, err = run(server, "copy", empty, other.endpoint, "--tables", "Users", "--dry-run")
    assert code == 0 and "Users" in err
    code, out, err = run(server, "copy", other.endpoint, empty)
    assert (code, out, err) == (0, "", "The source has no tables: there is nothing to copy\n")


def test_a_gap_is_told_and_not_forgotten(server, other, database, there, table):
    arguments = (server.endpoint, other.endpoint, "--tables", table, "--follow", "--once")
    assert run(server, "copy", *arguments)[0] == 0
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    database.delete_item(TableName=table, Key={"id": {"S": "4"}})
    code, _, err = run(server, "copy", *arguments)
    assert code == 3
    assert "has lost changes" in err
    code, _, err = run(server, "copy", *arguments, "--overwrite", "--verify", "--repair")
    assert code == 0, err
    assert items_in(there, table) == items_in(database, table)


@pytest.mark.parametrize("arguments, words", [
    (("--repair",), "--verify or --verify-only"),
    (("--once",), "--follow"),
    (("--verify-only", "--overwrite"), "--verify-only copies nothing"),
    (("--segments", "65"), "--segments"),
    (("--rate", "0"), "--rate"),
])
def test_flags_that_make_no_sense(server, other, arguments, words):
    code, _, err = run(server, "copy", server.endpoint, other.endpoint, *arguments)
    assert code == 2
    assert re.search(re.escape(words), err)


def test_databases_that_cannot_be_used(server, other):
    assert run(server, "copy", "nothing:here", other.endpoint)[0] == 2
    assert run(server, "copy", "http://127.0.0.1:1", other.endpoint)[0] == 1
