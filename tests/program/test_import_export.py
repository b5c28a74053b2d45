"""`dynakeep export` and `dynakeep import`: tables into files and back."""

import base64
import gzip
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time
import uuid

import pytest
from conftest import PATIENCE_SECONDS, environment_of, run

ITEMS = [
    {"pk": {"S": "types"}, "sk": {"N": "1"}, "n": {"N": "12345678901234567890123456789012345678"},
     "b": {"B": b"\x00\xff"}, "yes": {"BOOL": True}, "no": {"NULL": True}, "ss": {"SS": ["a", "ü"]},
     "ns": {"NS": ["0.1", "2"]}, "bs": {"BS": [b"x"]}, "l": {"L": [{"S": ""}, {"N": "1"}]},
     "m": {"M": {"$set": {"M": {}}}}},
    {"pk": {"S": "text, \"quoted\"\n🙂"}, "sk": {"N": "-2.5"}, "empty": {"S": ""}},
]


@pytest.fixture
def make_table(database):
    def make(count=0):
        name = f"T-{uuid.uuid4().hex[:12]}"
        database.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "sk", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
        for first in range(0, count, 25):
            database.batch_write_item(RequestItems={name: [
                {"PutRequest": {"Item": {"pk": {"S": f"p{i}"}, "sk": {"N": str(i)}, "t": {"S": "x" * 100}}}}
                for i in range(first, min(first + 25, count))]})
        return name
    return make


@pytest.fixture
def full_table(make_table, database):
    name = make_table()
    for item in ITEMS:
        database.put_item(TableName=name, Item=item)
    return name


@pytest.fixture
def dynakeep(server):
    return lambda *arguments: run(server, *map(str, arguments), "--database", server.endpoint)


def items_of(database, table):
    pages = database.get_paginator("scan").paginate(TableName=table)
    return sorted((json.dumps(item, sort_keys=True, default=str) for page in pages for item in page["Items"]))


def lines_of(count, first=0):
    return "".join(json.dumps({"pk": f"p{i}", "sk": i}) + "\n" for i in range(first, first + count))


@pytest.mark.parametrize("name, flags", [
    ("items.jsonl", []), ("items.json.gz", []), ("items.json.zst", []), ("items", ["--format", "json"]),
    ("items.csv", ["--format", "csv"]), ("items", ["--format", "csv", "--compress", "zstd"])])
