"""Servers to be measured: processes of their own, and what the operating system says that they used."""

import contextlib
import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from messages import target

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
TICKS = os.sysconf("SC_CLK_TCK")
KEY = {"access_key_id": "bench", "secret_access_key": "bench-secret"}
# For clients of the database that find their credentials as AWS's do.
KEY_VARIABLES = {"AWS_ACCESS_KEY_ID": KEY["access_key_id"], "AWS_SECRET_ACCESS_KEY": KEY["secret_access_key"],
                 "AWS_REGION": "us-east-1"}
ITEM = ROOT / "bench/remote/item.json"


def module_at(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BenchError(Exception):
    """What stops the run, in one line."""


def say(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """The process and all below it."""
    members = [pid]
    for member in members:
        with contextlib.suppress(OSError):
            for task in pathlib.Path(f"/proc/{member}/task").iterdir():
                members += map(int, (task / "children").read_text().split())
    return members


def cpu_seconds(pid):
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mb(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def built(program):
    path = BUILD / program
    if not path.exists():
        raise BenchError(f"no {path}; ./dev bench builds it")
    return str(path)


class Server:
    """A server process on a port of its own, until the `with` block ends."""

    def __init__(self, name, command, port, variables=None):
        say(f"{name}: starting")
        self.name, self.port = name, port
        started = time.monotonic()
        self.log = tempfile.TemporaryFile("w+", errors="replace")
        try:
            self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True,
                                            env={**os.environ, **(variables or {})})
        except OSError as error:
            raise BenchError(f"{name} did not start: {error}") from None
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() - started > 60:
                self.stop()
                self.log.seek(0)
                said = self.log.read().split("\n")
                raise BenchError(f"{name} did not start: {next((line for line in said if line), 'it said nothing')}")
            time.sleep(0.0005)
        self.start_ms = (time.monotonic() - started) * 1000

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def rest(self):
        """Waits until the server has no work of its own left, such as compactions: a minute at the most."""
        say(f"{self.name}: coming to rest")
        for _ in range(60):
            before = cpu_seconds(self.process.pid)
            time.sleep(1)
            if cpu_seconds(self.process.pid) - before < 0.05:
                return

    def load_command(self, workload, connections, seconds, items):
        return [built("bench/load/dynakeep_load"), "--port", str(self.port), "--connections", str(connections),
                "--seconds", str(seconds), "--items", str(items), "--workload", workload,
                "--key", KEY["access_key_id"], "--secret", KEY["secret_access_key"]]

    def send(self, messages, connections=16, seconds=3, once=False):
        """As load(), of the requests in a file."""
        return self.measure([built("bench/load/dynakeep_load"), "--port", str(self.port), "--connections",
                             str(connections), "--seconds", str(seconds), "--messages", str(messages),
                             *(["--once"] if once else [])])

    def load(self, workload, connections=16, seconds=3, items=10_000):
        """Runs the load; its figures, and the server's CPU for each request in microseconds.

        What was refused is said in "refused", by the first refusal; without "cpu_us" nothing was answered."""
        say(f"{self.name}: {workload}, {connections} connections")
        return self.measure(self.load_command(workload, connections, seconds, items))

    def measure(self, command):
        before = cpu_seconds(self.process.pid)
        done = subprocess.run(command, capture_output=True, text=True)
        used = cpu_seconds(self.process.pid) - before
        # A refusal is a whole HTTP answer; its last line is the body.
        why = why_it_failed(done)
        if not done.stdout:
            return {"refused": why}
        seen = json.loads(done.stdout)
        if seen["errors"] > 0:
            seen["refused"] = f"{seen['errors']:,} of {seen['requests']:,} refused: {why}"
        if seen["requests"] > seen["errors"]:
            seen["cpu_us"] = used * 1e6 / seen["requests"]
            seen["per_second"] = seen["requests"] / max(seen["seconds"], 0.001)
        return seen

    def fill(self, items, workload="load", connections=8):
        """Makes the tables and fills them; raises BenchError if the server will not have them."""
        try:
            make_tables(self)
        except OSError as error:  # an HTTP error is one
            raise BenchError(f"{self.name}: tables refused: {error}") from None
        seen = self.load(workload, connections, items=items)
        if "refused" in seen:
            raise BenchError(f"{self.name}: loading: {seen['refused']}")

    def call(self, operation, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", data=json.dumps(body).encode(),
            headers={"X-Amz-Target": target(operation), "Content-Type": "application/x-amz-json-1.0",
                     "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
                                      "SignedHeaders=host, Signature=00", "X-Amz-Date": "20260101T000000Z"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


def make_tables(server):
    """The tables of dynakeep_load, made by a request that needs no valid signature."""
    throughput = {"ProvisionedThroughput": {"ReadCapacityUnits": 40000, "WriteCapacityUnits": 40000}}
    server.call("CreateTable", {"TableName": "Songs", **throughput,
                                "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
                                "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]})
    server.call("CreateTable", {"TableName": "Tracks", **throughput,
                                "AttributeDefinitions": [{"AttributeName": "album_id", "AttributeType": "S"},
                                                         {"AttributeName": "track", "AttributeType": "N"}],
                                "KeySchema": [{"AttributeName": "album_id", "KeyType": "HASH"},
                                              {"AttributeName": "track", "KeyType": "RANGE"}]})
    for table in ("Songs", "Tracks"):
        for _ in range(200):
            if server.call("DescribeTable", {"TableName": table})["Table"]["TableStatus"] == "ACTIVE":
                break
            time.sleep(0.1)


def ours(name, folder, *flags, variables=None):
    port = free_port()
    place = ["--in-memory"] if folder is None else ["--data", str(folder)]
    return Server(name, [built("apps/dynakeep/dynakeep"), "serve", "--port", str(port), *place, *flags], port,
                  variables)


def why_it_failed(done):
    """The last line that a command said on its error stream."""
    return next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")[:150]
