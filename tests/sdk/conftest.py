"""Servers for the tests of real clients, and the count of cases that scripts/count_results reads.

DYNAKEEP_PROGRAM names the built program. Each server listens on a loopback port that the system
chose and keeps its data in a folder that pytest removes.
"""

import json
import os
import re
import signal
import subprocess
import uuid

import boto3
import botocore.config
import pytest

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
WRONG_SECRET = "wrong" + SECRET_ACCESS_KEY[5:]
REGION = "eu-central-1"
START_SECONDS = 60


class Server:
    """The program, serving a folder of its own."""

    def __init__(self, folder, *flags):
        self.folder = folder
        self.flags = flags
        self.process = None
        self.endpoint = None

    def start(self):
        self.process = subprocess.Popen(
            [os.environ["DYNAKEEP_PROGRAM"], "serve", "--data", str(self.folder), "--port", "0", *self.flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"http://[0-9.]+:\d+", line)
            if found:
                self.endpoint = found[0]
                return self
        raise RuntimeError("the server did not start: " + "".join(said))

    def kill(self):
        """As a crash would: nothing is finished, nothing flushed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As an administrator would; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(timeout=START_SECONDS)

    def session(self, secret=SECRET_ACCESS_KEY, access_key_id=ACCESS_KEY_ID):
        return boto3.session.Session(aws_access_key_id=access_key_id, aws_secret_access_key=secret,
                                     region_name=REGION)

    def client(self, **credentials):
        return self.session(**credentials).client("dynamodb", endpoint_url=self.endpoint, config=CONFIG)

    def resource(self, **credentials):
        return self.session(**credentials).resource("dynamodb", endpoint_url=self.endpoint, config=CONFIG)

    def environment(self, secret=SECRET_ACCESS_KEY):
        """For programs that take their settings from the environment."""
        return {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
                "ENDPOINT": self.endpoint}


# One try: a test that passes because a client tried again has not passed.
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One for all tests that do not restart it. Its tables are told apart by their names."""
    running = Server(tmp_path_factory.mktemp("data")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory):
    """One that verifies signatures."""
    folder = tmp_path_factory.mktemp("locked")
    keys = folder / "keys.json"
    keys.write_text(json.dumps([{"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}]))
    keys.chmod(0o600)
    running = Server(folder / "data", "--access-keys", str(keys)).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def table_name():
    return "Table-" + uuid.uuid4().hex[:12]


def pytest_unconfigure(config):
    """The last line of the output, for scripts/count_results. What was skipped did not pass."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    passed = len(reporter.stats.get("passed", []))
    others = sum(len(reporter.stats.get(kind, [])) for kind in ("failed", "error", "skipped", "xfailed", "xpassed"))
    print(f"cases: {passed} passed, {others} failed")