def test_what_was_exported_is_imported(dynakeep, database, full_table, make_table, tmp_path, name, flags):
    file = tmp_path / name
    code, out, err = dynakeep("export", full_table, "--output", file, *flags)
    assert (code, out) == (0, "")
    assert err.startswith(f"2 items of {full_table} exported to {file}, ")
    assert [each.name for each in tmp_path.iterdir()] == [name]
    first = file.read_bytes()[:4]
    assert (first[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert (first == b"\x28\xb5\x2f\xfd") == (name.endswith(".zst") or "zstd" in flags)
    other = make_table()
    # By its content, not by its name.
    renamed = file.rename(tmp_path / "renamed.txt")
    code, out, err = dynakeep("import", other, renamed)
    assert (code, out) == (0, "")
    assert err.startswith(f"2 items imported into {other}, in ")
    assert items_of(database, other) == items_of(database, full_table)


def test_pipes_go_from_table_to_table(server, dynakeep, database, full_table, make_table):
    other = make_table()
    program = os.environ["DYNAKEEP_PROGRAM"]
    done = subprocess.run(
        ["sh", "-c", f"{program} export {full_table} --compress gzip | {program} import {other} --json"],
        env=environment_of(server, DYNAKEEP_DATABASE=server.endpoint), capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary.pop("seconds") < PATIENCE_SECONDS
    assert summary == {"table": other, "ending": "complete", "lines": 2, "written": 2, "removed": 0, "existing": 0,
                       "rejected": 0, "unknown": 0, "nextLine": 1, "dryRun": False, "error": None}
    assert items_of(database, other) == items_of(database, full_table)


def test_a_folder_has_amazons_layout_and_makes_the_table_again(dynakeep, database, make_table, tmp_path):
    table = make_table(120)
    database.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    code, out, err = dynakeep("export", table, "--folder", tmp_path, "--json", "--segments", 2)
    assert (code, err) == (0, "")
    summary = json.loads(out)
    folder = pathlib.Path(summary["path"])
    assert summary["items"] == 120 and folder.parent == tmp_path / "AWSDynamoDB"

    manifest = json.loads((folder / "manifest-summary.json").read_text())
    assert manifest["itemCount"] == 120 and manifest["outputFormat"] == "DYNAMODB_JSON"
    files = [json.loads(line) for line in (folder / "manifest-files.json").read_text().splitlines()]
    for name in ("summary", "files"):
        text = (folder / f"manifest-{name}.json").read_bytes()
        sum_text = (folder / f"manifest-{name}.md5").read_text()
        assert base64.b64decode(sum_text) == hashlib.md5(text).digest()
    found = 0
    for file in files:
        data = (tmp_path / file["dataFileS3Key"]).read_bytes()
        assert base64.b64decode(file["md5Checksum"]) == hashlib.md5(data).digest()
        lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
        assert len(lines) == file["itemCount"] and all(list(line) == ["Item"] for line in lines)
        found += len(lines)
    assert found == 120 and manifest["manifestFilesS3Key"] == f"AWSDynamoDB/{folder.name}/manifest-files.json"

    other = f"Made-{uuid.uuid4().hex[:12]}"
    code, out, err = dynakeep("import", other, tmp_path, "--create")
    assert code == 0, err
    assert items_of(database, other) == items_of(database, table)
    made = database.describe_table(TableName=other)["Table"]
    assert made["KeySchema"] == database.describe_table(TableName=table)["Table"]["KeySchema"]
    expiry = database.describe_time_to_live(TableName=other)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "end"}
    code, out, err = dynakeep("import", other, tmp_path, "--create")
    assert (code, out, err) == (1, "", f"dynakeep: the table {other} is there already, and has items: without --create lines "
                                "are put over them\n")

    # A sum that does not fit, and nothing is written.
    data = tmp_path / files[0]["dataFileS3Key"]
    data.write_bytes(data.read_bytes()[:-1] + b"!")
    empty = make_table()
    code, out, err = dynakeep("import", empty, tmp_path)
    assert (code, out) == (1, "")
    assert "is not what its md5Checksum in manifest-files.json says" in err
    assert f"0 items imported into {empty}" in err
    assert items_of(database, empty) == []


def test_several_tables_go_to_one_folder(dynakeep, make_table, tmp_path):
    tables = [make_table(3), make_table(4)]
    code, out, _ = dynakeep("export", *tables, "--folder", tmp_path, "--json")
    assert code == 0
    assert [(each["table"], each["items"]) for each in map(json.loads, out.splitlines())] == [
        (tables[0], 3), (tables[1], 4)]
    code, _, err = dynakeep("import", make_table(), tmp_path)
    assert code == 2 and "holds several exports, name one: " in err


def test_an_export_can_be_a_part(dynakeep, make_table):
    table = make_table(10)
    code, out, err = dynakeep(
        "export", table, "--filter-expression", "#s < :three", "--projection-expression", "#s", "--segments", 1,
        "--expression-attribute-names", '{"#s": "sk"}', "--expression-attribute-values", '{":three": {"N": "3"}}',
        "--format", "csv", "--columns", "sk:N", "--consistent")
    assert (code, sorted(out.splitlines())) == (0, ["0", "1", "2", "sk:N"]), err
    assert dynakeep("export", table, "--expression-attribute-names", "x")[0] == 2
    code, _, err = dynakeep("export", table, "--filter-expression", "nonsense")
    assert code == 1 and err.count("\n") == 1
    code, _, err = dynakeep("export", "Nothing-there")
    assert code == 1 and err.count("\n") == 1


def test_a_rate_is_kept(dynakeep, make_table):
    table = make_table(100)
    begun = time.monotonic()
    assert dynakeep("export", table, "--rate", 100)[0] == 0
    assert time.monotonic() - begun > 0.6


def test_wrong_lines_are_told_and_kept(dynakeep, database, make_table, tmp_path):
    table = make_table()
    lines = tmp_path / "lines"
    lines.write_text('{"pk":"a","sk":1}\n{"pk":"a"}\nnonsense\x1b[31m\n{"pk":"b","sk":2}\n')
    rejects = tmp_path / "rejects"
    code, out, err = dynakeep("import", table, lines, "--rejects", rejects)
    assert (code, out) == (5, "")
    assert f"dynakeep: {lines}:2: has no key attribute sk\n" in err
    assert f"2 items imported into {table}, 2 lines rejected (in {rejects}), in " in err
    assert "\x1b" not in err
    assert rejects.read_text() == '{"pk":"a"}\nnonsense\x1b[31m\n'
    reasons = (tmp_path / "rejects.reasons").read_text().splitlines()
    assert reasons[0] == f"{lines}:2: has no key attribute sk" and reasons[1].startswith(f"{lines}:3: ")
    assert len(items_of(database, table)) == 2

    # Put right, they are imported.
    rejects.write_text('{"pk":"c","sk":3}\n')
    assert dynakeep("import", table, rejects, "--rejects", rejects)[0] == 2
    assert rejects.read_text() == '{"pk":"c","sk":3}\n'
    assert dynakeep("import", table, rejects)[0] == 0
    assert len(items_of(database, table)) == 3


def test_too_many_wrong_lines_end_it(dynakeep, make_table, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text("{}\n" * 3000)
    code, _, err = dynakeep("import", make_table(), lines)
    assert code == 1
    assert "dynakeep: and 980 rejected lines more\n" in err
    assert "dynakeep: too many lines rejected, see --stop-after-rejects" in err
    code, out, err = dynakeep("import", make_table(), lines, "--stop-after-rejects", 0, "--json")
    assert code == 5 and json.loads(out)["rejected"] == 3000


def test_a_dry_run_writes_nothing(dynakeep, database, make_table, tmp_path):
    table = make_table()
    lines = tmp_path / "lines"
    lines.write_text(lines_of(10) + "wrong\n")
    code, _, err = dynakeep("import", table, lines, "--dry-run")
    assert code == 5
    assert f"10 items would be imported into {table}, 1 line rejected, in " in err
    assert items_of(database, table) == []
    assert dynakeep("import", table, lines, "--dry-run", "--create")[0] == 2


def test_what_is_there_stays_if_asked_for(dynakeep, database, make_table, tmp_path):
    table = make_table(5)
    lines = tmp_path / "lines"
    lines.write_text(lines_of(8))
    code, _, err = dynakeep("import", table, lines, "--only-if-absent")
    assert code == 0 and f"3 items imported into {table}, 5 there already, in " in err
    assert sum('"t"' in item for item in items_of(database, table)) == 5


def test_tables_are_made_by_flags_and_by_definitions(dynakeep, database, tmp_path):
    lines = tmp_path / "lines.csv"
    lines.write_text("id,name,when\n7,Nina,1\n")
    made = f"Made-{uuid.uuid4().hex[:12]}"
    code, _, err = dynakeep("import", made, lines, "--create", "--partition-key", "id:N", "--sort-key", "name:S")
    assert code == 0, err
    got = database.get_item(TableName=made, Key={"id": {"N": "7"}, "name": {"S": "Nina"}})["Item"]
    assert got["when"] == {"S": "1"}
    defined = f"Made-{uuid.uuid4().hex[:12]}"
    definition = tmp_path / "definition.json"
    definition.write_text(json.dumps({
        "TableName": "Other", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]}))
    code, _, err = dynakeep("import", defined, lines, "--create", "--definition", definition, "--infer-types")
    assert code == 0, err
    assert database.get_item(TableName=defined, Key={"name": {"S": "Nina"}})["Item"]["when"] == {"N": "1"}
    for flags in (["--create"], ["--create", "--partition-key", "id"], ["--create", "--partition-key", "id:SS"],
                  ["--create", "--definition", tmp_path / "nothing"], ["--partition-key", "id:S"]):
        code, _, err = dynakeep("import", "Not-made", lines, *flags)
        assert (code, err.count("\n")) == (2, 1), err
    assert "Not-made" not in database.list_tables()["TableNames"]


def test_a_table_that_is_to_be_made_may_be_there_if_it_is_the_same_and_empty(dynakeep, make_table, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text(lines_of(3))
    create = ["--create", "--partition-key", "pk:S", "--sort-key", "sk:N"]
    empty, full = make_table(), make_table(1)
    code, _, err = dynakeep("import", empty, lines, *create)
    assert code == 0, err
    code, _, err = dynakeep("import", full, lines, *create)
    assert (code, err) == (1, f"dynakeep: the table {full} is there already, and has items: without --create lines are put "
                              "over them\n")
    code, _, err = dynakeep("import", make_table(), lines, "--create", "--partition-key", "other:S")
    assert code == 1 and "is there already, of another shape: its key is" in err


def test_a_database_that_is_not_there_is_not_made_to_be_read(server, tmp_path):
    nothing = f"embedded:{tmp_path / 'nothing'}"
    lines = tmp_path / "lines"
    lines.write_text(lines_of(1))
    for arguments, wanted in [(["export", "A"], 3), (["import", "A", lines], 3), (["events", "list", "--table", "A"], 3)]:
        code, out, err = run(server, *map(str, arguments), "--database", nothing)
        assert (code, out, err) == (wanted, "", f"dynakeep: There is no data in the folder '{tmp_path / 'nothing'}'\n")
    code, _, err = run(server, "copy", nothing, server.endpoint)
    assert (code, err) == (1, f"dynakeep: There is no data in the folder '{tmp_path / 'nothing'}'\n")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("arguments, words", [
    (["export", "A", "--format", "xml"], "--format: 'xml' is none of csv, dynamodb-json, json"),
    (["export", "A", "--compress", "bzip2"], "--compress: 'bzip2' is none of gzip, none, zstd"),
    (["export", "A", "--rate", "fast"], "--rate: 'fast' is no number above 0"),
    (["import", "A", "--format", "xml"], "--format: 'xml' is none of csv, dynamodb-json, json"),
    (["copy", "A", "B", "--rate", "0"], "--rate: '0' is no number above 0")])
def test_what_an_option_takes_is_told(server, arguments, words):
    assert run(server, *arguments) == (2, "", f"dynakeep: {words}; see dynakeep {arguments[0]} --help\n")


@pytest.mark.parametrize("content, words", [
    (gzip.compress(lines_of(5000).encode())[:-9], "the gzip data is cut short"),
    (b"\x28\xb5\x2f\xfd" + b"nonsense" * 10, "the zstd data is damaged"),
    (b"pk:S,pk:S\nx,y\n", "the header has two columns pk"),
    (b"no JSON at all\n", "the header has no column for the key attribute pk")])
def test_files_that_are_damaged_fail_with_a_summary(dynakeep, make_table, tmp_path, content, words):
    file = tmp_path / "file"
    file.write_bytes(content)
    table = make_table()
    code, out, err = dynakeep("import", table, file)
    assert (code, out) == (1, "")
    assert f"dynakeep: {file}: {words}; to import it again does no harm\n" in err
    assert f" imported into {table}, in " in err


def test_flags_that_make_no_sense_are_refused(dynakeep, make_table, tmp_path):
    for arguments in (["export"], ["export", "A", "B"], ["export", "A", "--all", "--folder", tmp_path],
                      ["export", "A", "--folder", tmp_path, "--format", "csv"], ["export", "A", "--columns", "a:S"],
                      ["export", "A", "--format", "xml"], ["export", "A", "--segments", "0"], ["import"],
                      ["import", "A", "x", "--delimiter", "ab"], ["import", "A", "x", "--writers", "0"],
                      ["import", make_table(), tmp_path / "nothing"]):
        code, out, err = dynakeep(*arguments)
        assert (code, out) == (2, ""), arguments
        assert err


# ---- stopped and killed ----

def started(server, *arguments):
    return subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], *map(str, arguments), "--database", server.endpoint],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment_of(server))


