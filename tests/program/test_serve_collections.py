"""`dynakeep serve --collections`: where it listens, what it is told by flags, environment and key file, what it does
when the database behind is gone, and what it never says."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
import serving
from conftest import PATIENCE_SECONDS

PROGRAM = os.environ["DYNAKEEP_PROGRAM"]
KEY = "my-api-key"
OTHER_KEY = "other-key"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AWS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": AWS_SECRET,
       "AWS_SESSION_TOKEN": "session-token-that-is-secret", "AWS_REGION": "eu-central-1"}
COLLECTIONS, ENTRIES = "dynamomini.collections", "dynamomini.entries"


def environment(**more):
    """Nothing of what the person who runs the tests has set."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **more}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)


def ask(endpoint, method, path, body=None, key=KEY, **headers):
    host, port = endpoint.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        if key is not None:
            headers["x-api-key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())


class Serving:
    """`dynakeep serve` in a folder of its own, with a file of two keys."""

    def __init__(self, folder, *flags, **variables):
        self.stderr = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, "serve", *flags], cwd=folder, text=True, stdout=subprocess.PIPE,
                                        stderr=self.stderr, env=environment(**variables))
        self.ready_line = self.process.stdout.readline()
        self.endpoints = [found.replace("0.0.0.0", "127.0.0.1")
                          for found in re.findall(r"on (http://[0-9.]+:\d+)", self.ready_line)]
        if not self.endpoints:
            self.process.wait(timeout=PATIENCE_SECONDS)

    @property
    def endpoint(self):
        return self.endpoints[-1]

    def ask(self, *arguments, **more):
        return ask(self.endpoint, *arguments, **more)

    def protocol(self, operation, **members):
        return protocol(self.endpoints[0], operation, **members)

    def said(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def end(self, by=signal.SIGTERM):
        """Gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(timeout=PATIENCE_SECONDS)


def protocol(endpoint, operation, **members):
    answer = ask(endpoint, "POST", "/", members, key=None, X_Amz_Target="DynamoDB_20120810." + operation,
                 X_Amz_Date="20261121T000000Z",
                 Authorization="AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/dynamodb/aws4_request, "
                               "SignedHeaders=host, Signature=" + "0" * 64)
    assert answer.status == 200, answer.text
    return answer.json()


@pytest.fixture
def folder(tmp_path):
    write_keys(tmp_path / "api-keys.json", {KEY: "test-app", OTHER_KEY: "other-app"})
    return tmp_path


def write_keys(path, applications):
    path.write_text(json.dumps([{"application": application, "key": key, "label": "label-of-" + application}
                                for key, application in applications.items()]), encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture
def serve(folder):
    running = []

    def start(*flags, **variables):
        running.append(Serving(folder, *flags, **variables))
        return running[-1]

    yield start
    for each in running:
        each.end(signal.SIGKILL)
        each.process.stdout.close()
        each.stderr.close()


@pytest.fixture
def collections(serve):
    """Beside the protocol, in memory, with any variables."""

    def start(*flags, **variables):
        started = serve("--in-memory", "--port", "0", "--collections", "--api-keys", "api-keys.json", *flags,
                        **variables)
        assert started.endpoints, started.said()
        return started

    return start


def add_collection(serving, user="u", name="posts", **more):
    added = serving.ask("POST", f"/api/user/{user}/collection", {"name": name}, **more)
    assert added.status == 201, added.text
    return added.headers["Location"]


def add_entry(serving, collection, value, **more):
    added = serving.ask("POST", collection + "/entry", {"value": value}, **more)
    assert added.status == 201, added.text
    return added.headers["Location"]


# ---- where it listens ----


def test_it_shares_the_port_of_the_protocol(collections):
    serving = collections()
    assert re.fullmatch(r"dynakeep \S+ serving from memory on http://127\.0\.0\.1:\d+ "
                        r"\(gone when stopped, any credentials, collections for 2 API keys\)\n", serving.ready_line)
    assert serving.protocol("ListTables") == {"TableNames": [COLLECTIONS, ENTRIES]}
    collection = add_collection(serving)
    assert [each["name"] for each in serving.ask("GET", "/api/collection").json()] == ["posts"]
    assert serving.ask("GET", collection).status == 200
    assert serving.ask("GET", "/api/collection", key=None).status == 401
    assert serving.ask("GET", "/").text.startswith("healthy: ")  # the protocol's
    assert serving.end() == 0


def test_it_has_a_port_of_its_own(collections):
    serving = collections("--collections-port", "0")
    assert re.search(r"\), collections on http://127\.0\.0\.1:\d+\n$", serving.ready_line)
    both = serving.endpoints
    assert len(set(both)) == 2
    assert serving.protocol("ListTables")["TableNames"] == [COLLECTIONS, ENTRIES]
    assert ask(both[1], "GET", "/api/collection").json() == []
    assert (ask(both[1], "GET", "/").status, ask(both[1], "GET", "/", key=None).status) == (200, 401)
    assert ask(both[0], "GET", "/api/collection").status == 404
    assert ask(both[1], "POST", "/", {}, X_Amz_Target="DynamoDB_20120810.ListTables").status in (404, 405)
    assert serving.end() == 0


def test_it_is_served_alone(serve):
    serving = serve("--in-memory", "--services-only", "--collections", "--api-keys", "api-keys.json", "--port", "0",
                    "--address", "127.0.0.1")
    assert "(gone when stopped, collections for 2 API keys)" in serving.ready_line
    assert serving.ask("GET", "/").status == 200
    assert serving.ask("GET", "/api/collection").json() == []
    assert serving.ask("GET", "/health", key=None).status == 401
    assert serving.end() == 0


def test_health_needs_no_key(collections):
    for flags in ([], ["--collections-port", "0"]):
        serving = collections(*flags)
        for path, text in (("/healthz", '{"status":"ok"}'), ("/readyz", '{"status":"ready"}')):
            answer = serving.ask("GET", path, key=None)
            assert (answer.status, answer.text) == (200, text)
        done = subprocess.run([PROGRAM, "healthcheck", serving.endpoint + "/readyz"], capture_output=True, text=True,
                              check=False)
        assert (done.returncode, done.stdout) == (0, '{"status":"ready"}\n')
        if not flags:
            serving.protocol("DeleteTable", TableName=ENTRIES)
            assert serving.ask("GET", "/readyz", key=None).status == 503
            assert serving.ask("GET", "/healthz", key=None).status == 200


# ---- coming from dynamodb-mini ----


class Backend:
    """DynamoDB for the server under test: one of ours, behind a proxy that notes what is asked of it."""

    def __init__(self, folder):
        self.folder = folder
        self.asked = []  # (operation, members)
        self.broken = False  # answers 500 to everything
        self.has_transactions = True
        self.process = None
        self.port = serving.free_port()
        self.start()
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                backend.asked.append((self.headers["X-Amz-Target"].split(".")[1], json.loads(body)))
                status, answer = (500, b"{}") if backend.broken else backend.forward(self.headers, body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response_only(status)
                self.send_header("Server", "Dynakeep")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.proxy.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.proxy.server_port}"
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def forward(self, headers, body):
        if not self.has_transactions and ".Transact" in headers["X-Amz-Target"]:
            return 400, b'{"__type":"com.amazonaws.dynamodb.v20120810#UnknownOperationException"}'
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=PATIENCE_SECONDS)
            with contextlib.closing(connection):
                connection.request("POST", "/", body, {name: value for name, value in headers.items()})
                answer = connection.getresponse()
                return answer.status, answer.read()
        except OSError:
            return None, b""

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", str(self.folder / "backend"), "--port", self.port], text=True,
            stdout=subprocess.PIPE, env=environment())
        assert f":{self.port} " in self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE_SECONDS) == 0
        self.process.stdout.close()

    def close(self):
        self.proxy.shutdown()
        self.proxy.server_close()
        if self.process.poll() is None:
            self.stop()

    def operations(self):
        return {operation for operation, _ in self.asked}


@pytest.fixture
def backend(folder):
    started = Backend(folder)
    yield started
    started.close()


def test_the_environment_of_dynamodb_mini_is_all_it_takes(serve, folder, backend):
    (folder / "env").mkdir()
    write_keys(folder / "env" / "api-keys.json", {KEY: "test-app"})
    serving = serve("--collections", "--services-only", PORT="0", AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, **AWS)
    assert re.search(r"on http://0\.0\.0\.0:\d+ \(Dynakeep, 64 threads, collections for 1 API key\)",
                     serving.ready_line), serving.ready_line + serving.said()
    collection = add_collection(serving)
    add_entry(serving, collection, {"a": 1})
    assert [each["value"] for each in serving.ask("GET", collection + "/entry").json()] == [{"a": 1}]
    assert serving.ask("GET", "/").status == 200
    assert serving.end() == 0


def test_alone_it_does_not_guess_where_the_data_is(serve):
    serving = serve("--collections", "--services-only", "--api-keys", "api-keys.json", "--port", "0")
    assert (serving.end(), serving.ready_line) == (2, "")
    assert "region" in serving.said()


def test_its_port_is_3000_unless_said(serve):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else may have it, which is as good
            stack.enter_context(socket.create_server(("0.0.0.0", 3000)))
        serving = serve("--collections", "--services-only", "--api-keys", "api-keys.json", "--in-memory")
        assert serving.end() == 4
        assert serving.said().startswith("dynakeep: 0.0.0.0 port 3000 is in use by another program; choose another "
                                         "port with --port")


def test_flags_win_over_the_environment(collections, folder):
    write_keys(folder / "others.json", {"x": "a"})
    serving = collections("--collections-table", "ours", "--entries-table", "their",
                          "--address", "127.0.0.1", TABLE_NAME_COLLECTIONS="no-1", TABLE_NAME_ENTRIES="no-2", PORT="1", HOST="192.0.2.1",
                          API_KEYS_FILE=str(folder / "others.json"))
    assert serving.protocol("ListTables") == {"TableNames": ["ours", "their"]}
    assert serving.ask("GET", "/api/collection").status == 200


def test_what_is_set_to_nothing_is_not_set(collections):
    names = ("AWS_DYNAMODB_CONSISTENT_READ AWS_DYNAMODB_READ_CAPACITY_UNITS AWS_DYNAMODB_WRITE_CAPACITY_UNITS "
             "AWS_DYNAMODB_RETRY_BASE_DELAY TABLE_NAME_COLLECTIONS TABLE_NAME_ENTRIES PORT DEBUG HOST API_KEYS_FILE "
             "AWS_DYNAMODB_BILLING_MODE CREATE_TABLES ISOLATION NAME_POLICY ALLOW_EMPTY_SLUG FREEZE_DELETED WRITE_MODE "
             "MIXED_WRITERS REQUIRE_IF_MATCH BODY_LIMIT WRITE_TIMEOUT_MS MAX_LIST_BYTES")
    serving = collections(**{name: "" for name in names.split()})
    assert serving.protocol("ListTables") == {"TableNames": [COLLECTIONS, ENTRIES]}
    assert serving.said() == ""


@pytest.mark.parametrize("name, value", [
    ("AWS_DYNAMODB_READ_CAPACITY_UNITS", "-1"), ("AWS_DYNAMODB_WRITE_CAPACITY_UNITS", "99999999999999999999"),
    ("PORT", "abc"), ("PORT", "65536"), ("AWS_DYNAMODB_BILLING_MODE", "provisioned"), ("CREATE_TABLES", "no"),
    ("ISOLATION", "none"), ("NAME_POLICY", "Strict"), ("ALLOW_EMPTY_SLUG", "1"), ("FREEZE_DELETED", "TRUE"),
    ("WRITE_MODE", "fast"), ("MIXED_WRITERS", "yes"), ("REQUIRE_IF_MATCH", "on"), ("BODY_LIMIT", "380001"),
    ("BODY_LIMIT", "0"), ("BODY_LIMIT", "1k"), ("WRITE_TIMEOUT_MS", "0"), ("MAX_LIST_BYTES", "-5")])
def test_variables_that_make_no_sense_are_refused(serve, name, value):
    serving = serve("--in-memory", "--port", "0", "--collections", "--api-keys", "api-keys.json", **{name: value})
    assert (serving.end(), serving.ready_line) == (2, "")
    assert serving.said().startswith(f"dynakeep: {name}='{value}' is no")
    assert serving.said().count("\n") == 1


def test_without_collections_their_variables_are_nobodys(serve):
    serving = serve("--in-memory", "--port", "0", PORT="abc", WRITE_MODE="fast", HOST="192.0.2.1",
                    RETENTION_MAX_AGE="soon", CREATE_TABLES="no")
    assert serving.protocol("ListTables") == {"TableNames": []}
    assert serving.end(signal.SIGHUP) == 0


def test_a_retry_delay_that_makes_no_sense_is_warned_of(collections):
    assert collections(AWS_DYNAMODB_RETRY_BASE_DELAY="soon").said().startswith(
        "dynakeep: warning: AWS_DYNAMODB_RETRY_BASE_DELAY='soon' is no number")


def throughput(serving, table):
    described = serving.protocol("DescribeTable", TableName=table)["Table"]
    units = described["ProvisionedThroughput"]
    return (described.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"), units["ReadCapacityUnits"],
            units["WriteCapacityUnits"])


@pytest.mark.parametrize("read, write, expected", [
    (None, None, (1, 1)), ("5", "7", (5, 7)), ("12abc", " 3", (12, 3)), ("abc", "0", (1, 1)), ("-0", "1.9", (1, 1))])
def test_tables_are_created_with_the_units_that_are_said(collections, read, write, expected):
    variables = {"AWS_DYNAMODB_READ_CAPACITY_UNITS": read, "AWS_DYNAMODB_WRITE_CAPACITY_UNITS": write}
    serving = collections(**{name: value for name, value in variables.items() if value is not None})
    for table in (COLLECTIONS, ENTRIES):
        assert throughput(serving, table) == ("PROVISIONED", *expected)


def test_tables_may_be_paid_by_request_and_have_other_names(collections):
    serving = collections(AWS_DYNAMODB_BILLING_MODE="PAY_PER_REQUEST", TABLE_NAME_COLLECTIONS="ours",
                          TABLE_NAME_ENTRIES="their")
    for table in ("ours", "their"):
        assert throughput(serving, table)[0] == "PAY_PER_REQUEST"


def test_each_switch_does_what_it_says(collections):
    def statuses(serving):
        """What each of the questions below is answered with."""
        collection = add_collection(serving)
        entry = add_entry(serving, collection, {"n": 1})
        gone = add_collection(serving, name="gone")
        assert serving.ask("DELETE", gone, If_Match="*").status in (200, 501)
        serving.ask("DELETE", gone)
        big = {"value": {"text": "x" * 1000}}
        return {
            "other user": serving.ask("GET", "/api/user/a%20b/collection").status,
            "no slug": serving.ask("GET", "/api/user/%E4%B8%AD/collection").status,
            "other application": serving.ask("GET", collection + "/entry", key=OTHER_KEY).status,
            "deleted": serving.ask("POST", gone + "/entry", {"name": "n"}).status,
            "exact": serving.ask("PUT", entry, {"name": "m"}, If_Match="*").status,
            "blind": serving.ask("PUT", entry, {"name": "n"}).status,
            "big": serving.ask("POST", collection + "/entry", big).status,
            "list": serving.ask("GET", collection + "/entry").status,
        }

    usual = statuses(collections())
    assert usual == {"other user": 200, "no slug": 400, "other application": 404, "deleted": 201, "exact": 200,
                     "blind": 200, "big": 201, "list": 200}
    for variables, differences in (
            ({"NAME_POLICY": "strict"}, {"other user": 400}),
            ({"ALLOW_EMPTY_SLUG": "true"}, {"no slug": 200}),
            ({"ISOLATION": "upstream"}, {"other application": 200}),
            ({"FREEZE_DELETED": "true"}, {"deleted": 404}),
            ({"WRITE_MODE": "conditional"}, {"exact": 501}),
            ({"REQUIRE_IF_MATCH": "true"}, {"blind": 428}),
            ({"BODY_LIMIT": "500"}, {"big": 413}),
            ({"MAX_LIST_BYTES": "300"}, {"list": 502}),
            ({"MIXED_WRITERS": "true", "WRITE_TIMEOUT_MS": "500"}, {})):
        assert statuses(collections(**variables)) == {**usual, **differences}, variables


# ---- the tables ----


def test_tables_with_other_keys_end_it_with_both_schemas(serve, backend):
    protocol(backend.endpoint, "CreateTable", TableName=ENTRIES, BillingMode="PAY_PER_REQUEST",
             AttributeDefinitions=[{"AttributeName": "userCollection", "AttributeType": "S"}],
             KeySchema=[{"AttributeName": "userCollection", "KeyType": "HASH"}])
    serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--database", backend.endpoint,
                    "--port", "0", **AWS)
    assert (serving.end(), serving.ready_line) == (1, "")
    assert ENTRIES in serving.said()
    assert "entryVersion" in serving.said() and serving.said().count("userCollection") == 2


def test_missing_tables_end_it_if_they_are_not_to_be_created(serve):
    serving = serve("--in-memory", "--port", "0", "--collections", "--api-keys", "api-keys.json",
                    CREATE_TABLES="false")
    assert (serving.end(), serving.ready_line) == (1, "")
    assert f"there are no tables '{COLLECTIONS}' and '{ENTRIES}', and CREATE_TABLES=false" in serving.said()


def test_it_touches_no_other_table(serve, backend):
    for number in range(150):
        protocol(f"http://127.0.0.1:{backend.port}", "CreateTable", TableName=f"another-{number:03}",
                 BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                 KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0",
                    AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, **AWS)
    add_entry(serving, add_collection(serving), {"a": 1})
    assert serving.ask("GET", "/readyz", key=None).status == 200
    named = {members["TableName"] for _, members in backend.asked if "TableName" in members}
    assert {COLLECTIONS, ENTRIES} <= named and not [name for name in named if name.startswith("another")]
    assert "CreateTable" in backend.operations()
    assert serving.end() == 0

    backend.asked.clear()
    again = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0",
                  AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, **AWS)
    assert len(again.ask("GET", "/api/collection").json()) == 1
    assert "CreateTable" not in backend.operations()


def test_an_engine_without_transactions_is_taken_only_if_that_is_said(serve, backend):
    backend.has_transactions = False
    flags = ("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0", "--database",
             backend.endpoint)
    refused = serve(*flags, **AWS)
    assert (refused.end(), refused.ready_line) == (1, "")
    assert "has no transactions; WRITE_MODE=conditional does without" in refused.said()
    serving = serve(*flags, WRITE_MODE="conditional", **AWS)
    entry = add_entry(serving, add_collection(serving), {"n": 1})
    assert serving.ask("PUT", entry, {"value": {"n": 2}}).status == 200
    assert [each["value"] for each in serving.ask("GET", entry + "?filter=all").json()] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("variables, consistent", [
    ({}, True), ({"AWS_DYNAMODB_CONSISTENT_READ": "true"}, True), ({"AWS_DYNAMODB_CONSISTENT_READ": "True"}, False)])
def test_reads_are_as_consistent_as_is_said(serve, backend, variables, consistent):
    serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0",
                    AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, **AWS, **variables)
    collection = add_collection(serving)
    backend.asked.clear()
    assert serving.ask("GET", collection).status == 200
    assert [members.get("ConsistentRead", False) for operation, members in backend.asked if operation == "Query"] == [
        consistent]
    backend.asked.clear()
    assert serving.ask("PUT", collection, {"name": "renamed"}).status == 200
    assert all(members["ConsistentRead"] for operation, members in backend.asked if operation in ("Query", "GetItem"))


# ---- when the database is gone ----


ROUTES = [("GET", "/api/collection", None), ("GET", "/api/user/u/collection", None), ("GET", "{c}", None),
          ("POST", "/api/user/u/collection", {"name": "n"}), ("PUT", "{c}", {"name": "n"}), ("DELETE", "{c}", None),
          ("GET", "{c}/entry", None), ("GET", "{e}", None), ("POST", "{c}/entry", {"name": "n"}),
          ("PUT", "{e}", {"name": "n"}), ("DELETE", "{e}", None)]


def test_a_backend_that_is_gone_is_a_502_on_every_route_until_it_is_back(serve, backend):
    serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0",
                    AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{backend.port}", AWS_DYNAMODB_RETRY_BASE_DELAY="1",
                    **AWS)
    collection = add_collection(serving)
    entry = add_entry(serving, collection, {"a": 1})
    backend.stop()
    for method, path, body in ROUTES:
        began = time.monotonic()
        answer = serving.ask(method, path.format(c=collection, e=entry), body)
        assert answer.status == 502, (method, path, answer.text)
        assert answer.headers["Retry-After"] == "1" and answer.json()["retryable"] is True
        assert time.monotonic() - began < 10
    assert serving.ask("GET", "/readyz", key=None).status == 503
    assert serving.ask("GET", "/healthz", key=None).status == 200
    backend.start()
    assert serving.ask("GET", "/readyz", key=None).status == 200
    for method, path, body in ROUTES[:-6] + ROUTES[-5:]:  # the collection's own end would be that of its entries' list
        assert serving.ask(method, path.format(c=collection, e=entry), body).status in (200, 201), (method, path)
    assert serving.end() == 0


def test_a_call_is_tried_eleven_times_unless_aws_says_otherwise(serve, backend):
    for variables, tries in (({}, 11), ({"AWS_MAX_ATTEMPTS": "2"}, 2)):
        backend.broken = False
        serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0",
                        AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, AWS_DYNAMODB_RETRY_BASE_DELAY="0", **AWS,
                        **variables)
        assert serving.endpoints, serving.said()
        backend.broken = True
        backend.asked.clear()
        assert serving.ask("GET", "/api/collection").status == 502
        assert len(backend.asked) == tries


# ---- keys ----


def test_sighup_has_the_keys_read_again(collections, folder):
    serving = collections("--log-level", "info")
    write_keys(folder / "api-keys.json", {"new-secret-key": "test-app"})
    assert serving.ask("GET", "/api/collection").status == 200
    serving.process.send_signal(signal.SIGHUP)
    wait_until(lambda: serving.ask("GET", "/api/collection", key="new-secret-key").status == 200)
    assert serving.ask("GET", "/api/collection").status == 401

    (folder / "api-keys.json").write_text('[{"application": "a", "key": "new-secret-key"', encoding="utf-8")
    serving.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the api keys stay as they were" in serving.said())
    assert serving.ask("GET", "/api/collection", key="new-secret-key").status == 200
    assert serving.end() == 0
    assert "secret" not in serving.said() and "not JSON" in serving.said()


def test_sighup_has_the_keys_of_every_service_read_again(collections, folder):
    write_keys(folder / "users.json", {"k-1": "test-app"})
    serving = collections("--user-data", "Users", "--user-data-keys", "users.json", "--log-level", "info")
    write_keys(folder / "users.json", {"k-2": "test-app"})
    write_keys(folder / "api-keys.json", {"k-3": "test-app"})
    serving.process.send_signal(signal.SIGHUP)
    wait_until(lambda: serving.said().count("api keys read") == 2)
    assert serving.ask("GET", "/v1/users/u/data", key="k-1").status == 401
    assert serving.ask("GET", "/v1/users/u/data", key="k-2").status == 200
    assert serving.ask("GET", "/api/collection", key="k-3").status == 200


def test_a_changed_key_file_is_noticed_by_itself(collections, folder):
    serving = collections()
    done = subprocess.run([PROGRAM, "keys", "add", "--file", str(folder / "api-keys.json"), "--application", "test-app",
                           "--permissions", "read"], capture_output=True, text=True, check=True)
    key = done.stdout.strip()
    wait_until(lambda: serving.ask("GET", "/api/collection", key=key).status == 200)
    assert serving.ask("POST", "/api/user/u/collection", {"name": "n"}, key=key).status == 403
    assert serving.ask("GET", "/api/collection").status == 200


def wait_until(holds):
    """For what the program does in its own time, five seconds at most."""
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < gives_up
        time.sleep(0.05)


def test_an_unusable_key_file_ends_it(serve, folder):
    (folder / "api-keys.json").write_text('[{"key": "secret"}]', encoding="utf-8")
    for flags, words in ((["--api-keys", "api-keys.json"], "record 0 has no application"),
                         ([], "'./env/api-keys.json' cannot be read: No such file")):
        serving = serve("--in-memory", "--port", "0", "--collections", *flags)
        assert (serving.end(), serving.ready_line) == (2, "")
        assert words in serving.said() and "secret" not in serving.said()


def test_no_secret_is_ever_said(serve, folder, backend):
    for log_format in ("text", "json"):
        serving = serve("--collections", "--api-keys", "api-keys.json", "--services-only", "--port", "0", "--log-format",
                        log_format, DEBUG="true", AWS_ENDPOINT_URL_DYNAMODB=backend.endpoint, **AWS)
        collection = add_collection(serving, name="name-that-is-data")
        add_entry(serving, collection, {"text": "value-that-is-data"})
        assert serving.ask("GET", collection + "/entry").status == 200
        assert serving.ask("GET", "/api/collection?x-api-key=" + KEY, key="wrong-key").status == 401
        assert serving.ask("POST", collection + "/entry", {"name": 5, "value": {"text": "value-that-is-data"}}).status == 400
        assert serving.end() == 0
        said = serving.said()
        assert "label-of-test-app" in said and "debug" in said
        for secret in (KEY, OTHER_KEY, "wrong-key", AWS_SECRET, AWS["AWS_SESSION_TOKEN"], "-that-is-data"):
            assert secret not in said


# ---- what the documents say ----


def test_the_examples_of_the_documents_work(tmp_path):
    """The two blocks of commands below "Serving it", as they stand but for the port."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/stores/versioned-collections.md").read_text("utf-8")
    serving = text.split("\n## Serving it\n")[1].split("\n### ")[0]
    blocks = [re.sub(r"^    ", "", block, flags=re.M) for block in
              re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", serving, flags=re.M)]
    assert len(blocks) == 2
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start, use = blocks
    assert "127.0.0.1:8000" in use and start.rstrip().endswith("--api-keys api-keys.json")
    script = (start.rstrip() + f" --port {port} >served &\ntrap 'kill $!' EXIT\n"
              "until grep -q serving served; do sleep 0.05; done\n" +
              re.sub(r"^(ask (?!\(\)).*)$", r"\1\necho", use.replace(":8000", f":{port}"), flags=re.M))
    (tmp_path / "dynakeep").symlink_to(PROGRAM)
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, text=True, capture_output=True, check=False,
                          timeout=PATIENCE_SECONDS, env=environment(PATH=f"{tmp_path}:{os.environ['PATH']}"))
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) if line else None for line in done.stdout.splitlines()]
    first, updated, versions, restored, deleted, current = printed
    assert [(each["name"], each["value"]) for each in first] == [("hello", {"stars": 1})]
    assert updated is None and deleted is None
    assert [(each["revision"], each["value"]) for each in versions["versions"]] == [(2, {"stars": 2}), (1, {"stars": 1})]
    assert (restored["revision"], restored["value"]) == (3, {"stars": 1})
    assert [(each["name"], "deletedAt" in each["meta"]) for each in current] == [("hello", True)]


