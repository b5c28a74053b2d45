"""`dynakeep collections`: what it finds in collection tables, how it shows it, and what it changes."""

import json
import os
import pathlib
import pty
import stat
import subprocess
import uuid

import pytest
from conftest import PATIENCE_SECONDS, environment_of, run

POSTS, DRAFTS, OLD, OTHER = ("c0000000-0000-4000-8000-00000000000%d" % n for n in range(1, 5))
HELLO, BYE, TWIN_1, TWIN_2 = ("e0000000-0000-4000-8000-00000000000%d" % n for n in range(1, 5))
T = 1561561560000  # 2019-06-26T15:06:00.000Z
APP, USER = "shop", "user-1"


class Tables:
    def __init__(self, database):
        self.database = database
        suffix = uuid.uuid4().hex[:12]
        self.collections, self.entries = f"collections-{suffix}", f"entries-{suffix}"
        for table, partition, sort in ((self.collections, "application", "userCollectionVersion"),
                                       (self.entries, "userCollection", "entryVersion")):
            database.create_table(
                TableName=table, BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in (partition, sort)],
                KeySchema=[{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}])

    def collection(self, collection, version, name, application=APP, user=USER, **more):
        self.database.put_item(TableName=self.collections, Item={
            "application": {"S": application}, "userCollectionVersion": {"S": f"{user}#{collection}#{version}"},
            "name": {"S": name}, **more})

    def entry(self, entry, version, name, value, collection=POSTS, user=USER, **more):
        row = {"userCollection": {"S": f"{user}#{collection}#"}, "entryVersion": {"S": f"{entry}#{version}"},
               "name": {"S": name}, "value": {"S": value}, **more}
        self.database.put_item(TableName=self.entries, Item={k: v for k, v in row.items() if v != {"S": None}})

    def rows(self):
        return sum(self.database.scan(TableName=table, Select="COUNT")["Count"]
                   for table in (self.collections, self.entries))

    def flags(self):
        return ["--collections-table", self.collections, "--entries-table", self.entries]


def number(n):
    return {"N": str(n)}


@pytest.fixture
def tables(database):
    """Two applications, as dynamodb-mini leaves them, and with what this store adds here and there."""
    made = Tables(database)
    made.collection(POSTS, T, "posts", rev=number(1))
    made.collection(DRAFTS, T + 1000, "drafts")
    made.collection(OLD, T + 2000, "old", deletedAt={"S": "2019-06-26T16:38:43.123Z"})
    made.collection(OTHER, T, "posts", application="other", user="user-2")
    made.entry(HELLO, T + 1000, "hello", '{"n": 1,\n "tags": ["a"]}', rev=number(1))
    made.entry(HELLO, T + 2000, "hello", '{"n":2,"tags":["a"]}', rev=number(2), by={"S": "ci"}, msg={"S": "count on"})
    made.entry(HELLO, T + 3000, "hello, world", '{"n":2.50,"tags":["a","b"],"b":null}', rev=number(3),
               **{"from": number(T + 2000)})
    made.entry(BYE, T + 1500, "bye", '{"gone":true}', deletedAt={"S": "2019-06-26T15:06:04.000Z"})
    made.entry(TWIN_1, T + 4000, "twin", "[]")
    made.entry(TWIN_2, T + 5000, "twin", "5")
    return made


@pytest.fixture
def collections(server, tables):
    """Runs `dynakeep collections`, which must go well; gives what it prints."""
    def run_collections(command, *arguments):
        code, out, err = run(server, "collections", command, *arguments, *tables.flags(), "--database", server.endpoint)
        assert (code, err) == (0, "")
        return out

    return run_collections


@pytest.fixture
def fails(server, tables):
    """Runs it to fail with a code and a line that has the words."""
    def run_collections(code, words, command, *arguments):
        got, out, err = run(server, "collections", command, *arguments, *tables.flags(), "--database", server.endpoint)
        assert (got, out) == (code, ""), err
        assert err.startswith("dynakeep: ") and err.count("\n") == 1, err
        assert words in err

    return run_collections


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


# ---- list ----


