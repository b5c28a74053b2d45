"""`dynakeep streams`: what it shows of streams, and how it hands their changes to commands."""

import json
import os
import pathlib
import re
import signal
import time

import pytest

import serving
from conftest import PATIENCE_SECONDS, client_of, run
from streaming import arn_of, delete, lines_of, make_table, must, put, running, tell

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/None/stream/2026-01-01T00:00:00.000"


@pytest.fixture(name="streams")
def fixture_streams(server):
    def run_streams(*arguments, **environment):
        return run(server, "streams", *arguments, "--database", server.endpoint, **environment)
    return run_streams


@pytest.fixture(name="table")
def fixture_table(database):
    table = make_table(database)
    for title in ("a", "b", "c", "d", "e"):
        put(database, table, title, plays=1)
    return table


def wait_until(holds):
    for _ in range(PATIENCE_SECONDS * 50):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("not within a minute")


# ---- list and describe ----

def test_streams_are_listed_the_newest_of_a_table_first(streams, database):
    table = make_table(database, "KEYS_ONLY")
    first = arn_of(database, table)
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    database.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    second = arn_of(database, table)
    listed = lines_of(must(streams("list", table, "--json")))
    assert listed == [
        {"tableName": table, "streamLabel": second.split("/")[-1], "status": "ENABLED", "viewType": "NEW_IMAGE",
         "streamArn": second},
        {"tableName": table, "streamLabel": first.split("/")[-1], "status": "DISABLED", "viewType": "KEYS_ONLY",
         "streamArn": first}]
    rows = must(streams("list", table)).splitlines()
    assert rows[0].split() == ["TABLE", "LABEL", "STATUS", "VIEW", "ARN"]
    assert [row.split()[2] for row in rows[1:]] == ["ENABLED", "DISABLED"]
    assert must(streams("list", "Nowhere", "--json")) == ""
    assert [each for each in lines_of(must(streams("list", "--json"))) if each["tableName"] == table] == listed


def test_a_stream_is_described_with_its_shards(streams, database, table):
    described = json.loads(must(streams("describe", table, "--json")))
    assert described["streamArn"] == arn_of(database, table)
    assert (described["tableName"], described["status"]) == (table, "ENABLED")
    [shard] = described["shards"]
    assert shard["open"] and shard["endingSequenceNumber"] is None and shard["parentShardId"] is None
    lines = must(streams("describe", table)).splitlines()
    assert lines[0] == f"stream  {described['streamArn']}"
    assert lines[1] == f"table   {table} (artist, title)"
    assert lines[5] == "shards  1, 1 open"
    assert lines[6].startswith(f"└─ {shard['shardId']}  open    {shard['startingSequenceNumber']} to now  opened ")
    assert must(streams("describe", "--arn", described["streamArn"])).splitlines()[0] == lines[0]


def test_what_is_not_there_is_named(server, streams, database):
    assert streams("describe", "Nowhere") == (1, "", f"dynakeep: there is no table 'Nowhere' at {server.endpoint}\n")
    assert streams("describe", "--arn", ARN)[0] == 1
    assert "has no stream" in streams("describe", make_table(database, view=None))[2]
    assert run(server, "streams", "list", "--database", "http://127.0.0.1:1")[0] == 1


# ---- roll ----

@pytest.fixture(name="admin", scope="module")
def fixture_admin():
    server = serving.Server("--in-memory", "--admin").start()
    yield server
    assert server.stop() == 0


def roll(server, *arguments):
    return run(server, "streams", "roll", *arguments, "--database", server.endpoint)


def test_shards_are_rolled_and_split_and_drawn_as_a_tree(admin):
    database = client_of(admin)
    table = make_table(database)
    where = ("--database", admin.endpoint)
    first = json.loads(must(run(admin, "streams", "describe", table, "--json", *where)))["shards"][0]["shardId"]
    second = must(roll(admin, table)).strip()
    rolled = json.loads(must(roll(admin, table, "--shard", second, "--split", "--json")))
    assert rolled["streamArn"] == arn_of(database, table)
    third, fourth = rolled["openShards"]
    lines = must(run(admin, "streams", "describe", table, *where)).splitlines()[6:]
    assert [re.split(r"(?<=\w)  ", line)[0] for line in lines] == [f"└─ {first}", f"   ↓ {second}", f"   ├─ {third}", f"   └─ {fourth}"]
    assert ["closed" in line for line in lines] == [True, True, False, False]
    assert ", closed 0s ago" in lines[0] or ", closed 1s ago" in lines[0]


