"""`dynakeep events`: what it finds in event tables, sound and unsound, and how it says so."""

import contextlib
import fcntl
import json
import os
import pty
import queue
import struct
import subprocess
import termios
import uuid

import pytest
import serving
from conftest import PATIENCE_SECONDS, client_of, environment_of, run
from streaming import running

INITIAL = {"single": ("eventStoreId", "S"), "legacy": ("isInitialEvent", "N")}


def create_table(database, form):
    name = f"Events-{uuid.uuid4().hex[:12]}"
    partition, kind = INITIAL[form]
    database.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "aggregateId", "AttributeType": "S"}, {"AttributeName": "version", "AttributeType": "N"},
            {"AttributeName": partition, "AttributeType": kind}, {"AttributeName": "timestamp", "AttributeType": "S"}],
        KeySchema=[
            {"AttributeName": "aggregateId", "KeyType": "HASH"}, {"AttributeName": "version", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[{
            "IndexName": "initialEvents", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": partition, "KeyType": "HASH"},
                          {"AttributeName": "timestamp", "KeyType": "RANGE"}]}],
        BillingMode="PAY_PER_REQUEST")
    return name


def put(database, table, key, version, form="single", **changes):
    """An event as a well-behaved writer leaves it, but for the changes; None takes an attribute away."""
    item = {"aggregateId": {"S": key}, "version": {"N": str(version)},
            "type": {"S": "ORDER_PLACED" if version == 1 else "ORDER_PAID"},
            "timestamp": {"S": f"2024-05-{version:02}T09:30:00.000Z"}}
    if version == 1:
        item[INITIAL[form][0]] = {"S": key.split("#")[0]} if form == "single" else {"N": "1"}
    item.update(changes)
    database.put_item(TableName=table, Item={name: value for name, value in item.items() if value is not None})


def text(value):
    return {"S": value}


def members(**values):
    return {"M": values}


@pytest.fixture
def table(database):
    """Two orders and a customer."""
    name = create_table(database, "single")
    put(database, name, "ORDERS#o-1", 1, payload=members(total=text("19.5"), address=members(city=text("Riga"))),
        metadata=members(source=text("web")))
    put(database, name, "ORDERS#o-1", 2, payload=members(paid={"BOOL": True}, address=members(street=text("Elizabetes"))))
    put(database, name, "ORDERS#o-1", 3)
    put(database, name, "ORDERS#o-2", 1, timestamp=text("2024-06-01T00:00:00.000Z"), payload=text("no object"))
    put(database, name, "CUSTOMERS#ключ 🦊", 1, timestamp=text("2023-01-01T00:00:00.000Z"))
    return name


@pytest.fixture
def events(server, table):
    """Runs `dynakeep events` on that table, which must go well; gives what it prints."""
    def run_events(command, *arguments):
        code, out, err = run(server, "events", command, *arguments, "--database", server.endpoint, "--table", table)
        assert (code, err) == (0, "")
        return out

    return run_events


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


def assert_complains(said, code, words):
    got, out, err = said
    assert (got, out) == (code, ""), err
    assert err.startswith("dynakeep: ") and err.count("\n") == 1, err
    assert words in err


# ---- list ----


def test_lists_the_stores_of_a_table(events):
    assert events("list") == (
        "STORE      AGGREGATES  FIRST                     LATEST\n"
        "CUSTOMERS           1  2023-01-01T00:00:00.000Z  2023-01-01T00:00:00.000Z\n"
        "ORDERS              2  2024-05-01T09:30:00.000Z  2024-06-01T00:00:00.000Z\n")
    assert objects(events("list", "--json")) == [
        {"eventStoreId": "CUSTOMERS", "aggregates": 1, "firstTimestamp": "2023-01-01T00:00:00.000Z",
         "latestTimestamp": "2023-01-01T00:00:00.000Z"},
        {"eventStoreId": "ORDERS", "aggregates": 2, "firstTimestamp": "2024-05-01T09:30:00.000Z",
         "latestTimestamp": "2024-06-01T00:00:00.000Z"}]


