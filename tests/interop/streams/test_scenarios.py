"""The scenarios of read_streams.mjs, each on tables of its own."""

import pathlib
import re
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
PROGRAM = FOLDER / "read_streams.mjs"
SCENARIOS = re.findall(r"^  async (\w+)\(\)", PROGRAM.read_text(encoding="utf-8"), re.MULTILINE)
PATIENCE_SECONDS = 300


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(server, scenario):
    ended = subprocess.run(["node", PROGRAM.name, scenario], cwd=FOLDER, env=server.environment(), text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_SECONDS, check=False)
    assert ended.returncode == 0, ended.stdout
