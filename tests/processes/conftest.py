"""Several server processes on one set of tables, and how they are asked."""

import contextlib
import http.client
import json
import os
import pathlib
import sys
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import serving  # noqa: E402

API_KEY = "my-api-key"
PATIENCE_SECONDS = 300


class Client:
    """One connection, made anew after each failure."""

    def __init__(self, server):
        self.server, self.connection = server, None

    def ask(self, method, path, body=None):
        """Gives (status, headers, parsed body); raises OSError or http.client.HTTPException."""
        if self.connection is None:
            address = urllib.parse.urlsplit(self.server.endpoint)
            self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)
        headers = {"x-api-key": API_KEY}
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        return answer.status, answer.headers, json.loads(text) if text else None

    def must(self, status, method, path, body=None):
        got, headers, parsed = self.ask(method, path, body)
        assert got == status, (method, path, got, parsed)
        return headers, parsed


@pytest.fixture(scope="session", autouse=True)
def credentials():
    """What a server in front of another signs with."""
    os.environ.update({"AWS_ACCESS_KEY_ID": serving.ACCESS_KEY_ID, "AWS_REGION": serving.REGION,
                       "AWS_SECRET_ACCESS_KEY": serving.SECRET_ACCESS_KEY, "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})


@pytest.fixture(scope="session")
def api_keys(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "api-keys.json"
    file.write_text(f'[{{"application": "test-app", "key": "{API_KEY}"}}]')
    file.chmod(0o600)
    return str(file)


@contextlib.contextmanager
def serving_with(*flags):
    server = serving.Server(*flags).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def two_servers(api_keys):
    with serving_with("--in-memory") as tables:
        flags = ("--database", tables.endpoint, "--collections", "--api-keys", api_keys)
        with serving_with(*flags) as one, serving_with(*flags) as other:
            yield [one, other]


def pytest_unconfigure(config):
    serving.print_count(config)
