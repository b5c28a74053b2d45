"""`dynakeep tail`: what it shows of changes, where it begins, and how it ends."""

import os
import queue
import signal
import subprocess

import pytest

from conftest import PATIENCE_SECONDS, client_of, environment_of, run
from streaming import arn_of, delete, lines_of, make_table, must, put, running


@pytest.fixture(name="tail")
def fixture_tail(server):
    def run_tail(*arguments, **environment):
        return run(server, "tail", *arguments, "--database", server.endpoint, **environment)
    return run_tail


@pytest.fixture(name="table")
def fixture_table(database):
    """One item put, changed, and deleted."""
    table = make_table(database)
    put(database, table, "Mood", plays=1, label="RCA")
    put(database, table, "Mood", plays=2, live="yes\x1b[31m")
    delete(database, table, "Mood")
    return table


def test_a_change_is_a_line_of_what_is_another_now(tail, table):
    inserted, modified, removed = must(tail(table, "--no-follow")).splitlines()
    item = 'artist="Nina" title="Mood"'
    assert inserted[20:] == f'  INSERT  {item}  +label: "RCA", +plays: 1'
    assert inserted[10] == "T" and inserted[19] == "Z"
    assert modified[20:] == f'  MODIFY  {item}  +live: "yes\\u001B[31m", plays: 1 -> 2, -label: "RCA"'
    assert removed[20:] == f'  REMOVE  {item}  -live: "yes\\u001B[31m", -plays: 2'


def test_attributes_of_maps_are_told_apart(tail, database):
    table = make_table(database)
    for city in ("Tryon", "Paris"):
        database.put_item(TableName=table, Item={
            "artist": {"S": "Nina"}, "title": {"S": "a"},
            "at": {"M": {"city": {"S": city}, "year": {"N": "1"}}}})
    assert must(tail(table, "--no-follow")).splitlines()[1].endswith('  at.city: "Tryon" -> "Paris"')


@pytest.mark.parametrize(("view", "expected"), [("KEYS_ONLY", ["", ""]),
                                                ("NEW_IMAGE", ["  +plays: 1", "  plays: 2"]),
                                                ("OLD_IMAGE", ["", "  -plays: 1"])])
def test_a_view_that_knows_less_shows_less(tail, database, view, expected):
    table = make_table(database, view)
    put(database, table, "Mood", plays=1)
    put(database, table, "Mood", plays=2)
    lines = must(tail(table, "--no-follow")).splitlines()
    assert [line.split('title="Mood"')[1] for line in lines] == expected


def test_for_programs_a_line_is_the_record_and_its_shard(tail, database, table):
    records = lines_of(must(tail(table, "--no-follow", "--json")))
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records[1]["dynamodb"]["OldImage"]["plays"] == {"N": "1"}
    assert records[1]["dynamodb"]["NewImage"]["plays"] == {"N": "2"}
    assert all(record["shardId"].startswith("shardId-") for record in records)
    assert lines_of(must(tail("--arn", arn_of(database, table), "--no-follow", "--json"))) == records


def test_it_begins_where_it_is_told_to(tail, table):
    def numbers(*arguments):
        return [record["dynamodb"]["SequenceNumber"]
                for record in lines_of(must(tail(table, "--no-follow", "--json", *arguments)))]
    records = lines_of(must(tail(table, "--no-follow", "--json")))
    first, second, third = [record["dynamodb"]["SequenceNumber"] for record in records]
    shard = records[0]["shardId"]
    assert numbers("--from", "trim-horizon") == [first, second, third]
    assert numbers("--from", "1h ago") == [first, second, third]
    assert numbers("--from", "latest") == []
    assert numbers("--from", first) == [second, third]
    assert numbers("--from", f"{shard}={second}") == [third]
    assert numbers("--from", "0" * 21) == [first, second, third]
    assert numbers("--limit", "2") == [first, second]


def test_a_filter_picks_records(tail, table):
    def events(pattern):
        return [record["eventName"]
                for record in lines_of(must(tail(table, "--no-follow", "--json", "--filter", pattern)))]
    assert events('{"eventName": ["INSERT", "REMOVE"]}') == ["INSERT", "REMOVE"]
    assert events('{"dynamodb": {"NewImage": {"plays": {"N": [{"numeric": [">", 1]}]}}}}') == ["MODIFY"]
    code, out, err = tail(table, "--filter", '{"eventName": "INSERT"}')
    assert (code, out) == (2, "")
    assert "The filter is wrong at eventName" in err


