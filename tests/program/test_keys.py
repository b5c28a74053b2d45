"""`dynakeep keys`: the file of API keys, and what is said of it."""

import datetime
import hashlib
import json
import os
import re
import stat
import subprocess
import threading

import pytest
from conftest import PATIENCE_SECONDS


class Keys:
    def __init__(self, folder):
        self.file = str(folder / "api-keys.json")

    def run(self, *arguments, file=None, environment=None):
        """Gives (exit code, stdout, stderr)."""
        where = ["--file", file or self.file] if file != "" else []
        done = subprocess.run([os.environ["DYNAKEEP_PROGRAM"], "keys", *arguments, *where], capture_output=True,
                              text=True, timeout=PATIENCE_SECONDS, check=False,
                              env={"PATH": os.environ["PATH"], **(environment or {})})
        return done.returncode, done.stdout, done.stderr

    def done(self, *arguments, **more):
        code, out, err = self.run(*arguments, **more)
        assert code == 0, err
        return out

    def refused(self, *arguments, **more):
        """Gives (exit code, the one line of complaint)."""
        code, out, err = self.run(*arguments, **more)
        assert code != 0 and out == "" and err.startswith("dynakeep: ") and err.count("\n") == 1, (code, out, err)
        return code, err.removeprefix("dynakeep: ").rstrip("\n")

    def listed(self):
        return [json.loads(line) for line in self.done("list", "--json").splitlines()]

    def records(self):
        with open(self.file, encoding="utf-8") as file:
            return json.load(file)

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def test_a_new_key_is_printed_alone_and_its_digest_kept(keys):
    code, out, err = keys.run("add", "--application", "shop", "--label", "ci")
    assert code == 0
    assert re.fullmatch(r"dk_[A-Za-z0-9_-]{43}\n", out)
    digest = hashlib.sha256(out.strip().encode()).hexdigest()
    assert keys.records() == [{"application": "shop", "keySha256": digest, "label": "ci"}]
    assert f"Added ci ({digest[:8]}) of shop." in err and out.strip() not in err
    assert stat.S_IMODE(os.stat(keys.file).st_mode) == 0o600


def test_a_key_has_the_scope_it_was_given(keys):
    added = json.loads(keys.done(
        "add", "--application", "shop", "--permissions", "read,purge", "--users", "user-1,team-*",
        "--not-before", "2020-01-01", "--not-after", "2999-01-01T00:00:00+01:00", "--json"))
    key = added.pop("key")
    assert added == {"fingerprint": hashlib.sha256(key.encode()).hexdigest()[:8], "application": "shop",
                     "permissions": ["read", "purge"], "users": ["user-1", "team-*"],
                     "notBefore": "2020-01-01T00:00:00.000Z", "notAfter": "2998-12-31T23:00:00.000Z", "good": True}
    assert keys.listed() == [added]


def test_a_key_may_end_a_while_from_now(keys):
    added = json.loads(keys.done("add", "--application", "a", "--not-after", "in 90d", "--json"))
    ends = datetime.datetime.fromisoformat(added["notAfter"].replace("Z", "+00:00"))
    left = ends - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=89, hours=23) < left <= datetime.timedelta(days=90)


def test_the_list_is_a_table_without_keys(keys):
    keys.write('[{"application": "old", "key": "plain-secret"}]')
    key = keys.done("add", "--application", "shop", "--label", "ci", "--users", "u").strip()
    keys.done("add", "--application", "shop", "--label", "past", "--not-after", "2020-01-01")
    keys.done("add", "--application", "shop", "--label", "future", "--not-before", "2999-01-01")
    lines = [re.split(r" {2,}", line.rstrip()) for line in keys.done("list").splitlines()]
    assert lines[0] == ["LABEL", "APPLICATION", "FINGERPRINT", "PERMISSIONS", "USERS", "GOOD"]
    usual = "read,write,delete,history"
    assert lines[1] == ["", "old", hashlib.sha256(b"plain-secret").hexdigest()[:8], usual, "all", "always"]
    assert lines[2] == ["ci", "shop", hashlib.sha256(key.encode()).hexdigest()[:8], usual, "u", "always"]
    assert lines[3][5] == "ended 2020-01-01T00:00:00.000Z"
    assert lines[4][5] == "from 2999-01-01T00:00:00.000Z"
    for out in (keys.done("list"), keys.done("list", "--json")):
        assert key not in out and "secret" not in out


