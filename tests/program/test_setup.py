"""`dynakeep setup dismissals`: what Dismissible's own setup command says and does, and what it does not do."""

import http.server
import json
import os
import subprocess
import threading
import uuid

import pytest
import serving
from conftest import PATIENCE_SECONDS, environment_of, run

PREFIX = "DISMISSIBLE_STORAGE_DYNAMODB_"


def variables(**values):
    names = {"table": "TABLE_NAME", "region": "AWS_REGION", "endpoint": "ENDPOINT",
             "key": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}
    return {PREFIX + names[name]: value for name, value in values.items()}


def set_up(server, *flags, environment=None, **values):
    return run(server, "setup", "dismissals", *flags, **variables(**values), **(environment or {}))


def lines(table, endpoint, region="us-east-1", key="****", secret="****", token="(not set)"):
    return [f"Running DynamoDB setup for table {table}...", f"Region: {region}", f"Endpoint: {endpoint}",
            f"Access Key ID: {key}", f"Secret Access Key: {secret}", f"Session Token: {token}"]


def made(table):
    return [f"Creating table {table}...", f"Table {table} created successfully"]


def found(table):
    return [f"Table {table} already exists"]


@pytest.fixture
def table():
    return f"dismissals-{uuid.uuid4().hex[:12]}"


def test_a_table_is_made_once_and_found_the_next_time(server, database, table):
    code, out, err = set_up(server, table=table, endpoint=server.endpoint)
    assert (code, out.splitlines(), err) == (0, lines(table, server.endpoint) + made(table), "")
    description = database.describe_table(TableName=table)["Table"]
    assert description["AttributeDefinitions"] == [{"AttributeName": "userId", "AttributeType": "S"},
                                                   {"AttributeName": "id", "AttributeType": "S"}]
    assert description["KeySchema"] == [{"AttributeName": "userId", "KeyType": "HASH"},
                                        {"AttributeName": "id", "KeyType": "RANGE"}]
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert not {"GlobalSecondaryIndexes", "StreamSpecification", "SSEDescription"} & set(description)

    code, out, err = set_up(server, "--strict", table=table, endpoint=server.endpoint)
    assert (code, out.splitlines(), err) == (0, lines(table, server.endpoint) + found(table), "")


def test_the_table_is_dismissible_items_in_us_east_1_unless_said_otherwise(server):
    endpoint = f"http://127.0.0.1:{serving.free_port()}"
    code, out, _ = set_up(server, endpoint=endpoint)
    assert (code, out.splitlines()) == (1, lines("dismissible-items", endpoint))


def test_an_endpoint_that_is_not_set_is_this_machine(server, table):
    """It is not asked, since somebody's may be there."""
    code, out, err = set_up(server, table=table, environment={"AWS_MAX_ATTEMPTS": "none"})
    assert (code, out.splitlines()) == (1, lines(table, "http://localhost:4566"))
    assert err.startswith("Failed to create DynamoDB table: AWS_MAX_ATTEMPTS")


def test_an_endpoint_that_is_empty_is_the_regions_own(server, table):
    """Which this machine's settings say is elsewhere."""
    code, out, err = set_up(server, table=table, endpoint="",
                            environment={"AWS_ENDPOINT_URL_DYNAMODB": server.endpoint})
    assert (code, out.splitlines(), err) == (0, lines(table, "(not set)") + made(table), "")


@pytest.mark.parametrize("name, default", [
    ("region", "us-east-1"), ("key", "****"), ("secret", "****"), ("token", "(not set)")])
def test_a_variable_that_is_empty_is_as_one_that_is_not_set(server, table, name, default):
    code, out, _ = set_up(server, table=table, endpoint=server.endpoint, **{name: ""})
    assert (code, out.splitlines()) == (0, lines(table, server.endpoint, **{name: default}) + made(table))


def test_a_table_name_that_is_empty_is_the_default(server):
    out = set_up(server, table="", endpoint=f"http://127.0.0.1:{serving.free_port()}")[1]
    assert out.splitlines()[0] == "Running DynamoDB setup for table dismissible-items..."


@pytest.mark.parametrize("secret, shown", [
    ("ab", "**"), ("12345678", "********"), ("123456789", "1234*6789"), ("AKIA567890121234", "AKIA********1234")])