# ---- how it ends ----


def test_what_was_acknowledged_survives_a_kill(serve):
    flags = ("--data", "data", "--port", "0", "--collections", "--api-keys", "api-keys.json")
    serving = serve(*flags)
    collection = add_collection(serving)
    entry = add_entry(serving, collection, {"n": 0})
    acknowledged = []  # of the list, and of the update

    def write(number):
        with contextlib.suppress(OSError, http.client.HTTPException):
            for turn in range(10_000):
                added = serving.ask("POST", collection + "/entry", {"name": f"{number}-{turn}"})
                updated = serving.ask("PUT", entry, {"value": {"by": number, "turn": turn}})
                if added.status == 201:
                    acknowledged.append(f"{number}-{turn}")
                if updated.status == 200:
                    acknowledged.append((number, turn))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) > 200)
    serving.end(signal.SIGKILL)
    for thread in threads:
        thread.join()

    again = serve(*flags)
    names = {each.get("name") for each in again.ask("GET", collection + "/entry").json()}
    versions = again.ask("GET", entry + "?filter=all").json()
    values = {(each["value"].get("by"), each["value"].get("turn")) for each in versions}
    lost = [each for each in acknowledged if each not in names and each not in values]
    assert not lost
    assert again.end() == 0


def test_a_request_that_has_begun_is_finished(collections):
    serving = collections("--threads", "1", "--collections-port", "0")
    host, port = serving.endpoint.removeprefix("http://").split(":")
    body = b'{"name": "posts"}'
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as begun, \
         socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        begun.sendall(b"POST /api/user/u/collection HTTP/1.1\r\nHost: h\r\nx-api-key: " + KEY.encode() +
                      b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
        serving.process.send_signal(signal.SIGTERM)
        assert idle.recv(4096) == b""  # it knows
        begun.sendall(body[5:])
        assert begun.recv(4096).startswith(b"HTTP/1.1 201")
    assert serving.process.wait(timeout=PATIENCE_SECONDS) == 0


def test_who_waits_for_changes_is_answered_when_it_ends(collections):
    serving = collections("--log-level", "info")
    collection = add_collection(serving)
    host, port = serving.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as waiting:
        waiting.sendall(f"GET {collection}/changes?since=9999999999998&wait=60 HTTP/1.1\r\nHost: h\r\n"
                        f"x-api-key: {KEY}\r\nConnection: close\r\n\r\n".encode())
        wait_until(lambda: collection + "/changes" in serving.said())
        began = time.monotonic()
        assert serving.end() == 0
        assert time.monotonic() - began < 9  # not the ten seconds that it would wait for what does not end
        answer = b"".join(iter(lambda: waiting.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200") and b'"changes":[]' in answer


def test_flags_that_make_no_sense_are_refused(serve):
    for flags, words in ((["--api-keys", "api-keys.json"], "--collections"),
                         (["--services-only"], "--collections"),
                         (["--collections", "--services-only", "--collections-port", "1"], "--collections-port"),
                         (["--collections", "--services-only", "--access-keys", "keys.json"], "--access-keys"),
                         (["--collections", "--collections-port", "65536"], "--collections-port")):
        serving = serve("--in-memory", *flags)
        assert (serving.end(), serving.ready_line) == (2, "")
        assert words in serving.said()


def test_a_port_that_is_taken_is_told_with_its_flag(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        serving = serve("--in-memory", "--port", "0", "--collections", "--api-keys", "api-keys.json",
                        "--collections-port", str(taken.getsockname()[1]))
        assert serving.end() == 4
        assert "choose another port with --collections-port" in serving.said()
