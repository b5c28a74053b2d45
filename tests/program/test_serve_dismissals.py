"""`dynakeep serve --dismissals`: where it listens and keeps its items, what its variables say, how it ends; and what
Dismissible's React client sends, to one server and to two on one table."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import threading

import boto3
import botocore.config
import pytest
from conftest import PATIENCE_SECONDS

PROGRAM = os.environ["DYNAKEEP_PROGRAM"]
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TABLE = "dismissible-items"


def environment(**variables):
    """Nothing of what the person who runs the tests has set."""
    short = {f"DISMISSIBLE_{name}": value for name, value in variables.items()}
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **short}


class Serving:
    """`dynakeep serve` on ports that the system chose; `dismissals` is where that service is."""

    def __init__(self, *flags, **variables):
        self.process = subprocess.Popen([PROGRAM, "serve", "--in-memory", "--port", "0", *flags], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**variables))
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(self.process.communicate()[1])
        self.protocol = re.search(r" on (http://\S+)", self.line)[1]
        own = re.search(r"dismissals on (http://\S+)", self.line)
        self.dismissals = own[1] if own else self.protocol

    def stop(self, ending=signal.SIGTERM):
        """Gives (exit code, stderr)."""
        self.process.send_signal(ending)
        errors = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        return self.process.returncode, errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            assert self.stop()[0] == 0

    def ask(self, method, path, body=None, **headers):
        """As a browser's fetch: a type only with a body. Gives (status, the body's JSON)."""
        host, port = self.dismissals.removeprefix("http://").rsplit(":", 1)
        with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)) as connection:
            if body is not None:
                headers["Content-Type"] = "application/json"
                body = json.dumps(body)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def tables(self):
        return self.client().list_tables()["TableNames"]

    def client(self):
        session = boto3.session.Session(aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1")
        return session.client("dynamodb", endpoint_url=self.protocol,
                              config=botocore.config.Config(retries={"total_max_attempts": 1}))


def refused(*flags, **variables):
    """Gives (exit code, lines of stderr) of a server that does not start."""
    done = subprocess.run([PROGRAM, "serve", "--in-memory", "--port", "0", "--dismissals", *flags], text=True,
                          capture_output=True, env=environment(**variables), timeout=PATIENCE_SECONDS, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_beside_the_protocol_its_table_is_in_the_database_that_is_served():
    with Serving("--dismissals") as serving:
        assert f"dismissals in table {TABLE}" in serving.line
        status, answer = serving.ask("GET", "/v1/users/u/items/x")
        assert status == 200
        stored = serving.client().get_item(TableName=TABLE, Key={"userId": {"S": "u"}, "id": {"S": "x"}})["Item"]
        assert stored == {"userId": {"S": "u"}, "id": {"S": "x"}, "dismissedAt": {"NULL": True},
                          "createdAt": {"S": answer["data"]["createdAt"]}}
        described = serving.client().describe_table(TableName=TABLE)["Table"]
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert serving.stop(signal.SIGINT) == (0, "")


@pytest.mark.parametrize("by_flag", [True, False])
def test_on_a_port_of_its_own_it_answers_every_path(by_flag):
    flags = ["--dismissals-port", "0"] if by_flag else []
    with Serving("--dismissals", *flags, **({} if by_flag else {"PORT": "0"})) as serving:
        assert serving.dismissals != serving.protocol
        assert serving.ask("GET", "/nope") == (404, {"message": "Cannot GET /nope", "error": "Not Found",
                                                     "statusCode": 404})
        assert serving.ask("GET", "/health/ready")[0] == 200
        assert serving.tables() == [TABLE]


def test_in_memory_it_needs_no_table():
    with Serving("--dismissals", STORAGE_TYPE="memory") as serving:
        assert "dismissals in memory" in serving.line
        assert serving.ask("GET", "/v1/users/u/items/x")[0] == 200
        assert serving.tables() == []


def test_elsewhere_the_table_is_made_if_the_setup_is_to_run():
    with Serving() as database:
        there = {"STORAGE_TYPE": "dynamodb", "STORAGE_DYNAMODB_ENDPOINT": database.protocol,
                 "STORAGE_DYNAMODB_TABLE_NAME": "banners", "STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID": "id",
                 "STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY": SECRET}
        with Serving("--dismissals", **there) as serving:
            assert serving.ask("GET", "/v1/users/u/items/x") == (500, {"statusCode": 500,
                                                                       "message": "Internal server error"})
            assert serving.ask("GET", "/health/ready")[0] == 503
            code, errors = serving.stop()
            assert code == 0
            assert "banners" in errors and "DISMISSIBLE_STORAGE_DYNAMODB_TABLE_NAME" in errors
            assert SECRET not in errors
        with Serving("--dismissals", **there, STORAGE_RUN_SETUP="true") as serving:
            assert serving.ask("GET", "/v1/users/u/items/x")[0] == 200
            assert database.tables() == ["banners"]
            assert serving.tables() == []


def test_all_that_is_wrong_is_told_at_once():
    code, errors = refused(PORT="abc", CORS_ENABLED="true", STORAGE_TYPE="postgres", CACHE_TYPE="redis")
    assert code == 1
    assert sorted(line.split(":")[1].strip() for line in errors) == [
        "DISMISSIBLE_CACHE_TYPE", "DISMISSIBLE_CORS_ORIGINS", "DISMISSIBLE_PORT", "DISMISSIBLE_STORAGE_TYPE"]


def test_without_its_provider_of_keys_it_does_not_start():
    code, errors = refused(JWT_AUTH_ENABLED="true", JWT_AUTH_WELL_KNOWN_URL="http://127.0.0.1:1/x")
    assert code == 1
    assert len(errors) == 1 and "127.0.0.1:1" in errors[0]


def test_names_that_mean_nothing_are_warned_of():
    with Serving("--dismissals", STORAGE_DYNAMODB_REGION="eu-west-1") as serving:
        code, errors = serving.stop()
        assert code == 0
        assert "DISMISSIBLE_STORAGE_DYNAMODB_REGION: no such variable" in errors


def test_a_port_in_use_is_told_with_its_flag():
    with Serving("--dismissals", "--dismissals-port", "0") as serving:
        port = serving.dismissals.rsplit(":", 1)[1]
        code, errors = refused("--dismissals-port", port)
        assert code == 4
        assert "--dismissals-port" in errors[0]


# ---- the React client ----

def first_render(serving, user, ids):
    """What it sends for any number of components: a request for each 50 ids, all at once. Gives item id -> item."""
    parts = [ids[at:at + 50] for at in range(0, len(ids), 50)]
    with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
        answers = list(pool.map(lambda part: serving.ask("POST", f"/v1/users/{user}/items", {"items": part}), parts))
    assert all(200 <= status < 300 for status, _ in answers)
    return {item["itemId"]: item for _, answer in answers for item in answer["data"]}


def test_the_react_client_finds_what_it_expects():
    with Serving("--dismissals", "--dismissals-port", "0") as serving:
        ids = [f"banner-{number}" for number in range(60)]
        items = first_render(serving, "user-1", ids)
        assert sorted(items) == sorted(ids)
        assert not any("dismissedAt" in item for item in items.values())

        status, answer = serving.ask("DELETE", "/v1/users/user-1/items/banner-7")
        assert 200 <= status < 300 and answer["data"]["dismissedAt"]
        again = first_render(serving, "user-1", ids)
        assert [item["itemId"] for item in again.values() if "dismissedAt" in item] == ["banner-7"]

        # A second tab.
        assert serving.ask("DELETE", "/v1/users/user-1/items/banner-7")[0] == 400

        status, answer = serving.ask("POST", "/v1/users/user-1/items/banner-7")
        assert 200 <= status < 300 and "dismissedAt" not in answer["data"]
        # A client of one's own, with a body and a header that means nothing here.
        serving.ask("DELETE", "/v1/users/user-1/items/banner-7")
        status, _ = serving.ask("POST", "/v1/users/user-1/items/banner-7", {}, **{"X-Correlation-ID": "7"})
        assert 200 <= status < 300
        assert first_render(serving, "user-1", ids) == items


# ---- two servers on one table ----

@pytest.fixture(scope="module")
def two_servers():
    with Serving() as database:
        there = {"STORAGE_TYPE": "dynamodb", "STORAGE_DYNAMODB_ENDPOINT": database.protocol, "STORAGE_RUN_SETUP": "true"}
        with Serving("--dismissals", **there) as one, Serving("--dismissals", **there) as other:
            yield one, other


def at_once(servers, requests):
    """All in one moment, by turns to one server and the other."""
    start = threading.Barrier(len(requests))

    def send(number):
        start.wait()
        return servers[number % 2].ask(*requests[number])
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, range(len(requests))))


def test_two_servers_create_an_item_once(two_servers):
    for number in range(50):
        path = f"/v1/users/u{number}/items"
        times = set()
        for status, answer in at_once(two_servers, [("GET", f"{path}/x"), ("POST", path, {"items": ["x", "y"]})] * 4):
            assert status in (200, 201)
            data = answer["data"]
            times.add((data[0] if isinstance(data, list) else data)["createdAt"])
        assert len(times) == 1


def test_two_servers_dismiss_and_restore_an_item_once(two_servers):
    path = "/v1/users/storm/items/x"
    two_servers[0].ask("GET", path)
    for method, success in [("DELETE", 200), ("POST", 201)] * 10:
        answers = at_once(two_servers, [(method, path)] * 6)
        assert sorted(status for status, _ in answers) == [success] + [400] * 5
        done = next(answer for status, answer in answers if status == success)
        assert two_servers[1].ask("GET", path) == (200, done)


def test_two_servers_lose_no_dismissal(two_servers):
    for number in range(50):
        path = f"/v1/users/v{number}/items"
        two_servers[0].ask("GET", f"{path}/x")
        answers = at_once(two_servers, [("DELETE", f"{path}/x"), ("GET", f"{path}/x"), ("POST", path, {"items": ["x"]}),
                                        ("GET", f"{path}/x")])
        assert two_servers[1].ask("GET", f"{path}/x") == answers[0]