def test_lists_the_aggregates_of_a_store(events):
    assert events("list", "--store", "ORDERS") == (
        "AGGREGATE  CREATED\n"
        "o-1        2024-05-01T09:30:00.000Z\n"
        "o-2        2024-06-01T00:00:00.000Z\n")
    assert objects(events("list", "--store", "ORDERS", "--json", "--reverse", "--limit", "1")) == [
        {"aggregateId": "o-2", "initialEventTimestamp": "2024-06-01T00:00:00.000Z"}]
    assert objects(events("list", "--store", "ORDERS", "--json", "--before", "2024-05-01T09:30:00.000Z")) == [
        {"aggregateId": "o-1", "initialEventTimestamp": "2024-05-01T09:30:00.000Z"}]
    assert objects(events("list", "--store", "ORDERS", "--json", "--after", "2024-05-01T09:30:00.001Z")) == [
        {"aggregateId": "o-2", "initialEventTimestamp": "2024-06-01T00:00:00.000Z"}]


def test_lists_aggregates_with_their_last_events(events):
    assert events("list", "--store", "ORDERS", "--long") == (
        "AGGREGATE  CREATED                   VERSION  CHANGED                   BY\n"
        "o-1        2024-05-01T09:30:00.000Z        3  2024-05-03T09:30:00.000Z  ORDER_PAID\n"
        "o-2        2024-06-01T00:00:00.000Z        1  2024-06-01T00:00:00.000Z  ORDER_PLACED\n")


def test_lists_nothing_under_its_headings(events):
    assert events("list", "--store", "PARCELS") == "AGGREGATE  CREATED\n"
    assert events("list", "--store", "PARCELS", "--json") == ""


def test_aligns_letters_of_any_width(events, database, table):
    put(database, table, "CUSTOMERS#日本", 1, timestamp=text("2023-01-02T00:00:00.000Z"))
    put(database, table, "CUSTOMERS#e\u0301", 1, timestamp=text("2023-01-03T00:00:00.000Z"))
    assert events("list", "--store", "CUSTOMERS") == (
        "AGGREGATE  CREATED\n"
        "ключ 🦊    2023-01-01T00:00:00.000Z\n"
        "日本       2023-01-02T00:00:00.000Z\n"
        "e\u0301          2023-01-03T00:00:00.000Z\n")


