"""The AWS SDK for JavaScript, version 3. Each test is a program in javascript/ that asserts."""

import pathlib
import subprocess

import pytest
from conftest import SECRET_ACCESS_KEY, WRONG_SECRET

PROGRAMS = pathlib.Path(__file__).parent / "javascript"


def run(program, server, secret=SECRET_ACCESS_KEY):
    return subprocess.run(["node", PROGRAMS / program], env=server.environment(secret), cwd=PROGRAMS.parent,
                          capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("program", ["tables.mjs", "items.mjs", "pages.mjs", "batches.mjs", "transactions.mjs", "documents.mjs"])
def test_life_cycle(server, program):
    done = run(program, server)
    assert done.returncode == 0, done.stderr


def test_signatures_are_verified(locked_server):
    done = run("signs_in.mjs", locked_server)
    assert done.returncode == 0, done.stderr


def test_a_wrong_secret_is_refused(locked_server):
    done = run("refused.mjs", locked_server, WRONG_SECRET)
    assert done.returncode == 0, done.stderr
