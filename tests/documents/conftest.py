import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import serving  # noqa: E402


def pytest_unconfigure(config):
    serving.print_count(config)