def test_stops_when_nobody_reads_on(server, database, table):
    for number in range(1500):
        put(database, table, f"MANY#{number}", 1)
    command = [os.environ["DYNAKEEP_PROGRAM"], "events", "list", "--store", "MANY", "--long", "--database",
               server.endpoint, "--table", table]
    listing = subprocess.Popen(command, env=environment_of(server), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listing.stdout.readline().startswith(b"AGGREGATE")
    listing.stdout.close()
    assert listing.wait(timeout=PATIENCE_SECONDS) == 0
    assert listing.stderr.read() == b""
    listing.stderr.close()


# ---- show ----


def test_shows_the_events_of_an_aggregate(events):
    assert events("show", "o-1", "--store", "ORDERS") == (
        "VERSION  TIMESTAMP                 TYPE          PAYLOAD\n"
        '      1  2024-05-01T09:30:00.000Z  ORDER_PLACED  {"address":{"city":"Riga"},"total":"19.5"}\n'
        '      2  2024-05-02T09:30:00.000Z  ORDER_PAID    {"address":{"street":"Elizabetes"},"paid":true}\n'
        "      3  2024-05-03T09:30:00.000Z  ORDER_PAID\n")
    assert [event["version"] for event in objects(events(
        "show", "o-1", "--store", "ORDERS", "--json", "--reverse", "--max-version", "2"))] == [2, 1]
    assert [event["version"] for event in objects(events(
        "show", "o-1", "--store", "ORDERS", "--json", "--min-version", "2", "--limit", "1"))] == [2]


def test_shows_events_as_castore_has_them(events):
    line = events("show", "o-1", "--store", "ORDERS", "--json", "--limit", "1")
    assert line == ('{"aggregateId":"o-1","version":1,"type":"ORDER_PLACED","timestamp":"2024-05-01T09:30:00.000Z",'
                    '"payload":{"address":{"city":"Riga"},"total":"19.5"},"metadata":{"source":"web"}}\n')
    assert json.loads(events("show", "o-1", "--store", "ORDERS", "--full", "--limit", "1")) == json.loads(line)


def test_shows_items_as_they_are_stored(events, database, table):
    (raw,) = objects(events("show", "o-2", "--store", "ORDERS", "--raw", "--json"))
    assert raw == database.get_item(TableName=table, Key={"aggregateId": text("ORDERS#o-2"), "version": {"N": "1"}})["Item"]
    assert json.loads(events("show", "o-2", "--store", "ORDERS", "--raw")) == raw


def test_an_item_that_is_no_event_does_not_hide_the_others(events, database, table):
    put(database, table, "ORDERS#o-2", 2, type=None)
    rows = events("show", "o-2", "--store", "ORDERS").splitlines()
    assert len(rows) == 3
    assert "malformed" in rows[2] and "ORDERS#o-2" in rows[2]


def test_what_is_stored_cannot_disturb_the_terminal(events, database, table):
    put(database, table, "ORDERS#\x1b[31mred", 1, type=text("A\u202eB"), payload=text("line\nbreak \x9b"))
    shown = events("show", "\x1b[31mred", "--store", "ORDERS")
    assert "A\\u202eB" in shown and "\x1b" not in shown and "\x9b" not in shown and shown.count("\n") == 2
    assert "\\u001b[31mred" in events("list", "--store", "ORDERS")


def test_an_aggregate_that_is_not_there(server, table):
    for command in ("show", "fold", "check"):
        said = run(server, "events", command, "o-9", "--store", "ORDERS", "--table", table, "--database", server.endpoint)
        assert_complains(said, 1, "Unable to find aggregate o-9 in event store ORDERS.")


# ---- fold ----


def test_folds_payloads_member_by_member(events):
    assert objects(events("fold", "o-1", "--store", "ORDERS", "--json")) == [{
        "aggregateId": "o-1", "version": 3,
        "state": {"total": "19.5", "paid": True, "address": {"city": "Riga", "street": "Elizabetes"}},
        "lastEvent": {"aggregateId": "o-1", "version": 3, "type": "ORDER_PAID", "timestamp": "2024-05-03T09:30:00.000Z"}}]


def test_folds_up_to_a_version_or_a_moment(events):
    first = {"total": "19.5", "address": {"city": "Riga"}}
    for until in (["--version", "1"], ["--at", "2024-05-01T23:00:00.000Z"]):
        (folded,) = objects(events("fold", "o-1", "--store", "ORDERS", "--json", *until))
        assert (folded["version"], folded["state"]) == (1, first)
    assert events("fold", "o-1", "--store", "ORDERS", "--version", "1") == (
        "o-1 at version 1, ORDER_PLACED at 2024-05-01T09:30:00.000Z\n"
        '{\n  "address": {\n    "city": "Riga"\n  },\n  "total": "19.5"\n}\n')


def test_says_which_payloads_it_could_not_merge(server, table):
    code, out, err = run(server, "events", "fold", "o-2", "--store", "ORDERS", "--table", table, "--database", server.endpoint)
    assert (code, out.splitlines()[-1]) == (0, "{}")
    assert err == "dynakeep: 1 of 1 payloads are no objects and were left out\n"


# ---- check ----


def check(server, table, *arguments):
    code, out, err = run(server, "events", "check", *arguments, "--table", table, "--database", server.endpoint)
    assert err == ""
    return code, out


def test_a_sound_table_has_no_problems(server, table):
    assert check(server, table) == (0, "5 events of 3 aggregates: no problems\n")
    assert check(server, table, "--store", "ORDERS") == (0, "4 events of 2 aggregates: no problems\n")
    assert check(server, table, "o-1", "--store", "ORDERS") == (0, "3 events of 1 aggregate: no problems\n")
    assert check(server, table, "--json") == (0, '{"events":5,"aggregates":3,"problems":0}\n')


UNSOUND = {
    "gap": (lambda put_one: put_one("ORDERS#o-1", 7), ("gap", "o-1", 7, "versions 4 to 6 are missing")),
    "gap of one": (lambda put_one: put_one("ORDERS#o-2", 3), ("gap", "o-2", 3, "version 2 is missing")),
    "no first version": (lambda put_one: put_one("ORDERS#headless", 2),
                         ("gap", "headless", 2, "version 1 is missing, so that the aggregate is not listed")),
    "below 1": (lambda put_one: put_one("ORDERS#o-1", 0, timestamp=text("2024")),
                ("malformed", "o-1", 0, "a version below 1")),
    "fraction": (lambda put_one: put_one("ORDERS#o-1", 1.5),
                 ("malformed", "o-1", None, "version")),
    "no type": (lambda put_one: put_one("ORDERS#o-1", 4, type=None), ("malformed", "o-1", 4, "type")),
    "listed twice": (lambda put_one: put_one("ORDERS#o-1", 4, eventStoreId=text("ORDERS")),
                     ("index", "o-1", 4, "carries eventStoreId, so that the aggregate is listed more than once")),
    "not listed": (lambda put_one: put_one("ORDERS#o-3", 1, eventStoreId=None),
                   ("index", "o-3", 1, "lacks eventStoreId, so that the aggregate is not listed")),
    "listed elsewhere": (lambda put_one: put_one("ORDERS#o-3", 1, eventStoreId=text("CUSTOMERS")),
                         ("index", "o-3", 1, "so that the aggregate is listed elsewhere")),
    "no timestamp": (lambda put_one: put_one("ORDERS#o-3", 1, timestamp=None),
                     ("timestamp", "o-3", 1, "has no timestamp, so that the aggregate is not listed")),
    "no store": (lambda put_one: put_one("o-3", 1), ("key", "o-3", None, "'o-3'")),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_finds_what_no_well_behaved_writer_leaves(server, database, table, name):
    break_it, (kind, aggregate_id, version, words) = UNSOUND[name]
    break_it(lambda key, number, **changes: put(database, table, key, number, **changes))
    code, out = check(server, table, "--json")
    found = [problem for problem in objects(out)[:-1] if problem["problem"] == kind]
    assert code == 1 and len(found) == 1, out
    assert (found[0].get("aggregateId"), found[0].get("version")) == (aggregate_id, version)
    assert words in found[0]["message"]
    assert objects(out)[-1]["problems"] == len(objects(out)) - 1


def test_tells_problems_in_a_table_and_counts_them(server, database, table):
    put(database, table, "ORDERS#o-2", 3)
    assert check(server, table, "--store", "ORDERS") == (1, (
        "STORE   AGGREGATE  VERSION  KIND  PROBLEM\n"
        "ORDERS  o-2              3  gap   version 2 is missing\n"
        "5 events of 2 aggregates: 1 problem\n"))
    assert check(server, table, "o-1", "--store", "ORDERS")[0] == 0
    assert check(server, table, "o-1", "o-2", "--store", "ORDERS")[0] == 1
    assert check(server, table, "--store", "CUSTOMERS")[0] == 0


def test_a_table_of_another_shape_is_a_problem(server, database):
    name = f"Other-{uuid.uuid4().hex[:12]}"
    database.create_table(TableName=name, AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    code, out = check(server, name, "--json")
    assert code == 1
    assert [problem["problem"] for problem in objects(out)[:-1]] == ["table"]


# ---- replay ----


def test_prints_what_a_replay_would_publish_in_its_order(events):
    assert events("replay", "--dry-run") == (
        "TIMESTAMP                 STORE      AGGREGATE  VERSION  TYPE          PAYLOAD\n"
        "2023-01-01T00:00:00.000Z  CUSTOMERS  ключ 🦊          1  ORDER_PLACED\n"
        '2024-05-01T09:30:00.000Z  ORDERS     o-1              1  ORDER_PLACED  {"address":{"city":"Riga"},"total":"19.5"}\n'
        '2024-05-02T09:30:00.000Z  ORDERS     o-1              2  ORDER_PAID    {"address":{"street":"Elizabetes"},"paid":true}\n'
        "2024-05-03T09:30:00.000Z  ORDERS     o-1              3  ORDER_PAID\n"
        '2024-06-01T00:00:00.000Z  ORDERS     o-2              1  ORDER_PLACED  "no object"\n'
        "5 events would be published\n")


def replayed(events, *arguments):
    return [(message["eventStoreId"], message["event"]["aggregateId"], message["event"]["version"])
            for message in objects(events("replay", "--dry-run", "--json", *arguments))]


def test_an_aggregate_stays_in_order_whatever_its_clock(events, database, table):
    put(database, table, "ORDERS#o-2", 2, timestamp=text("2020-01-01T00:00:00.000Z"))
    assert replayed(events, "--store", "ORDERS") == [
        ("ORDERS", "o-1", 1), ("ORDERS", "o-1", 2), ("ORDERS", "o-1", 3), ("ORDERS", "o-2", 1), ("ORDERS", "o-2", 2)]


def test_replays_some_stores_between_two_moments(events):
    assert replayed(events, "--store", "CUSTOMERS", "--store", "ORDERS", "--limit", "2") == [
        ("CUSTOMERS", "ключ 🦊", 1), ("ORDERS", "o-1", 1)]
    assert replayed(events, "--from", "2024-05-02T09:30:00.000Z", "--to", "2024-05-03T09:30:00.000Z") == [
        ("ORDERS", "o-1", 2), ("ORDERS", "o-1", 3)]
    assert replayed(events, "--store", "PARCELS") == []
    assert events("replay", "--dry-run", "--limit", "4").endswith("\n4 events would be published, and more\n")
    assert events("replay", "--dry-run", "--limit", "5").endswith("\n5 events would be published\n")
    assert events("replay", "--dry-run", "--store", "PARCELS") == "0 events would be published\n"


def test_publishes_nothing_and_so_asks_for_a_dry_run(server, table):
    assert_complains(run(server, "events", "replay", "--table", table, "--database", server.endpoint), 2,
                     "--dry-run is required")


# ---- follow ----


def switch_on(database, name, view="NEW_AND_OLD_IMAGES"):
    database.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view})


def test_follows_events_as_they_are_stored(server, database, table):
    switch_on(database, table)
    with running(server, "events", "follow", "--table", table, "--database", server.endpoint, "--store", "ORDERS",
                 "--json") as program:
        # What is stored before it has begun is not shown: one after another, until one is.
        begun, first = 0, None
        while first is None:
            begun += 1
            put(database, table, "ORDERS#begin", begun)
            with contextlib.suppress(queue.Empty):
                first = json.loads(program.line(0.2))
        assert first["eventStoreId"] == "ORDERS" and first["event"]["aggregateId"] == "begin"
        for version in range(first["event"]["version"] + 1, begun + 1):
            assert json.loads(program.line())["event"]["version"] == version
        put(database, table, "CUSTOMERS#c", 1)
        put(database, table, "ORDERS#o-1", 4, payload=members(total=text("2")))
        assert json.loads(program.line()) == {"eventStoreId": "ORDERS", "event": {
            "aggregateId": "o-1", "version": 4, "type": "ORDER_PAID", "timestamp": "2024-05-04T09:30:00.000Z",
            "payload": {"total": "2"}}}
        put(database, table, "ORDERS#o-1", 4, type=text("REDACTED"))
        replaced = json.loads(program.line())
        assert replaced["replaced"]["type"] == "REDACTED"
        database.delete_item(TableName=table, Key={"aggregateId": text("ORDERS#o-1"), "version": {"N": "4"}})
        assert json.loads(program.line()) == {"eventStoreId": "ORDERS", "removed": {"aggregateId": "o-1", "version": 4}}
        assert program.end() == (0, [], "")


def test_follows_the_history_to_its_end(database, table, events):
    switch_on(database, table, "KEYS_ONLY")
    put(database, table, "ORDERS#o-1", 4)
    lines = events("follow", "--no-follow").splitlines()
    of_order = [line.split("  ") for line in lines if " o-1 " in line.replace("  ", " ")]
    assert [line[2] for line in of_order] == ["o-1 1", "o-1 2", "o-1 3", "o-1 4"]
    assert of_order[0] == ["2024-05-01T09:30:00.000Z", "ORDERS", "o-1 1", "ORDER_PLACED",
                           '{"address":{"city":"Riga"},"total":"19.5"}']
    assert len(lines) == 6
    assert len(events("follow", "--no-follow", "--aggregate", "o-1", "--type", "ORDER_PAID").splitlines()) == 3
    assert len(events("follow", "--from", "history", "--limit", "2").splitlines()) == 2
    assert [message["event"]["version"] for message in objects(
        events("follow", "--no-follow", "--from", "trim-horizon", "--json"))] == [4]
    assert events("follow", "--no-follow", "--from", "latest") == ""


def test_a_table_without_a_stream_cannot_be_followed(server, table):
    assert_complains(run(server, "events", "follow", "--database", server.endpoint, "--table", table), 2, "has no stream")
    assert_complains(run(server, "events", "follow", "--database", server.endpoint, "--table", "None"), 1, "no table")


# ---- legacy tables ----


def test_a_legacy_table_is_one_store(server, database):
    table = create_table(database, "legacy")
    put(database, table, "o-1", 1, form="legacy", payload=members(a={"N": "1"}))
    put(database, table, "o-1", 2, form="legacy", payload=members(b={"N": "2"}))

    def legacy(command, *arguments):
        return run(server, "events", command, *arguments, "--legacy", "--table", table, "--database", server.endpoint)

    assert legacy("list") == (0, "AGGREGATE  CREATED\no-1        2024-05-01T09:30:00.000Z\n", "")
    assert [event["payload"] for event in objects(legacy("show", "o-1", "--json")[1])] == [{"a": 1}, {"b": 2}]
    assert objects(legacy("fold", "o-1", "--json")[1])[0]["state"] == {"a": 1, "b": 2}
    assert legacy("check") == (0, "2 events of 1 aggregate: no problems\n", "")
    assert [message["event"]["version"] for message in objects(legacy("replay", "--dry-run", "--json")[1])] == [1, 2]

    switch_on(database, table)
    put(database, table, "o-1", 3, form="legacy")
    assert [message["event"]["version"] for message in objects(
        legacy("follow", "--no-follow", "--json")[1])] == [1, 2, 3]

    put(database, table, "o-2", 1, form="legacy", isInitialEvent=None)
    put(database, table, "o-1", 3, form="legacy", isInitialEvent={"N": "1"})
    code, out, _ = legacy("check", "--json")
    assert code == 1
    assert {(problem["problem"], problem["aggregateId"]) for problem in objects(out)[:-1]} == {("index", "o-2"), ("index", "o-1")}


# ---- where the data is ----


def test_takes_the_connection_from_the_environment(server, table):
    code, out, _ = run(server, "events", "list", "--table", table, DYNAKEEP_DATABASE=server.endpoint)
    assert code == 0 and "ORDERS" in out


def test_reads_a_folder_without_a_server(server, tmp_path):
    of_folder = serving.Server("--data", str(tmp_path)).start()
    database = client_of(of_folder)
    table = create_table(database, "single")
    put(database, table, "ORDERS#o-1", 1)
    connection = f"embedded:{tmp_path}"
    code, out, err = run(server, "events", "list", "--table", table, "--database", connection)
    assert (code, out) == (3, "") and str(tmp_path) in err  # the server has it
    assert of_folder.stop() == 0
    code, out, err = run(server, "events", "list", "--table", table, "--database", connection)
    assert (code, err) == (0, "") and "ORDERS" in out


def test_complains_in_one_line(server, table):
    def said(*arguments):
        return run(server, "events", *arguments)

    here = ("--database", server.endpoint)
    assert_complains(said("list", "--table", "Absent", *here), 1, f"there is no table 'Absent' at {server.endpoint}")
    assert_complains(said("check", "--table", "Absent", *here), 1, f"there is no table 'Absent' at {server.endpoint}")
    assert_complains(said("list", "--table", table, "--database", "ftp://somewhere"), 2, "ftp://somewhere")
    assert_complains(said("list", "--table", table, "--database", "http://127.0.0.1:1"), 3, "127.0.0.1:1")
    assert_complains(said("show", "o-1", "--table", table, *here), 2, "--store (or --legacy) is required")
    assert_complains(said("list", "--store", "A#B", "--table", table, *here), 2, "#")
    assert_complains(said("list", *here), 2, "--table is required")
    assert_complains(said("show", "--table", table, "--store", "ORDERS", *here), 2, "aggregate")
    assert_complains(said("show", "o-1", "--table", table, "--store", "ORDERS", "--limit", "0", *here), 2, "limit")
    assert_complains(said("show", "o-1", "--table", table, "--store", "ORDERS", "--min-version", "3",
                          "--max-version", "2", *here), 2, "ersion")


def test_help_tells_the_flags(server):
    code, out, err = run(server, "events", "--help")
    assert (code, err) == (0, "")
    for command in ("list", "show", "fold", "check", "replay", "follow"):
        assert command in out
        code, flags, _ = run(server, "events", command, "--help")
        assert code == 0
        for flag in ("--database", "DYNAKEEP_DATABASE", "http://127.0.0.1:8000", "--table", "--store", "--legacy", "--json"):
            assert flag in flags


# ---- terminals ----


def on_a_terminal(server, columns, *arguments, **environment):
    """What `dynakeep events` writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "events", *arguments], stdin=subprocess.DEVNULL,
                               stdout=theirs, stderr=theirs, env=environment_of(server, **environment))
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # all of their ends are closed
            break
        written += part
    os.close(ours)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0
    return written.decode().replace("\r\n", "\n")


def test_colours_are_for_terminals_that_want_them(server, events, table):
    here = ("list", "--store", "ORDERS", "--table", table, "--database", server.endpoint)
    plain = events("list", "--store", "ORDERS")
    assert "\x1b[" in on_a_terminal(server, 200, *here)
    assert on_a_terminal(server, 200, *here, NO_COLOR="1") == plain
    assert on_a_terminal(server, 200, *here, TERM="dumb") == plain
    assert "\x1b" not in on_a_terminal(server, 200, *here, "--json")


def test_the_last_column_ends_with_the_terminal(server, table):
    shown = on_a_terminal(server, 70, "show", "o-1", "--store", "ORDERS", "--table", table, "--database", server.endpoint,
                          NO_COLOR="1")
    rows = shown.splitlines()
    assert max(map(len, rows)) == 70
    assert rows[1].endswith("…")
