"""The program's subcommands on data of their own."""

import os
import pathlib
import subprocess
import sys

import boto3
import botocore.config
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import serving  # noqa: E402

PATIENCE_SECONDS = 300


def client_of(server):
    session = boto3.session.Session(aws_access_key_id=serving.ACCESS_KEY_ID,
                                    aws_secret_access_key=serving.SECRET_ACCESS_KEY, region_name=serving.REGION)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return session.client("dynamodb", endpoint_url=server.endpoint, config=config)


def environment_of(server, **more):
    """Without what the person who runs the tests has set."""
    kept = {name: value for name, value in server.environment().items()
            if not name.startswith("DYNAKEEP_") and name not in ("NO_COLOR", "TERM", "ENDPOINT")}
    return {**kept, "TERM": "xterm", **more}


def run(server, *arguments, **environment):
    """Gives (exit code, stdout, stderr)."""
    done = subprocess.run([os.environ["DYNAKEEP_PROGRAM"], *arguments], capture_output=True, text=True,
                          env=environment_of(server, **environment), timeout=PATIENCE_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def server():
    running = serving.Server("--in-memory").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def database(server):
    return client_of(server)


def pytest_unconfigure(config):
    serving.print_count(config)
