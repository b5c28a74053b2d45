"""Two programs on one table: Amazon's SDK sending what Dismissible's adapter sends, and our library.

DYNAKEEP_PROGRAM names the program that serves, DYNAKEEP_DISMISSALS_DRIVER the C++ driver; what a
driver takes is said in driver.mjs.
"""

import json
import os
import pathlib
import subprocess
import sys

import boto3
import botocore.config
import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "support"))
import serving  # noqa: E402

PATIENCE_SECONDS = 300


class Party:
    """One language's driver, which stays for all tests."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, env=environment, cwd=FOLDER, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def outcome(self, operation, **members):
        """("ok", what it gave) or ("error", what it says)."""
        self.process.stdin.write(json.dumps({"operation": operation, **members}) + "\n")
        self.process.stdin.flush()
        ((kind, value),) = json.loads(self.process.stdout.readline()).items()
        return kind, value

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def server():
    running = serving.Server("--in-memory").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def database(server):
    session = boto3.session.Session(aws_access_key_id=serving.ACCESS_KEY_ID,
                                    aws_secret_access_key=serving.SECRET_ACCESS_KEY, region_name=serving.REGION)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return session.client("dynamodb", endpoint_url=server.endpoint, config=config)


@pytest.fixture(scope="session")
def parties(server):
    commands = {"javascript": ["node", "driver.mjs"], "cpp": [os.environ["DYNAKEEP_DISMISSALS_DRIVER"]]}
    started = {name: Party(command, server.environment()) for name, command in commands.items()}
    yield started
    for party in started.values():
        assert party.end() == 0


def pytest_unconfigure(config):
    serving.print_count(config)