def test_lists_the_applications_of_a_table(collections):
    heading, *rows = collections("list").splitlines()  # a scan's order is the database's
    assert heading == "APPLICATION  COLLECTIONS  VERSIONS"
    assert sorted(rows) == ["other                  1         1", "shop                   3         3"]
    assert {each["application"]: (each["collections"], each["versions"])
            for each in objects(collections("list", "--json"))} == {"shop": (3, 3), "other": (1, 1)}


def test_lists_the_collections_of_an_application_and_of_a_user(collections):
    assert collections("list", APP) == (
        "USER    NAME    ID                                    REVISION  CHANGED\n"
        f"user-1  posts   {POSTS}         1  2019-06-26T15:06:00.000Z\n"
        f"user-1  drafts  {DRAFTS}            2019-06-26T15:06:01.000Z\n")
    assert collections("list", APP, USER, "--limit", "1") == (
        "NAME   ID                                    REVISION  CHANGED\n"
        f"posts  {POSTS}         1  2019-06-26T15:06:00.000Z\n")
    assert [each["name"] for each in objects(collections("list", APP, USER, "--deleted", "--json"))] == [
        "posts", "drafts", "old"]
    assert collections("list", APP, "nobody") == "NAME  ID  REVISION  CHANGED\n"
    assert collections("list", APP, "nobody", "--json") == ""


def test_lists_the_entries_of_a_collection_by_its_name_or_id(collections):
    listed = collections("list", APP, USER, "posts")
    assert listed == collections("list", APP, USER, POSTS)
    assert listed == (
        "NAME          ID                                    REVISION  CHANGED                   VALUE\n"
        f'hello, world  {HELLO}         3  2019-06-26T15:06:03.000Z  {{"n":2.50,"tags":["a","b"],"b":null}}\n'
        f"twin          {TWIN_1}            2019-06-26T15:06:04.000Z  []\n"
        f"twin          {TWIN_2}            2019-06-26T15:06:05.000Z  5\n")
    deleted = objects(collections("list", APP, USER, "posts", "--deleted", "--json"))[1]
    assert deleted == {"application": APP, "user": USER, "collection": POSTS, "entry": BYE, "version": T + 1500,
                       "createdAt": "2019-06-26T15:06:01.500Z", "deletedAt": "2019-06-26T15:06:04.000Z", "name": "bye",
                       "value": {"gone": True}}


def test_lists_more_than_a_page(collections, tables):
    for n in range(1100):
        tables.collection(f"f{n:07d}", T + n, f"name {n}", application="many")
    assert len(objects(collections("list", "many", "--json"))) == 1100
    assert len(objects(collections("list", "many", USER, "--json", "--limit", "1050"))) == 1050


# ---- show, and whom an address means ----


def test_shows_an_entry_whole(collections):
    assert collections("show", APP, USER, "posts", "hello, world") == (
        f"entry 'hello, world' ({HELLO})\n"
        "  application    shop\n"
        "  user           user-1\n"
        f"  collection     {POSTS}\n"
        f"  version        {T + 3000}, revision 3, the newest\n"
        "  written        2019-06-26T15:06:03.000Z\n"
        f"  restored from  {T + 2000}\n"
        '{\n  "n": 2.50,\n  "tags": [\n    "a",\n    "b"\n  ],\n  "b": null\n}\n')
    assert collections("show", APP, USER, "posts") == (
        f"collection 'posts' ({POSTS})\n"
        "  application    shop\n"
        "  user           user-1\n"
        f"  version        {T}, revision 1, the newest\n"
        "  written        2019-06-26T15:06:00.000Z\n")


def test_shows_any_version_and_keeps_its_digits(collections):
    for version in ("r2", str(T + 2000)):
        assert collections("show", APP, USER, POSTS, HELLO, "--version", version, "--json") == (
            f'{{"application":"shop","user":"user-1","collection":"{POSTS}","entry":"{HELLO}","version":{T + 2000},'
            '"revision":2,"createdAt":"2019-06-26T15:06:02.000Z","by":"ci","message":"count on","name":"hello",'
            '"value":{"n":2,"tags":["a"]}}\n')
    # However it was written, it takes one line.
    assert '"value":{"n": 1,  "tags": ["a"]}}\n' in collections(
        "show", APP, USER, POSTS, HELLO, "--version", "first", "--json")