def test_a_command_gets_every_change_in_order_though_shards_roll(admin, tmp_path):
    database = client_of(admin)
    table = make_table(database)
    group = Group(admin, table, tmp_path)
    with running(admin, *group.arguments(f"cat >> {group.log}")) as program:
        for n in range(60):
            put(database, table, f"t{n % 3}", plays=n + 1)
            if n % 10 == 9:
                must(roll(admin, table))
        wait_until(lambda: len(group.titles()) >= 60)
        assert program.end()[0] == 0
    plays = [int(record["dynamodb"]["NewImage"]["plays"]["N"]) for record in lines_of(group.log.read_text())]
    assert plays == list(range(1, 61))


def test_only_an_engine_that_was_told_to_rolls_shards(server, table, admin):
    code, out, err = roll(server, table)
    assert (code, out) == (1, "")
    assert err == (f"dynakeep: {server.endpoint} rolls no shards when asked to: an engine of ours does, behind "
                   "'dynakeep serve --admin' or in its folder\n")
    assert roll(admin, "Nowhere")[0] == 1
    assert roll(admin, "Songs", "--split")[0] == 2


# ---- consume ----

class Group:
    """A group of consumers with its files in a folder of its own."""

    def __init__(self, server, table, folder):
        self.server, self.table, self.folder = server, table, folder
        self.checkpoints = str(folder / "ckpt")
        self.letters = folder / "letters"
        self.log = folder / "log"

    def arguments(self, command, *more):
        return ("streams", "consume", self.table, "--group", "g", "--checkpoints", self.checkpoints,
                "--exec", command, "--database", self.server.endpoint, *more)

    def consume(self, *more, command=None):
        """To the tip. By default each record is appended to a file."""
        return run(self.server, *self.arguments(command or f"cat >> {self.log}", "--no-follow", *more))

    def titles(self):
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [record["dynamodb"]["Keys"]["title"]["S"] for record in lines_of(text)]


@pytest.fixture(name="group")
def fixture_group(server, table, tmp_path):
    return Group(server, table, tmp_path)


def test_a_command_gets_every_change_once_and_goes_on_where_it_was(group, database, table):
    assert must(group.consume()) == "5 records handled\n"
    assert group.titles() == ["a", "b", "c", "d", "e"]
    assert must(group.consume()) == "0 records handled\n"
    delete(database, table, "a")
    assert json.loads(must(group.consume("--json"))) == {
        "handled": 1, "filtered": 0, "failures": 0, "deadLetters": 0, "skipped": 0, "gaps": 0}
    assert group.titles() == ["a", "b", "c", "d", "e", "a"]
    record = lines_of(group.log.read_text())[-1]
    assert (record["eventName"], record["shardId"][:8]) == ("REMOVE", "shardId-")


def test_a_batch_is_what_one_command_gets_and_its_environment_says_of_what(group, database, table):
    command = f'echo "$(wc -l) $DYNAKEEP_GROUP $DYNAKEEP_ATTEMPT $DYNAKEEP_SHARD_ID $DYNAKEEP_STREAM_ARN" ' \
              f'>> {group.log}'
    must(group.consume("--batch", "2", command=command))
    lines = [line.split() for line in group.log.read_text().splitlines()]
    assert [line[0] for line in lines] == ["2", "2", "1"]
    for line in lines:
        assert line[1:3] == ["g", "1"] and line[3].startswith("shardId-")
        assert line[4] == arn_of(database, table)


def test_a_command_that_does_not_read_its_input_has_handled_it(group):
    assert must(group.consume(command="true")) == "5 records handled\n"


