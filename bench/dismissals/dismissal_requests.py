"""Requests for dynakeep_load --messages: of dismissals over HTTP, and of what they ask the database; and the tokens that
they may carry, with the provider that vouches for them."""

import base64
import contextlib
import http.server
import itertools
import json
import subprocess
import threading

from messages import message, protocol

TABLE = "dismissible-items"
USER = "user-1"
BATCH = 50


def item_id(number):
    return f"banner-{number:08}"


def service(method, path="", body=None, token=None):
    headers = f"Authorization: Bearer {token}\r\n" if token else ""
    if body is None:
        return message(method, f"/v1/users/{USER}/items{path}", headers)
    return message(method, f"/v1/users/{USER}/items{path}", headers + "Content-Type: application/json\r\n",
                   json.dumps(body, separators=(",", ":")))


def gets(ids, count, token=None):
    for number in itertools.islice(itertools.cycle(ids), count):
        yield service("GET", f"/{item_id(number)}", token=token)


def dismissals(ids):
    for number in ids:
        yield service("DELETE", f"/{item_id(number)}")


def batches(ids, count, token=None):
    every = itertools.cycle(ids)
    for _ in range(count):
        yield service("POST", body={"items": [item_id(number) for number in itertools.islice(every, BATCH)]}, token=token)


# ---- what the store asks the database for ----


def key(number):
    return {"userId": {"S": USER}, "id": {"S": item_id(number)}}


def get_items(ids, count):
    for number in itertools.islice(itertools.cycle(ids), count):
        yield protocol("GetItem", {"TableName": TABLE, "ConsistentRead": True, "Key": key(number)})


def batch_get_items(ids, count):
    every = itertools.cycle(ids)
    for _ in range(count):
        keys = [key(number) for number in itertools.islice(every, BATCH)]
        yield protocol("BatchGetItem", {"RequestItems": {TABLE: {"ConsistentRead": True, "Keys": keys}}})


def puts(ids):
    for number in ids:
        yield protocol("PutItem", {
            "TableName": TABLE, "ConditionExpression": "attribute_not_exists(userId)",
            "Item": {**key(number), "createdAt": {"S": "2024-01-15T10:30:00.000Z"}, "dismissedAt": {"NULL": True}}})


def updates(ids):
    for number in ids:
        yield protocol("UpdateItem", {
            "TableName": TABLE, "Key": key(number), "UpdateExpression": "SET dismissedAt = :t",
            "ConditionExpression": "attribute_exists(userId)",
            "ExpressionAttributeValues": {":t": {"S": "2024-01-15T12:00:00.000Z"}}, "ReturnValues": "ALL_OLD"})


# ---- tokens ----


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """An OpenID provider with one key, until the `with` block ends."""

    def __init__(self, scratch):
        self.private_key = scratch / "provider.pem"
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(self.private_key))

    def openssl(self, *arguments, given=b""):
        return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout

    def token(self):
        """Of the user, for ever."""
        parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "kid": "bench"}, {"sub": USER})]
        signed = ".".join(map(encoded, parts))
        signature = self.openssl("dgst", "-sha256", "-sign", str(self.private_key), given=signed.encode())
        return f"{signed}.{encoded(signature)}"

    def __enter__(self):
        modulus = self.openssl("rsa", "-in", str(self.private_key), "-noout", "-modulus").decode().strip().split("=")[1]
        keys = {"keys": [{"kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig", "e": "AQAB",
                          "n": encoded(bytes.fromhex(modulus))}]}

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                port = self.server.server_address[1]
                found = keys if self.path == "/keys" else {"jwks_uri": f"http://127.0.0.1:{port}/keys"}
                text = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/.well-known/openid-configuration"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