def test_a_deleted_one_is_shown_and_found_by_its_name(collections):
    assert "  deleted        2019-06-26T15:06:04.000Z\n" in collections("show", APP, USER, "posts", "bye")
    assert objects(collections("show", APP, USER, "old", "--json"))[0]["collection"] == OLD


def test_a_name_of_several_is_refused_with_their_ids(fails, tables):
    fails(2, f"'twin' may be any of 2 entries, name one by its id: {TWIN_1} (changed 2019-06-26T15:06:04.000Z), {TWIN_2}",
          "show", APP, USER, "posts", "twin")
    # An id may be another's name.
    tables.entry("bye", T, "its id is a name", "1")
    tables.entry("e9", T, "bye", "2")
    fails(2, "e9 (changed 2019-06-26T15:06:00.000Z), bye (changed", "show", APP, USER, "posts", "bye")


def test_who_is_not_there(fails):
    fails(1, "there is no collection 'nothing' of user 'user-1' in application 'shop'", "show", APP, USER, "nothing")
    fails(1, f"there is no entry 'nothing' of collection {POSTS}", "history", APP, USER, "posts", "nothing")
    fails(1, "there is no collection 'posts'", "show", APP, "user-2", "posts")
    fails(1, f"there is no collection '{OTHER}'", "show", APP, "user-2", OTHER)
    fails(2, "Invalid user", "list", APP, "中文")
    fails(2, "'r' is no version", "show", APP, USER, "posts", "--version", "r")
    fails(2, "'3x' is no version", "show", APP, USER, "posts", "--version", "3x")


def test_what_is_stored_cannot_disturb_the_terminal(collections, tables):
    tables.entry("red", T, "\x1b[31mred", '"\x1b]0;x"', by={"S": "\x1b[2J"})
    for shown in (collections("list", APP, USER, "posts"), collections("show", APP, USER, "posts", "red"),
                  collections("history", APP, USER, "posts", "red")):
        assert "\x1b" not in shown and "\\u001b[31mred" in shown


# ---- history, at, diff ----


def test_lists_the_versions_of_an_entry(collections):
    assert collections("history", APP, USER, "posts", HELLO) == (
        "REVISION  VERSION        WRITTEN                   BY  MESSAGE   STATE                   NAME          VALUE\n"
        f"       3  {T + 3000}  2019-06-26T15:06:03.000Z                restores 1561561562000  hello, world"
        '  {"n":2.50,"tags":["a","b"],"b":null}\n'
        f"       2  {T + 2000}  2019-06-26T15:06:02.000Z  ci  count on                          hello"
        '         {"n":2,"tags":["a"]}\n'
        f"       1  {T + 1000}  2019-06-26T15:06:01.000Z                                        hello"
        '         {"n": 1,  "tags": ["a"]}\n')
    history = ("history", APP, USER, POSTS, HELLO, "--json")
    assert [each["revision"] for each in objects(collections(*history, "--reverse"))] == [1, 2, 3]
    assert [each["revision"] for each in objects(collections(*history, "--limit", "1"))] == [3]
    assert [each["revision"] for each in objects(collections(*history, "--from", str(T + 2000)))] == [3, 2]
    assert [each["revision"] for each in objects(collections(*history, "--to", "2019-06-26T17:06:02+02:00"))] == [1]
    assert "deleted 2019-06-26T16:38:43.123Z" in collections("history", APP, USER, "old")


@pytest.mark.parametrize("time, names", [
    (str(T + 999), []), ("2019-06-26T15:06:01Z", ["hello"]), ("2019-06-26T15:06:01.500Z", ["hello", "bye"]),
    (str(T + 3999), ["hello, world", "bye"]), (str(T + 4000), ["hello, world", "twin"]),
    ("1s ago", ["hello, world", "twin", "twin"]), ("now", ["hello, world", "twin", "twin"]), ("2019-06-26", [])])
def test_lists_what_was_in_a_collection(collections, time, names):
    assert [each["name"] for each in objects(collections("at", time, APP, USER, "posts", "--json"))] == names


