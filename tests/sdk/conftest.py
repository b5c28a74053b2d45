"""Servers for the tests of real clients. Each keeps its data in a folder that pytest removes."""

import json
import pathlib
import sys
import uuid

import boto3
import botocore.config
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import serving  # noqa: E402
from serving import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY  # noqa: E402

WRONG_SECRET = "wrong" + SECRET_ACCESS_KEY[5:]


class Server(serving.Server):
    """The program, serving a folder of its own; and boto3's clients of it."""

    def __init__(self, folder, *flags):
        super().__init__("--data", str(folder), *flags)
        self.folder = folder

    def session(self, secret=SECRET_ACCESS_KEY, access_key_id=ACCESS_KEY_ID):
        return boto3.session.Session(aws_access_key_id=access_key_id, aws_secret_access_key=secret,
                                     region_name=REGION)

    def client(self, **credentials):
        return self.session(**credentials).client("dynamodb", endpoint_url=self.endpoint, config=CONFIG)

    def resource(self, **credentials):
        return self.session(**credentials).resource("dynamodb", endpoint_url=self.endpoint, config=CONFIG)


# One try: a test that passes because a client tried again has not passed.
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=300)


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
    serving.print_count(config)
