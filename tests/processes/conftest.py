"""Several server processes on one set of tables, and how they are asked."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import serving  # noqa: E402

API_KEY = "my-api-key"


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


def pytest_unconfigure(config):
    serving.print_count(config)