def test_shows_what_an_entry_was(collections, fails):
    assert objects(collections("at", str(T + 2500), APP, USER, "posts", HELLO, "--json"))[0]["value"]["n"] == 2
    assert "hello" in collections("at", "2019-06-26T15:06:02Z", APP, USER, "posts", HELLO)
    assert "deletedAt" not in objects(collections("at", str(T + 3999), APP, USER, "posts", "bye", "--json"))[0]
    assert "deletedAt" in objects(collections("at", "now", APP, USER, "posts", "bye", "--json", "--deleted"))[0]
    assert [each["name"] for each in objects(collections("at", str(T), APP, "--json"))] == ["posts"]
    fails(1, "not there at that time, or deleted", "at", "now", APP, USER, "posts", "bye")
    fails(1, "not there at that time, or deleted", "at", "2019-01-01", APP, USER, "posts", HELLO)
    for nonsense in ("yesterday", "2h", "0h ago", "2 fortnights ago", "-5", "2019-06-26T15:06:01", ""):
        fails(2, "is no time", "at", nonsense, APP)


def test_tells_what_a_version_changed(collections, fails):
    assert collections("diff", APP, USER, "posts", HELLO) == (
        f"--- version {T + 2000}, revision 2, 2019-06-26T15:06:02.000Z, by ci: count on\n"
        f"+++ version {T + 3000}, revision 3, 2019-06-26T15:06:03.000Z\n"
        '~ name "hello" to "hello, world"\n'
        "~ /n 2.50\n"
        '+ /tags/1 "b"\n'
        "+ /b null\n")
    assert objects(collections("diff", APP, USER, "posts", HELLO, "--to", "r2", "--json")) == [
        {"from": T + 1000, "to": T + 2000, "patch": [{"op": "replace", "path": "/n", "value": 2}]}]
    back = objects(collections("diff", APP, USER, "posts", HELLO, "--from", "last", "--to", "first", "--json"))[0]
    assert (back["from"], back["to"], back["name"]) == (T + 3000, T + 1000, ["hello, world", "hello"])
    assert collections("diff", APP, USER, "posts", HELLO, "--from", "r3").endswith("no difference\n")
    fails(1, "nothing is before version", "diff", APP, USER, "posts")


# ---- restore ----


def test_restores_an_old_version(collections):
    said = collections("restore", APP, USER, "posts", HELLO, "--version", "r1", "--by", "ops", "--message", "oops")
    assert said.startswith(f"entry 'hello' ({HELLO}) is at version ")
    assert said.endswith(f", revision 4, as it was at {T + 1000}\n")
    newest = objects(collections("show", APP, USER, "posts", HELLO, "--json"))[0]
    assert (newest["by"], newest["message"], newest["value"]["n"], newest["restoredFrom"]) == ("ops", "oops", 1, T + 1000)
    restored = objects(collections("restore", APP, USER, "posts", HELLO, "--at", str(T + 2500), "--json"))[0]
    assert (restored["revision"], restored["restoredFrom"]) == (5, T + 2000)


def test_undeletes_and_says_if_there_is_nothing_to_undelete(collections, fails):
    collections("restore", APP, USER, "posts", "bye")
    assert "bye" in collections("list", APP, USER, "posts")
    fails(1, "not deleted", "restore", APP, USER, "posts", "bye")


def test_restores_a_collection_with_its_entries(collections, fails):
    assert collections("restore", APP, USER, "posts", "--entries", "--at", str(T + 1700)) == (
        "2 restored, 2 deleted, 0 left as they are\n")
    assert [each["name"] for each in objects(collections("list", APP, USER, "posts", "--json"))] == ["hello", "bye"]
    assert objects(collections("restore", APP, USER, "posts", "--entries", "--at", str(T + 1700), "--json")) == [
        {"restored": 0, "deleted": 0, "unchanged": 4, "failed": []}]
    fails(2, "--entries", "restore", APP, USER, "posts", "--entries")
    fails(2, "--entries", "restore", APP, USER, "posts", HELLO, "--entries", "--at", "now")
    fails(2, "--version", "restore", APP, USER, "posts", HELLO, "--version", "r1", "--at", "now")


def test_writes_as_engines_without_transactions_need_it(server, tables, collections, fails):
    said = collections("restore", APP, USER, "posts", HELLO, "--version", "r1", "--write-mode", "conditional")
    assert said.startswith(f"entry 'hello' ({HELLO}) is at version ")
    code, out, err = run(server, "collections", "restore", APP, USER, "posts", "bye", *tables.flags(), "--database",
                         server.endpoint, WRITE_MODE="conditional")
    assert (code, err) == (0, "") and out.startswith(f"entry 'bye' ({BYE}) is at version ")
    fails(2, "--write-mode: loose not in {conditional,linear}", "restore", APP, USER, "posts", HELLO, "--write-mode", "loose")