def test_a_filter_lets_the_rest_count_as_handled(group):
    pattern = '{"dynamodb": {"Keys": {"title": {"S": ["c"]}}}}'
    assert must(group.consume("--filter", pattern)) == "1 record handled, 4 filtered out\n"
    assert group.titles() == ["c"]
    assert must(group.consume()) == "0 records handled\n"


def test_it_begins_where_it_is_told_to_and_then_where_it_was_left(group, database, table):
    [number] = [record["dynamodb"]["SequenceNumber"] for record in lines_of(must(run(
        group.server, "tail", table, "--no-follow", "--json", "--limit", "1", "--database", group.server.endpoint)))]
    assert must(group.consume("--from", number)) == "4 records handled\n"
    assert must(group.consume("--from", "trim-horizon")) == "0 records handled\n"
    assert group.titles() == ["b", "c", "d", "e"]


def test_what_fails_comes_again(group):
    command = f'test "$DYNAKEEP_ATTEMPT" -gt 1 && cat >> {group.log}'
    code, out, err = group.consume(command=command)
    assert (code, out) == (0, "5 records handled, 1 failed batches\n")
    assert err.startswith("dynakeep: warning: the command failed on 5 records from ")
    assert err.endswith("on: it ended with 1\n")
    assert group.titles() == ["a", "b", "c", "d", "e"]


def bad_title(title, log):
    return f"lines=$(cat); case \"$lines\" in *'\"title\":{{\"S\":\"{title}\"}}'*) exit 3;; esac; echo \"$lines\" >> {log}"


def test_the_one_record_a_command_fails_on_is_kept_and_replayed(group, streams):
    out = must(group.consume("--dead-letters", str(group.letters), "--attempts", "2", "--bisect",
                             command=bad_title("c", group.log)))
    assert out.startswith("4 records handled, 1 kept as dead letters")
    assert group.titles() == ["a", "b", "d", "e"]
    [letter] = lines_of(must(streams("dead-letters", "show", str(group.letters), "--json")))
    assert (letter["attempts"], letter["group"]) == (2, "g")
    assert letter["error"] == "the command failed: it ended with 3"
    assert letter["record"]["dynamodb"]["Keys"]["title"] == {"S": "c"}
    rows = must(streams("dead-letters", "show", str(group.letters))).splitlines()
    assert rows[0].split() == ["FAILED", "ATTEMPTS", "GROUP", "EVENT", "KEY", "ERROR"]
    assert '{"artist":"Nina","title":"c"}' in rows[1]

    code, out, err = streams("dead-letters", "replay", str(group.letters), "--exec", "exit 4")
    assert (code, out) == (1, "0 dead letters handled, 1 failed\n")
    [letter] = lines_of(must(streams("dead-letters", "show", str(group.letters), "--json")))
    assert (letter["attempts"], letter["error"]) == (3, "the command failed: it ended with 4")

    assert must(streams("dead-letters", "replay", str(group.letters), "--exec", "true", "--group", "another")) \
        == "0 dead letters handled, 0 failed\n"
    assert must(streams("dead-letters", "replay", str(group.letters), "--exec", f"cat >> {group.log}")) \
        == "1 dead letter handled, 0 failed\n"
    assert group.titles() == ["a", "b", "d", "e", "c"]
    assert must(streams("dead-letters", "show", str(group.letters), "--json")) == ""
    assert must(group.consume()) == "0 records handled\n"


def test_letters_may_be_in_a_table(group, streams, database):
    place = f"table:letters-{os.getpid()}-{id(group)}"
    must(group.consume("--dead-letters", place, "--attempts", "1", command="false"))
    assert len(lines_of(must(streams("dead-letters", "show", place, "--json", "--group", "g")))) == 5
    assert must(streams("dead-letters", "show", place, "--json", "--arn", ARN)) == ""
    out = must(streams("dead-letters", "replay", place, "--exec", f"cat >> {group.log}", "--limit", "2", "--json"))
    assert json.loads(out) == {"handled": 2, "failed": 0, "damaged": 0}
    assert group.titles() == ["a", "b"]
    assert len(lines_of(must(streams("dead-letters", "show", place, "--json")))) == 3
    database.delete_table(TableName=place[len("table:"):])
    code, _, err = streams("dead-letters", "show", place)
    assert code == 1 and "There is no table" in err