def test_the_file_may_be_named_by_the_environment(keys):
    keys.done("add", "--application", "a", file="", environment={"API_KEYS_FILE": keys.file})
    assert len(keys.records()) == 1
    assert keys.refused("list", file="") == (2, "--file is required; see dynakeep keys list --help")


def test_a_rotated_key_has_a_successor_and_an_end(keys):
    keys.write('[{"application": "a", "key": "plain", "label": "ci", "permissions": ["read"], "owner": "me"}]')
    code, out, err = keys.run("rotate", "ci", "--overlap", "48h")
    assert code == 0
    old, new = keys.records()
    assert new == {"application": "a", "label": "ci", "permissions": ["read"], "owner": "me",
                   "keySha256": hashlib.sha256(out.strip().encode()).hexdigest()}
    assert old["key"] == "plain" and old["notAfter"] in err
    first, second = keys.listed()
    assert first["good"] and second["good"]

    code, complaint = keys.refused("rotate", "ci")
    assert code == 2
    assert complaint.startswith("several keys are called 'ci', name one by its fingerprint: ")
    assert first["fingerprint"] in complaint and second["fingerprint"] in complaint

    rotated = json.loads(keys.done("rotate", second["fingerprint"], "--json"))
    assert rotated["predecessor"]["fingerprint"] == second["fingerprint"]
    assert rotated["successor"]["key"].startswith("dk_") and "key" not in rotated["predecessor"]


def test_a_revoked_key_is_gone_or_has_ended(keys):
    for label in ("gone", "ended", "stays"):
        keys.done("add", "--application", "a", "--label", label)
    assert keys.done("revoke", "gone").startswith("Revoked gone (")
    keys.done("revoke", "ended", "--keep-record")
    assert [(key["label"], key["good"]) for key in keys.listed()] == [("ended", False), ("stays", True)]
    assert keys.refused("revoke", "gone") == (1, "no key has the label or fingerprint 'gone'")


def test_what_makes_no_sense_is_refused_and_nothing_changed(keys):
    keys.write('[{"application": "a", "key": "secret"}]')
    for arguments, words in (
            (["add"], "--application is required"),
            (["add", "--application", ""], "the key has no application"),
            (["add", "--application", "a", "--permissions", "read,remove"], "remove not in"),
            (["add", "--application", "a", "--users", "User One"], "can only be reached as 'User-One'"),
            (["add", "--application", "a", "--not-after", "tomorrow"], "is no time"),
            (["add", "--application", "a", "--not-before", "2030-01-02", "--not-after", "2030-01-01"],
             "ends before it begins"),
            (["rotate", "--overlap", "1h"], "key is required"),
            (["rotate", "2bb80d53", "--overlap", "soon"], "is no length of time"),
            (["rotate", "2bb80d53", "--overlap", "400d"], "0 to 366 days"),
            (["revoke", ""], None)):
        code, complaint = keys.refused(*arguments)
        assert code == (2 if words else 1)
        assert (words or "no key has") in complaint
        assert "secret" not in complaint
    assert keys.records() == [{"application": "a", "key": "secret"}]


def test_a_broken_file_is_told_by_its_record(keys):
    keys.write('[{"application": "a", "key": "secret"}, {"key": "secret"}]')
    for arguments in (["list"], ["add", "--application", "b"], ["revoke", "x"], ["rotate", "x"]):
        assert keys.refused(*arguments) == (2, f"API keys file '{keys.file}': record 1 has no application")
    missing = keys.file + ".not_there"
    assert keys.refused("list", file=missing) == (
        2, f"API keys file '{missing}' cannot be read: No such file or directory")


def test_processes_at_once_lose_nothing(keys):
    def add(number):
        for turn in range(4):
            keys.done("add", "--application", "a", "--label", f"{number}-{turn}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key["label"] for key in keys.listed()) == sorted(f"{n}-{t}" for n in range(4) for t in range(4))
    assert os.listdir(os.path.dirname(keys.file)) == ["api-keys.json"]