# ---- purge and retention ----


def test_purges_what_it_is_told(collections, fails, tables):
    before = tables.rows()
    purge = ("purge", APP, USER, "posts", HELLO)
    assert collections(*purge, "--keep-last", "2", "--dry-run") == "1 version would be purged, 2 kept\n"
    assert tables.rows() == before
    assert collections(*purge, "--keep-last", "2", "--yes") == "1 version purged, 2 kept\n"
    assert objects(collections(*purge, "--before", "now", "--yes", "--json")) == [
        {"purged": 1, "kept": 1, "floor": T + 2000, "dryRun": False}]
    fails(1, "purged", "show", APP, USER, "posts", HELLO, "--version", "r1")
    assert collections(*purge, "--versions", f"{T + 3000}", "--yes") == "0 versions purged, 1 kept\n"  # the newest stays


def test_purges_a_collection_whole(collections, fails, tables):
    fails(1, "not deleted", "purge", APP, USER, "posts", "--all", "--yes")
    assert collections("purge", APP, USER, "posts", "--all", "--force", "--yes") == "7 versions purged, 0 kept\n"
    fails(1, "there is no collection 'posts'", "show", APP, USER, "posts")
    assert collections("list", APP, "--json").count("\n") == 1
    assert tables.rows() == 3  # drafts, old, and the other application's


def test_a_purge_must_be_confirmed(server, tables, fails):
    fails(2, "say --yes, or --dry-run", "purge", APP, USER, "posts", HELLO, "--keep-last", "1")
    fails(2, "--", "purge", APP, USER, "posts", HELLO, "--yes")
    fails(2, "--", "purge", APP, USER, "posts", HELLO, "--yes", "--keep-last", "1", "--before", "now")
    fails(2, "--keep-last", "purge", APP, USER, "posts", HELLO, "--yes", "--keep-last", "0")
    fails(2, "--force", "purge", APP, USER, "posts", HELLO, "--yes", "--keep-last", "1", "--force")
    for answer, code, kept in (("n", 1, 3), ("", 1, 3), ("yes", 0, 1)):
        controller, terminal = pty.openpty()
        try:
            os.write(controller, answer.encode() + b"\n")
            done = subprocess.run(
                [os.environ["DYNAKEEP_PROGRAM"], "collections", "purge", APP, USER, "posts", HELLO, "--keep-last", "1",
                 *tables.flags(), "--database", server.endpoint],
                stdin=terminal, capture_output=True, text=True, env=environment_of(server), timeout=PATIENCE_SECONDS,
                check=False)
        finally:
            os.close(controller)
            os.close(terminal)
        assert done.returncode == code, done.stderr
        assert f"Remove 2 versions of entry 'hello, world' ({HELLO}) for good? [y/N] " in done.stderr
        code, out, _ = run(server, "collections", "history", APP, USER, "posts", HELLO, "--json", *tables.flags(),
                           "--database", server.endpoint)
        assert len(objects(out)) == kept


def test_retention_counts_and_only_then_purges(collections, fails, tables):
    before = tables.rows()
    assert collections("retention", APP, "--keep-last", "1") == "shop: 2 versions would be purged, 7 kept\n"
    assert collections("retention", "--all-applications", "--max-age", "1d", "--json") == (
        '{"application":"other","purged":0,"kept":1,"dryRun":true}\n'
        '{"application":"shop","purged":2,"kept":7,"dryRun":true}\n')
    assert collections("retention", APP, "--keep-last", "3", "--apply") == "shop: 0 versions purged, 9 kept\n"
    assert tables.rows() == before
    assert collections("retention", APP, "--keep-last", "2", "--max-age", "12h", "--apply") == (
        "shop: 1 version purged, 8 kept\n")
    fails(2, "--keep-last or --max-age", "retention", APP)
    fails(2, "--all-applications", "retention", "--keep-last", "1")
    fails(2, "is no length of time", "retention", APP, "--max-age", "soon")