def test_poison_may_be_skipped_or_stop_it(group):
    command = bad_title("c", group.log)
    code, out, err = group.consume("--on-poison", "stop", "--attempts", "1", "--batch", "1", command=command)
    assert (code, out.split()[0]) == (1, "2")
    assert "The handler failed too often" in err
    assert must(group.consume("--on-poison", "skip", "--attempts", "1", "--batch", "1", command=command)) \
        == "2 records handled, 1 skipped, 1 failed batches\n"
    assert group.titles() == ["a", "b", "d", "e"]


def test_a_signal_lets_the_command_finish_and_keeps_what_it_handled(server, group):
    # The command ignores nothing: a signal of the terminal would end it.
    command = f"read line; echo begun; sleep 1; echo \"$line\" >> {group.log}"
    with running(server, *group.arguments(command, "--batch", "1")) as program:
        assert program.line() == "begun"
        code, rest, err = program.end(signal.SIGINT)
        assert (code, rest, err) == (0, ["1 record handled"], "")
    assert group.titles() == ["a"]
    assert must(group.consume()) == "4 records handled\n"
    assert group.titles() == ["a", "b", "c", "d", "e"]


def test_killed_at_any_time_it_loses_nothing_and_keeps_the_order(server, group, database, table):
    titles = [f"t{n}" for n in range(40)]
    for title in titles:
        put(database, table, title)
    for pause in (0.3, 0.1, 0.5):
        with running(server, *group.arguments(f"cat >> {group.log}", "--batch", "3")) as program:
            wait_until(lambda: len(group.titles()) > 0)
            time.sleep(pause)
            program.process.send_signal(signal.SIGKILL)
            program.process.wait(timeout=PATIENCE_SECONDS)
    wait_until(lambda: "t39" in group.titles() or group.consume()[0] == 0)
    first = list(dict.fromkeys(group.titles()))
    assert first == ["a", "b", "c", "d", "e", *titles]


def test_two_consumers_of_a_file_are_one_too_many(server, group):
    with running(server, *group.arguments("cat")) as program:
        program.line()
        code, _, err = group.consume()
        assert code == 2 and "Another process holds" in err


def test_several_lanes_hand_out_at_once_and_keep_the_order_of_an_item(group, database, table):
    for n in range(10):
        for title in ("a", "b", "c"):
            put(database, table, title, plays=n + 2)
    # A command's write of some lines is one write, which does not mix with others' in append mode.
    must(group.consume("--lanes", "8", "--batch", "2"))
    records = lines_of(group.log.read_text())
    assert len(records) == 35
    for title in ("a", "b", "c"):
        plays = [int(record["dynamodb"]["NewImage"]["plays"]["N"]) for record in records
                 if record["dynamodb"]["Keys"]["title"]["S"] == title]
        assert plays == list(range(1, 12))


def test_the_checkpoint_of_another_stream_is_refused(server, group, database, tmp_path):
    must(group.consume())
    other = Group(server, make_table(database), tmp_path)
    code, out, err = other.consume()
    assert code == 2 and "is the checkpoint of group \"g\" on stream" in err


def test_a_gap_ends_it_with_3_if_it_is_to_stop_there(admin, tmp_path):
    database = client_of(admin)
    table = make_table(database)
    put(database, table, "a")
    group = Group(admin, table, tmp_path)
    assert must(group.consume()) == "1 record handled\n"
    put(database, table, "b")
    put(database, table, "c")
    tomorrow = int(time.time()) + 86400
    assert tell(admin, "TrimStream", StreamArn=arn_of(database, table), Before=tomorrow) == (200, {})
    put(database, table, "d")
    code, out, err = group.consume("--on-gap", "stop")
    assert (code, out) == (3, "0 records handled, 1 gaps\n")
    assert "position_trimmed" in err
    # Warned of, and gone on behind.
    code, out, err = group.consume()
    assert (code, out) == (0, "1 record handled, 1 gaps\n")
    assert "position_trimmed" in err and group.titles() == ["a", "d"]


