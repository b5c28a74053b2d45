"""The count of cases."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import serving  # noqa: E402


def pytest_unconfigure(config):
    serving.print_count(config)