# ---- export ----


def names(lines):
    return [(each.get("entry", each["collection"]), each["version"] - T) for each in lines]


def test_exports_the_whole_history(collections):
    header, *lines, end = objects(collections("export", APP))
    assert {name: header[name] for name in ("format", "formatVersion", "versions", "application")} == {
        "format": "dynakeep-collections", "formatVersion": 1, "versions": "all", "application": APP}
    assert names(lines) == [
        (POSTS, 0), (HELLO, 1000), (HELLO, 2000), (HELLO, 3000), (BYE, 1500), (TWIN_1, 4000), (TWIN_2, 5000),
        (DRAFTS, 1000), (OLD, 2000)]
    assert end == {"end": True, "count": 9}
    assert lines[1]["value"] == {"n": 1, "tags": ["a"]}
    assert objects(collections("export", APP, USER))[1:] == [*lines, end]


def test_exports_one_collection_and_only_what_is_live(collections, fails):
    header, *lines, end = objects(collections("export", APP, USER, "posts"))
    assert (header["user"], header["collection"], end["count"]) == (USER, POSTS, 7)
    assert names(lines)[:2] == [(POSTS, 0), (HELLO, 1000)]
    header, *lines, _ = objects(collections("export", APP, USER, "posts", "--latest"))
    assert header["versions"] == "latest"
    assert names(lines) == [(POSTS, 0), (HELLO, 3000), (TWIN_1, 4000), (TWIN_2, 5000)]
    fails(1, "there is no collection 'nothing'", "export", APP, USER, "nothing")


def test_an_exported_file_is_there_whole_or_not_at_all(server, tables, tmp_path):
    file = tmp_path / "shop.jsonl"

    def export(*arguments, **more):
        return run(server, "collections", "export", *arguments, "--output", str(file), *tables.flags(),
                   *([] if more else ["--database", server.endpoint]), **more)

    assert export(APP) == (0, "", f"9 versions in {file}\n")
    assert objects(file.read_text())[-1] == {"end": True, "count": 9}
    assert stat.S_IMODE(file.stat().st_mode) & 0o600 == 0o600
    written = file.read_text()
    code, out, err = export(APP, USER, "nothing")
    assert (code, out) == (1, "") and "there is no collection" in err
    assert file.read_text() == written
    assert [each.name for each in tmp_path.iterdir()] == ["shop.jsonl"]


def test_an_export_that_cannot_be_written_says_so(server, tables, tmp_path):
    flags = [*tables.flags(), "--database", server.endpoint]
    code, out, err = run(server, "collections", "export", APP, "--output", str(tmp_path / "none" / "x"), *flags)
    assert (code, out) == (1, "") and "cannot write" in err and "No such file" in err
    if pathlib.Path("/dev/full").exists():
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([os.environ["DYNAKEEP_PROGRAM"], "collections", "export", APP, *flags], stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=environment_of(server), check=False,
                                  timeout=PATIENCE_SECONDS)
        assert done.returncode == 1 and "cannot write to stdout: No space left" in done.stderr


# ---- where ----


def test_tables_may_come_from_the_environment_and_must_be_there(server, tables):
    code, out, _ = run(server, "collections", "list", APP, "--json", "--database", server.endpoint,
                       TABLE_NAME_COLLECTIONS=tables.collections, TABLE_NAME_ENTRIES=tables.entries)
    assert code == 0 and len(objects(out)) == 2
    code, out, err = run(server, "collections", "list", APP, "--database", server.endpoint)
    assert (code, out) == (1, "")
    assert err == (f"dynakeep: there are no tables 'dynamomini.collections' and 'dynamomini.entries' at "
                   f"{server.endpoint}\n")


def test_a_database_that_is_not_there(server):
    code, out, err = run(server, "collections", "list", APP, "--database", "http://127.0.0.1:1")
    assert (code, out) == (3, "") and err.startswith("dynakeep: ")


@pytest.mark.parametrize("command", ["", "list", "show", "history", "at", "diff", "restore", "purge", "retention", "export"])
def test_help_tells_the_flags(server, command):
    code, out, err = run(server, "collections", *([command] if command else []), "--help")
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 120
    assert ("--collections-table" in out) == bool(command)