def test_it_goes_on_with_what_comes_until_it_is_interrupted(server, database):
    table = make_table(database)
    put(database, table, "before", plays=0)
    with running(server, "tail", table, "--database", server.endpoint) as program:
        # It says nothing when it is ready: changes are made until the first is seen.
        for plays in range(PATIENCE_SECONDS * 10):
            put(database, table, "Mood", plays=plays + 1)
            try:
                first = program.line(patience=0.1)
                break
            except queue.Empty:
                pass
        assert "before" not in first
        put(database, table, "last", plays=7)
        while 'title="last"' not in (line := program.line()):
            assert 'title="Mood"' in line
        assert program.end() == (0, [], "")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_0_for_each_signal_that_asks_it_to(server, table, by):
    with running(server, "tail", table, "--from", "trim-horizon", "--database", server.endpoint) as program:
        for _ in range(3):
            program.line()
        assert program.end(by) == (0, [], "")


def test_it_ends_when_nobody_reads_on(server, database):
    table = make_table(database)
    put(database, table, "a")
    with subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "tail", table, "--from", "trim-horizon",
                           "--database", server.endpoint], stdout=subprocess.PIPE,
                          env=environment_of(server)) as program:
        assert program.stdout.readline()
        program.stdout.close()
        put(database, table, "b")
        assert program.wait(timeout=PATIENCE_SECONDS) == 0


def test_it_ends_with_the_stream(server, database, table):
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    with running(server, "tail", "--arn", arn_of(database, table), "--from", "trim-horizon",
                 "--database", server.endpoint) as program:
        code, lines, err = program.end(by=None)
        assert (code, len(lines), err) == (0, 3, "")


def test_a_table_without_a_stream_is_told_how_it_gets_one(server, tail, database):
    table = make_table(database, view=None)
    code, out, err = tail(table)
    assert (code, out) == (1, "")
    assert err == (f"dynakeep: the table '{table}' has no stream: "
                   f"'dynakeep tail {table} --enable NEW_AND_OLD_IMAGES' makes one\n")
    assert must(tail(table, "--no-follow", "--enable", "KEYS_ONLY")) == ""
    described = database.describe_table(TableName=table)["Table"]
    assert described["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    # One that it has stays as it is.
    must(tail(table, "--no-follow", "--enable", "NEW_IMAGE"))
    assert arn_of(database, table) == described["LatestStreamArn"]
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    assert f"; --arn {described['LatestStreamArn']} reads the one it had\n" in tail(table)[2]


def test_what_is_not_there_is_named(server, tail, database, table):
    assert tail("Nowhere") == (1, "", f"dynakeep: there is no table 'Nowhere' at {server.endpoint}\n")
    arn = arn_of(database, table)[:-1] + "x"
    assert tail("--arn", arn) == (1, "", f"dynakeep: there is no stream '{arn}' at {server.endpoint}\n")


def test_a_server_that_cannot_be_reached_is_a_failure(server):
    code, out, err = run(server, "tail", "Songs", "--database", "http://127.0.0.1:1")
    assert (code, out) == (1, "")
    assert "127.0.0.1:1" in err
    assert run(server, "tail", "Songs", "--database", "ftp://x")[0] == 2


@pytest.mark.parametrize("arguments", [[], ["Songs", "--arn", "a"], ["Songs", "--from", "some day"],
                                       ["Songs", "--from", "1h ago", "--from", "latest"],
                                       ["Songs", "--from", "shard=x"], ["Songs", "--limit", "0"],
                                       ["Songs", "--enable", "ALL"], ["Songs", "--on-gap", "cry"],
                                       ["Songs", "--from", "in 1h"]])
def test_flags_that_make_no_sense_are_misuse(tail, database, arguments):
    table = make_table(database)
    code, out, _ = tail(*[table if argument == "Songs" else argument for argument in arguments])
    assert (code, out) == (2, "")


def test_a_folder_is_tailed_too(server, tmp_path):
    folder = tmp_path / "data"
    with running(server, "serve", "--data", str(folder), "--port", "0") as serving:
        endpoint = serving.line().split(" on ")[1].split()[0]
        there = client_of(type("Server", (), {"endpoint": endpoint}))
        table = make_table(there)
        put(there, table, "Mood", plays=1)
        serving.end(signal.SIGTERM)
    out = must(run(server, "tail", table, "--no-follow", "--database", f"embedded:{folder}"))
    assert out.count("\n") == 1 and "INSERT" in out
