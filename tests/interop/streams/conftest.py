"""A server, for clients that read its streams. DYNAKEEP_PROGRAM names the program."""

import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "support"))
import serving  # noqa: E402


@pytest.fixture(scope="session")
def server():
    running = serving.Server("--in-memory").start()
    yield running
    assert running.stop() == 0


def pytest_unconfigure(config):
    serving.print_count(config)