def test_secrets_are_masked(server, table, secret, shown):
    code, out, err = set_up(server, table=table, endpoint=server.endpoint, key=secret, secret=secret, token=secret)
    assert code == 0 and err == ""
    assert out.splitlines()[3:6] == lines(table, "", key=shown, secret=shown, token=shown)[3:6]
    assert len(secret) <= 2 or secret not in out


def test_where_nobody_listens_the_error_stream_alone_says_so(server, table):
    endpoint = f"http://127.0.0.1:{serving.free_port()}"
    code, out, err = set_up(server, table=table, endpoint=endpoint)
    assert (code, out.splitlines()) == (1, lines(table, endpoint))
    assert err.startswith("Failed to create DynamoDB table: ") and "Connection refused" in err
    assert err.count("\n") == 1


def test_a_name_that_no_table_can_have_is_refused_by_the_database(server):
    code, out, err = set_up(server, table="ab", endpoint=server.endpoint)
    assert (code, out.splitlines()) == (1, lines("ab", server.endpoint))
    assert err == ("Failed to create DynamoDB table: TableName must be at least 3 characters long and at most "
                   "255 characters long\n")


def test_several_at_once_are_all_content(server, table):
    started = [subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "setup", "dismissals"], text=True,
                                env=environment_of(server, **variables(table=table, endpoint=server.endpoint)),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    ends = [process.communicate(timeout=PATIENCE_SECONDS) + (process.returncode,) for process in started]
    assert [code for _, _, code in ends] == [0] * 6
    assert [err for _, err, _ in ends] == [""] * 6
    last = sorted(out.splitlines()[-1] for out, _, _ in ends)
    assert last == found(table) * 5 + [made(table)[-1]]


def test_flags_go_before_the_environment(server, table):
    code, out, err = set_up(server, "--table", table, "--region", "eu-west-1", "--endpoint", server.endpoint,
                            table="other", region="mars", endpoint="http://127.0.0.1:1")
    assert (code, out.splitlines(), err) == (0, lines(table, server.endpoint, region="eu-west-1") + made(table), "")


def test_aws_means_its_own_endpoint_and_the_machines_credentials(server, table):
    code, out, err = set_up(server, "--aws", table=table, endpoint="http://127.0.0.1:1", key="mine", secret="mine",
                            environment={"AWS_ENDPOINT_URL_DYNAMODB": server.endpoint})
    expected = lines(table, "(not set)", key="(not set)", secret="(not set)")
    assert (code, out.splitlines(), err) == (0, expected + made(table), "")
    assert set_up(server, "--aws", "--endpoint", server.endpoint)[0] == 2


def test_a_dry_run_prints_the_request_and_sends_nothing(server, table):
    code, out, err = set_up(server, "--dry-run", "--table", table, endpoint="http://127.0.0.1:1")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "TableName": table,
        "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"},
                                 {"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"}