# ---- lag and checkpoints ----

def places(group):
    """A file and a table, with the flags that name the group there."""
    file = ("--checkpoints", group.checkpoints)
    table = (group.table, "--group", "g", "--checkpoints", f"table:ckpt-{os.getpid()}-{id(group)}")
    return [file, table]


@pytest.mark.parametrize("kind", [0, 1])
def test_how_far_a_group_has_come_is_shown_moved_and_forgotten(group, streams, database, kind):
    place = places(group)[kind]
    group.checkpoints = place[-1]

    def show():
        return json.loads(must(streams("checkpoints", "show", *place, "--json")))

    assert streams("checkpoints", "show", *place)[0] != 0  # there are none
    must(group.consume())
    shown = show()
    assert (shown["group"], shown["stream_arn"]) == ("g", arn_of(database, group.table))
    [(shard, row)] = shown["shards"].items()
    last = lines_of(group.log.read_text())[-1]["dynamodb"]["SequenceNumber"]
    assert (row["state"], row["pos"], row["seq"]) == ("reading", "after", last)
    lines = must(streams("checkpoints", "show", *place)).splitlines()
    assert lines[0] == "group   g" and lines[2] == "began   at the oldest record"
    assert f"{shard}  reading  up to {last}" in lines[5]
    assert json.loads(must(streams("lag", *place, "--json"))) == {
        "lagMs": 0, "lost": False, "shards": [{"shardId": shard, "state": "reading", "lagMs": 0, "lost": False}]}
    assert must(streams("lag", *place, "--max", "1s")).splitlines()[1].endswith("  none")

    for title in ("f", "g"):
        put(database, group.table, title)
    wait_until(lambda: json.loads(must(streams("lag", *place, "--json")))["lagMs"] > 1000)
    assert streams("lag", *place, "--max", "1s")[0] == 1
    assert must(streams("lag", *place, "--max", "1h")).splitlines()[0].split() == ["SHARD", "STATE", "HANDLED", "LAG"]

    assert streams("checkpoints", "reset", *place)[0] == 2  # nobody was asked
    must(streams("checkpoints", "reset", *place, "--yes"))
    assert must(group.consume()) == "7 records handled\n"
    must(streams("checkpoints", "set", *place, "--from", last, "--yes"))
    assert show()["initial"]["kind"] == "after_position"
    assert must(group.consume()) == "2 records handled\n"
    must(streams("checkpoints", "set", *place, "--from", f"{shard}={last}", "--yes"))
    assert must(group.consume()) == "2 records handled\n"
    must(streams("checkpoints", "set", *place, "--from", "trim-horizon", "--yes"))
    assert must(group.consume()) == "7 records handled\n"
    if kind == 1:
        database.delete_table(TableName=place[-1][len("table:"):])


def test_a_file_in_use_is_shown_and_not_changed(server, group, streams):
    place = places(group)[0]
    with running(server, *group.arguments("cat")) as program:
        program.line()
        wait_until(lambda: streams("checkpoints", "show", *place)[0] == 0)
        code, _, err = streams("checkpoints", "reset", *place, "--yes")
        assert code == 2 and "Another process holds" in err


def test_the_file_of_another_group_or_stream_is_refused(group, streams, database):
    place = places(group)[0]
    must(group.consume())
    code, _, err = streams("lag", *place, "--group", "other")
    assert code == 2 and 'is the checkpoint of group "g"' in err
    assert streams("lag", make_table(database), *place)[0] == 2
    (group.folder / "damaged").write_text("{}\n", encoding="utf-8")
    code, _, err = streams("checkpoints", "show", "--checkpoints", str(group.folder / "damaged"))
    assert code == 1 and "checksum" in err
    assert streams("lag", "--checkpoints", "table:T")[0] == 2
    assert streams("lag", group.table, "--checkpoints", "table:T")[0] == 2


