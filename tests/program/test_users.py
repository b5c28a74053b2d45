"""`dynakeep users`: what it finds in tables of user data, and what it erases; `serve --user-data`."""

import base64
import http.server
import json
import subprocess
import threading
import urllib.error
import urllib.request
import uuid

import pytest
import serving
from conftest import run


@pytest.fixture
def table(database):
    """Three users, as Jovo's integration leaves them and others add to them."""
    name = f"Users-{uuid.uuid4().hex[:12]}"
    database.create_table(TableName=name, AttributeDefinitions=[{"AttributeName": "userId", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "userId", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    times = {"createdAt": {"S": "2021-06-30T05:50:04.034Z"}, "updatedAt": {"S": "2021-06-30T05:50:04.095Z"}}

    def put(user_id, data, **more):
        item = {"userId": {"S": user_id}, "user": {"M": {"data": {"M": data}}}, **times, **more}
        database.put_item(TableName=name, Item=item)

    put("user-1", {"name": {"S": "Ada"}, "tags": {"SS": ["a"]}, "big": {"N": "12345678901234567890"}})
    put("user-2", {"text": {"S": "x" * 1000}}, ttl={"N": "17"})
    put("app#user-3 🙂", {"escape": {"S": "\x1b[31m"}})
    return name


@pytest.fixture
def users(server, table):
    """Runs `dynakeep users` on that table; gives (exit code, stdout, stderr)."""
    return lambda command, *arguments: run(server, "users", command, *arguments, "--database", server.endpoint,
                                           "--table", table)


def must(result):
    code, out, err = result
    assert (code, err) == (0, "")
    return out


def test_shows_all_that_is_stored(users):
    line = must(users("show", "user-1", "--json"))
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "userId": "user-1", "user": {"data": {"name": "Ada", "tags": {"$set": ["a"]}, "big": 12345678901234567890}},
        "createdAt": "2021-06-30T05:50:04.034Z", "updatedAt": "2021-06-30T05:50:04.095Z"}
    assert json.loads(must(users("show", "user-1"))) == json.loads(line)
    raw = json.loads(must(users("show", "user-2", "--raw", "--json")))
    assert raw["ttl"] == {"N": "17"}


def test_what_is_stored_cannot_disturb_a_terminal(users):
    assert "\x1b" not in must(users("show", "app#user-3 🙂"))


def test_a_user_who_is_not_there_is_no_answer(users):
    for command in ("show", "export", "size"):
        assert users(command, "nobody") == (1, "", "dynakeep: nothing is stored of the user 'nobody'\n")
    assert users("erase", "nobody", "--yes") == (1, "", "dynakeep: nothing is stored of the user 'nobody'\n")


def test_exports_some_or_all(users, tmp_path):
    assert [json.loads(line)["userId"] for line in must(users("export", "user-2", "user-1")).splitlines()] == [
        "user-2", "user-1"]
    everyone = [json.loads(line) for line in must(users("export", "--all")).splitlines()]
    assert {each["userId"] for each in everyone} == {"user-1", "user-2", "app#user-3 🙂"}
    of_app = must(users("export", "--all", "--application", "app"))
    assert json.loads(of_app)["userId"] == "app#user-3 🙂"
    file = tmp_path / "users.jsonl"
    assert users("export", "--all", "--output", str(file)) == (0, "", f"3 users in {file}\n")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 3
    # All or nothing.
    gone = tmp_path / "gone.jsonl"
    assert users("export", "user-1", "nobody", "--output", str(gone))[0] == 1
    assert list(tmp_path.iterdir()) == [file]


def test_measures_one_or_all(users):
    one = json.loads(must(users("size", "user-2", "--json")))
    assert one == {"userId": "user-2", "user": one["user"], "session": 0, "history": 0, "times": 66, "other": 17,
                   "total": one["user"] + 83}
    assert one["user"] > 1000
    sizes = [json.loads(line) for line in must(users("size", "--json")).splitlines()]
    assert sizes[0] == one
    assert [each["total"] for each in sizes] == sorted((each["total"] for each in sizes), reverse=True)
    assert len(must(users("size", "--json", "--top", "1")).splitlines()) == 1
    table = must(users("size"))
    assert table.splitlines()[0].split() == ["TOTAL", "USER", "SESSION", "HISTORY", "OTHER", "ID"]
    assert table.splitlines()[-1].startswith("3 users, 1,")


def test_erases_only_when_told_to(users, server, table):
    code, out, err = users("erase", "user-1")
    assert (code, out) == (2, "")
    assert "say --yes" in err
    must(users("show", "user-1"))
    assert must(users("erase", "user-1", "--yes")).endswith(" bytes erased\n")
    assert users("show", "user-1")[0] == 1
    must(users("show", "user-2"))
    erased = json.loads(must(users("erase", "user-3 🙂", "--application", "app", "--yes", "--json")))
    assert erased["userId"] == "user-3 🙂"


def test_tables_that_are_not_there_or_of_another_key_are_named(server, table):
    where = ("--database", server.endpoint)
    code, _, err = run(server, "users", "show", "u", *where, "--table", "Nowhere")
    assert (code, err) == (1, f"dynakeep: there is no table 'Nowhere' at {server.endpoint}\n")
    code, _, err = run(server, "users", "show", "u", *where, "--table", table, "--key", "pk")
    assert code == 2
    assert "needed is pk (partition, string)" in err


def test_flags_that_make_no_sense_are_misuse(users, server):
    assert users("export")[0] == 2
    assert users("export", "user-1", "--all")[0] == 2
    assert users("size", "--top", "0")[0] == 2
    assert run(server, "users", "show", "u")[0] == 2


# ---- serve --user-data ----

def ask(endpoint, method, path, body=None, **headers):
    """Gives (status, headers, JSON or None)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint + path, data=data, method=method,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        answer = urllib.request.urlopen(request, timeout=300)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None


PATH = "/v1/users/user-1/data"
JSON = {"Content_Type": "application/json"}
PATCH = {"Content_Type": "application/merge-patch+json"}


def test_serves_users_beside_the_protocol():
    server = serving.Server("--in-memory", "--user-data", "Users").start()
    try:
        status, _, body = ask(server.endpoint, "GET", PATH)
        assert (status, body["data"]["isNew"]) == (200, True)
        status, headers, body = ask(server.endpoint, "PUT", PATH, {"user": {"name": "Ada"}}, **JSON, If_None_Match="*")
        assert (status, body["data"]["user"]) == (201, {"name": "Ada"})
        assert ask(server.endpoint, "PUT", PATH, {}, **JSON, If_Match='"old"')[0] == 412
        status, _, body = ask(server.endpoint, "PATCH", PATH, {"user": {"visits": 1}}, **PATCH,
                              If_Match=headers["ETag"])
        assert (status, body["data"]["user"]) == (200, {"name": "Ada", "visits": 1})
        code, out, _ = run(server, "users", "show", "user-1", "--json", "--database", server.endpoint, "--table", "Users")
        assert (code, json.loads(out)["user"]["data"]) == (0, {"name": "Ada", "visits": 1})
        assert ask(server.endpoint, "DELETE", PATH)[0] == 204
    finally:
        assert server.stop() == 0


def test_serves_those_who_have_a_key(tmp_path):
    keys, config = tmp_path / "keys.json", tmp_path / "config.json"
    keys.write_text(json.dumps([{"application": "app", "key": "secret", "users": ["user-1"]}]), encoding="utf-8")
    keys.chmod(0o600)
    config.write_text(json.dumps({"table": {"primaryKeyColumn": "pk"}, "saveMode": "guarded"}), encoding="utf-8")
    server = serving.Server("--in-memory", "--user-data", "Users", "--user-data-keys", str(keys),
                            "--user-data-config", str(config), "--user-data-prefix", "/app").start()
    try:
        assert ask(server.endpoint, "GET", "/app" + PATH)[0] == 401
        assert ask(server.endpoint, "GET", "/app/v1/users/user-2/data", x_api_key="secret")[0] == 403
        assert ask(server.endpoint, "PUT", "/app" + PATH, {"user": {}}, **JSON, x_api_key="secret")[0] == 201
        assert ask(server.endpoint, "PUT", "/app" + PATH, {"session": {}}, **JSON, x_api_key="secret")[0] == 400
    finally:
        assert server.stop() == 0


def base64url(some_bytes):
    return base64.urlsafe_b64encode(some_bytes).rstrip(b"=").decode()


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *arguments], input=text, capture_output=True, check=True).stdout


class Provider:
    """An OpenID provider with one key."""

    def __init__(self, folder):
        self.key = str(folder / "key.pem")
        openssl("genrsa", "-out", self.key, "2048")
        modulus = bytes.fromhex(openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().split("=")[1])
        jwk = {"kid": "one", "kty": "RSA", "n": base64url(modulus), "e": "AQAB"}

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
                body = {"/provider": {"jwks_uri": endpoint + "/keys"}, "/keys": {"keys": [jwk]}}[self.path]
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/provider"

    def bearer(self, **claims):
        """The header's value."""
        text = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one"}, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.key, text=text.encode())
        return f"Bearer {text}.{base64url(signature)}"


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    made = Provider(tmp_path_factory.mktemp("provider"))
    yield made
    made.server.shutdown()
    made.server.server_close()


TOKENS = "DYNAKEEP_USER_DATA_JWT_AUTH_"


@pytest.mark.parametrize("by_flag", [True, False])
def test_serves_those_who_have_a_token(provider, by_flag):
    flags = ("--user-data-tokens", provider.url) if by_flag else ()
    variables = {TOKENS + "AUDIENCE": "app", **({} if by_flag else {TOKENS + "WELL_KNOWN_URL": provider.url})}
    server = serving.Server("--in-memory", "--user-data", "Users", *flags, environment=variables).start()
    try:
        mine = provider.bearer(sub="user-1", aud="app")
        assert ask(server.endpoint, "GET", PATH)[0] == 401
        assert ask(server.endpoint, "PUT", PATH, {"user": {"a": 1}}, **JSON, Authorization=mine)[0] == 201
        status, _, body = ask(server.endpoint, "GET", PATH, Authorization=mine)
        assert (status, body["data"]["user"]) == (200, {"a": 1})
        status, _, body = ask(server.endpoint, "GET", "/v1/users/user-2/data", Authorization=mine)
        assert (status, body["error"]["message"]) == (403, "User ID in request does not match authenticated user")
        assert ask(server.endpoint, "GET", PATH, Authorization=provider.bearer(sub="user-1"))[0] == 401
    finally:
        assert server.stop() == 0


def test_tokens_may_be_served_to_other_machines(provider):
    server = serving.Server("--in-memory", "--user-data", "Users", "--address", "0.0.0.0", "--allow-unauthenticated",
                            "--user-data-tokens", provider.url).start()
    assert server.stop() == 0


@pytest.mark.parametrize(("flags", "variables", "code", "complaint"), [
    (("--user-data-tokens", "nonsense"), {}, 2, TOKENS + "WELL_KNOWN_URL: must be a URL"),
    ((), {"AUDIENCE": "app"}, 2, TOKENS + "WELL_KNOWN_URL: must be set"),
    (("--user-data-tokens", "http://127.0.0.1:1/x"), {"ALGORITHMS": "none"}, 2, TOKENS + "ALGORITHMS: must be of"),
    (("--user-data-tokens", "http://127.0.0.1:1/x"), {}, 1, "127.0.0.1:1"),
])
def test_tokens_that_cannot_be_checked_are_told_at_once(server, flags, variables, code, complaint):
    ended = run(server, "serve", "--in-memory", "--port", "0", "--user-data", "Users", *flags,
                **{TOKENS + name: value for name, value in variables.items()})
    assert (ended[0], ended[1]) == (code, "")
    assert complaint in ended[2] and ended[2].count("\n") == 1


@pytest.mark.parametrize(("flags", "complaint"), [
    (("--user-data", "Users", "--address", "0.0.0.0", "--allow-unauthenticated"), "give --user-data-keys FILE"),
    (("--user-data", "Users", "--address", "127.example"), "give --user-data-keys FILE"),
    (("--user-data", "Users", "--user-data-keys", "/nowhere"), "/nowhere"),
    (("--user-data", "Users", "--user-data-config", "/nowhere"), "/nowhere cannot be read"),
    (("--user-data", "Users", "--user-data-prefix", "app"), "--user-data-prefix"),
    (("--user-data-keys", "keys.json"), "--user-data"),
])
def test_what_cannot_be_served_is_told_at_once(server, flags, complaint):
    code, out, err = run(server, "serve", "--in-memory", "--port", "0", *flags)
    assert (code, out) == (2, "")
    assert complaint in err


def test_a_configuration_that_makes_no_sense_is_named(server, tmp_path):
    config = tmp_path / "config.json"
    for text, complaint in (("[]", "it is no object"), ('{"saveMode": "hope"}', "saveMode must be")):
        config.write_text(text, encoding="utf-8")
        code, _, err = run(server, "serve", "--in-memory", "--port", "0", "--user-data", "Users",
                           "--user-data-config", str(config))
        assert code == 2
        assert complaint in err