def test_a_table_of_other_keys_is_warned_of_and_strictly_refused(server, database, table):
    database.create_table(TableName=table, AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    warning = (f'Warning: Table "{table}" has the key id (partition, string); needed is userId (partition, string), '
               "id (sort, string)\n")
    for flags, code in (([], 0), (["--strict"], 3)):
        ended = set_up(server, *flags, table=table, endpoint=server.endpoint)
        assert (ended[0], ended[1].splitlines(), ended[2]) == (code, lines(table, server.endpoint) + found(table), warning)


def time_to_live_of(database, table):
    return database.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName")


@pytest.mark.parametrize("flags, environment", [
    (["--time-to-live"], {}), ([], {"DISMISSIBLE_STORAGE_EXPIRE_AFTER": "86400"})])
def test_the_time_to_live_is_switched_on_where_items_expire(server, database, table, flags, environment):
    code, out, err = set_up(server, table=table, endpoint=server.endpoint)
    assert (code, err, time_to_live_of(database, table)) == (0, "", None)
    for _ in range(2):
        code, out, err = set_up(server, *flags, table=table, endpoint=server.endpoint, environment=environment)
        last = found(table) + ["Time to live is on for expiresAt"]
        assert (code, out.splitlines(), err) == (0, lines(table, server.endpoint) + last, "")
        assert time_to_live_of(database, table) == "expiresAt"


def test_a_time_to_live_of_another_attribute_is_an_error(server, database, table):
    assert set_up(server, table=table, endpoint=server.endpoint)[0] == 0
    database.update_time_to_live(TableName=table,
                                 TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    code, out, err = set_up(server, "--time-to-live", table=table, endpoint=server.endpoint)
    assert (code, out.splitlines()) == (1, lines(table, server.endpoint) + found(table))
    assert err == (f'Failed to switch on the time to live: The time to live of table "{table}" is "ttl"; '
                   'needed is "expiresAt"\n')
    assert time_to_live_of(database, table) == "ttl"


def test_several_at_once_may_switch_it_on(server, database, table):
    environment = environment_of(server, **variables(table=table, endpoint=server.endpoint))
    started = [subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], "setup", "dismissals", "--time-to-live"], text=True,
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    ends = [process.communicate(timeout=PATIENCE_SECONDS) + (process.returncode,) for process in started]
    assert [(code, err) for _, err, code in ends] == [(0, "")] * 6
    assert time_to_live_of(database, table) == "expiresAt"


@pytest.mark.parametrize("flags", [["--nope"], ["--table"], ["extra"]])
def test_flags_that_make_no_sense_are_told_on_the_error_stream(server, flags):
    code, out, err = set_up(server, *flags)
    assert (code, out) == (2, "") and "see dynakeep setup dismissals --help" in err


def test_it_tells_its_version(server):
    assert set_up(server, "--version")[:2] == run(server, "--version")[:2]


# ---- tables that take their time ----


class SlowTables(http.server.BaseHTTPRequestHandler):
    """Answers DescribeTable and CreateTable from a script: "missing", a status of the table, or an exception."""

    script = []
    asked = []

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].split(".")[1]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(operation)
        answer = self.script.pop(0)
        body = {"TableDescription" if operation == "CreateTable" else "Table": {
            "TableName": "slow", "TableStatus": answer, "AttributeDefinitions": [
                {"AttributeName": "userId", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]}}
        if answer.endswith("Exception"):
            body = {"__type": f"com.amazonaws.dynamodb.v20120810#{answer}", "message": f"it says {answer}"}
        text = json.dumps(body).encode()
        self.send_response(400 if answer.endswith("Exception") else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def slow():
    SlowTables.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowTables) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


MISSING = "ResourceNotFoundException"


@pytest.mark.parametrize("flags, code", [([], 0), (["--strict"], 3)])
def test_an_engine_without_a_time_to_live_is_warned_of(server, slow, flags, code):
    SlowTables.script = [MISSING, "CREATING", "ACTIVE", "UnknownOperationException"]
    ended = set_up(server, "--time-to-live", *flags, table="slow", endpoint=slow)
    assert (ended[0], ended[1].splitlines()) == (code, lines("slow", slow) + made("slow"))
    assert ended[2] == 'Warning: The database of table "slow" has no time to live: it deletes nothing that has expired\n'
    assert SlowTables.asked[-1] == "DescribeTimeToLive"


@pytest.mark.parametrize("script, last, asked", [
    ([MISSING, "CREATING", "CREATING", "ACTIVE"], made("slow"), ["DescribeTable", "CreateTable"] + ["DescribeTable"] * 2),
    (["CREATING", "CREATING", "ACTIVE", "ACTIVE"], found("slow"), ["DescribeTable"] * 4),
    ([MISSING, "ResourceInUseException", "CREATING", "ACTIVE", "ACTIVE"], made("slow")[:1] + found("slow"),
     ["DescribeTable", "CreateTable"] + ["DescribeTable"] * 3)])
def test_it_waits_until_the_table_is_active(server, slow, script, last, asked):
    SlowTables.script = list(script)
    code, out, err = set_up(server, table="slow", endpoint=slow)
    assert (code, out.splitlines(), err) == (0, lines("slow", slow) + last, "")
    assert SlowTables.asked == asked


@pytest.mark.parametrize("script, last", [
    (["AccessDeniedException"], []),
    ([MISSING, "AccessDeniedException"], made("slow")[:1]),
    ([MISSING, "CREATING", "AccessDeniedException"], made("slow")[:1])])
def test_an_error_at_any_step_is_told(server, slow, script, last):
    SlowTables.script = list(script)
    code, out, err = set_up(server, table="slow", endpoint=slow)
    assert (code, out.splitlines()) == (1, lines("slow", slow) + last)
    assert err == "Failed to create DynamoDB table: it says AccessDeniedException\n"