def test_several_commands_share_the_shards_of_a_stream(admin, tmp_path):
    database = client_of(admin)
    table = make_table(database)
    where = ("--database", admin.endpoint)
    first = json.loads(must(run(admin, "streams", "describe", table, "--json", *where)))["shards"][0]["shardId"]
    must(roll(admin, table, "--shard", first, "--split"))
    group = Group(admin, table, tmp_path)
    group.checkpoints = "table:shared"
    arguments = group.arguments(f"cat >> {group.log}")
    for artist in range(20):
        put(database, table, f"t{artist}", artist=f"a{artist}")
    with running(admin, *arguments) as one, running(admin, *arguments) as other:
        wait_until(lambda: len(set(group.titles())) == 20)
        for artist in range(20):
            put(database, table, f"u{artist}", artist=f"a{artist}")
        wait_until(lambda: len(set(group.titles())) == 40)
        ends = [one.end(), other.end()]
        assert [end[0] for end in ends] == [0, 0], ends
    assert len(group.titles()) == 40  # a hand-over is no reason to hand out twice


def test_a_damaged_file_of_letters_says_so(streams, tmp_path):
    file = tmp_path / "letters"
    file.write_text("{\"half\n", encoding="utf-8")
    code, out, err = streams("dead-letters", "show", str(file), "--json")
    assert (code, out) == (0, "")
    assert err == "dynakeep: warning: 1 text in it that is no dead letter\n"
    assert streams("dead-letters", "show", str(tmp_path / "none"))[0] == 1
    assert not (tmp_path / "none.lock").exists()


@pytest.mark.parametrize("arguments", [
    [], ["consume"], ["consume", "T", "--group", "g", "--exec", "cat"],
    ["consume", "T", "--group", "g", "--checkpoints", "c"],
    ["consume", "T", "--group", "g", "--checkpoints", "c", "--exec", "cat", "--on-poison", "dead-letter"],
    ["consume", "T", "--group", "g", "--checkpoints", "c", "--exec", "cat", "--on-poison", "skip",
     "--dead-letters", "l"],
    ["consume", "T", "--group", "g", "--checkpoints", "c", "--exec", "cat", "--batch", "0"],
    ["consume", "T", "--group", "g", "--checkpoints", "c", "--exec", "cat", "--filter", "{"],
    ["consume", "T", "--group", "a b", "--checkpoints", "c", "--exec", "cat"],
    ["describe"], ["describe", "T", "--arn", ARN], ["dead-letters"], ["dead-letters", "show"],
    ["dead-letters", "replay", "l"]])
def test_flags_that_make_no_sense_are_misuse(server, table, arguments, tmp_path):
    arguments = [table if argument == "T" else argument for argument in arguments]
    arguments = [str(tmp_path / argument) if argument in ("c", "l") else argument for argument in arguments]
    code, out, _ = run(server, "streams", *arguments, DYNAKEEP_DATABASE=server.endpoint)
    assert (code, out) == (2, "")


def test_a_folder_has_streams_too(server, tmp_path):
    folder = tmp_path / "data"
    with running(server, "serve", "--data", str(folder), "--port", "0") as serving:
        endpoint = serving.line().split(" on ")[1].split()[0]
        there = client_of(type("Server", (), {"endpoint": endpoint}))
        table = make_table(there)
        put(there, table, "a", plays=1)
        serving.end(signal.SIGTERM)
    where = ("--database", f"embedded:{folder}")
    assert len(lines_of(must(run(server, "streams", "list", "--json", *where)))) == 1
    assert "1 open" in must(run(server, "streams", "describe", table, *where))
    out = must(run(server, "streams", "consume", table, "--group", "g", "--checkpoints", str(tmp_path / "ckpt"),
                   "--exec", f"cat > {tmp_path / 'log'}", "--no-follow", *where))
    assert out == "1 record handled\n"
    assert len(lines_of(pathlib.Path(tmp_path / "log").read_text(encoding="utf-8"))) == 1