def wait_for(condition):
    limit = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.mark.parametrize("target", ["--output", "--folder"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_export_that_is_stopped_leaves_nothing_that_looks_complete(server, make_table, tmp_path, how, target):
    table = make_table(200)
    place = tmp_path / "place"
    process = started(server, "export", table, target, place, "--rate", 20)
    wait_for(lambda: any(each.name.endswith(".partial") for each in tmp_path.rglob("*")))
    process.send_signal(how)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    if how == signal.SIGINT:
        assert (process.returncode, err) == (1, "dynakeep: stopped; nothing was written\n")
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
    else:
        assert process.returncode == -signal.SIGKILL
        assert not place.is_file()
        assert all(".partial" in str(each) for each in tmp_path.rglob("*") if each.is_file())


def test_an_import_that_makes_its_table_goes_on_after_it_was_killed(server, dynakeep, database, tmp_path):
    table, state, count = f"Made-{uuid.uuid4().hex[:12]}", tmp_path / "state", 100_000
    lines = tmp_path / "lines"
    lines.write_text(lines_of(count))
    arguments = ["import", table, lines, "--create", "--partition-key", "pk:S", "--state", state]
    process = started(server, *arguments)
    wait_for(lambda: table in database.list_tables()["TableNames"]
             and database.describe_table(TableName=table)["Table"]["ItemCount"] > 100)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    code, _, err = dynakeep(*arguments)
    assert code == 0, err
    assert database.describe_table(TableName=table)["Table"]["ItemCount"] == count
    assert not state.exists()
    code, _, err = dynakeep(*arguments)  # a new one
    assert code == 1 and "is there already, and has items" in err


def test_a_signal_that_comes_twice_at_once_is_one(server, database, make_table, tmp_path):
    """As timeout(1) sends it, to the program and then to its group."""
    table = make_table(200)
    process = started(server, "export", table, "--output", tmp_path / "place", "--rate", 20)
    wait_for(lambda: any(each.name.endswith(".partial") for each in tmp_path.rglob("*")))
    for each in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        process.send_signal(each)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (1, "dynakeep: stopped; nothing was written\n")


def test_an_import_that_is_stopped_says_how_far_it_was_and_goes_on(server, dynakeep, database, make_table, tmp_path):
    table, state, count = make_table(), tmp_path / "state", 150_000
    lines = tmp_path / "lines"
    lines.write_text("{}\n" + lines_of(count))
    arguments = ["import", table, lines, "--state", state, "--rejects", tmp_path / "rejects"]
    process = started(server, *arguments)
    wait_for(lambda: database.describe_table(TableName=table)["Table"]["ItemCount"] > 1000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    there = database.describe_table(TableName=table)["Table"]["ItemCount"]
    assert process.returncode == 1, err
    assert f"{there:,} items imported into {table}, 1 line rejected" in err
    assert f"dynakeep: stopped before the end; the same command goes on behind line {there + 1}\n" in err
    assert json.loads(state.read_text())["line"] == there + 2

    # Killed at once after some of it, it goes on from there as well.
    process = started(server, *arguments)
    wait_for(lambda: database.describe_table(TableName=table)["Table"]["ItemCount"] > there)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert dynakeep(*arguments[:2], tmp_path / "rejects", "--state", state)[0] == 2  # another import's state

    code, _, err = dynakeep(*arguments)
    assert code == 5
    assert f"{count:,} items imported into {table}, 1 line rejected" in err
    assert database.describe_table(TableName=table)["Table"]["ItemCount"] == count
    assert not state.exists()
    assert (tmp_path / "rejects").read_text() == "{}\n"
