"""Versioned collections over HTTP; beside them, what they ask the database for, asked over its protocol."""

import http.client
import json
import pathlib
import subprocess
import time

import messages
from rows.servers import ROOT, BenchError, built, cpu_seconds, module_at, ours, resident_mb, say

PROGRAMS = ["bench/collections/dynakeep_collections_bench"]
requests = module_at(ROOT / "bench/collections/requests.py")

READ, UPDATE, SYNCED_UPDATE = "read an entry", "update an entry", "update an entry, synced"
READ_OLD, READ_NEW = "read an entry of 10,000 versions", "read an entry of 10 versions beside it"
HEAD, NEWEST, WRITE = ("the store's GetItem, over the protocol", "the store's Query, over the protocol",
                       "the store's TransactWriteItems, over the protocol")
LISTING = "collections: list of 10,000 entries"
IN_PROCESS = "collections: in process, µs"
LISTED_BYTES = 1000


def row_of(what, connections=16):
    return f"collections: {what}" + ("" if connections == 16 else f", {connections} connections")


def list_body(port, path):
    """Reads a list to its end: (seconds, bytes)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.monotonic()
    connection.request("GET", path, headers={"x-api-key": requests.API_KEY})
    answer = connection.getresponse()
    total, buffer = 0, bytearray(1 << 18)
    while got := answer.readinto(buffer):
        total += got
    connection.close()
    if answer.status != 200:
        raise BenchError(f"{path}: {answer.status}")
    return time.monotonic() - started, total


def peak_mb(pid, work):
    """By how much the process grows, at the most, while `work` runs; and what that gives."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = resident_mb(pid)
    result = work()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6 - before, result


class Collections:
    """A server with the service, and collections that it was filled with."""

    def __init__(self, server, scratch):
        self.server, self.scratch = server, scratch

    def collection(self, entries, size, updates=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request("POST", "/api/user/user-1/collection", json.dumps({"name": "posts"}),
                           {"x-api-key": requests.API_KEY, "Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 201:
            raise BenchError(f"collections: creating one: {answer.status} {answer.read()[:100]}")
        path = answer.headers["Location"]
        connection.close()
        self.send_once(requests.creates(path, entries, size))
        if updates:
            self.send_once(requests.updates(path, updates, len(updates), size))
        return path

    def send_once(self, messages):
        seen = self.server.send(self.file(messages), seconds=600, once=True)
        if "refused" in seen:
            raise BenchError(f"collections: filling: {seen['refused']}")

    def file(self, asked):
        return messages.write(self.scratch / "messages", asked)

    def measure(self, report, options, what, messages, connections=16, once=False):
        row = row_of(what, connections)
        if report.wants(row):
            say(row)
            report.add(row, self.server.send(self.file(messages), connections, options.seconds, once))


def measure(report, options, scratch):
    if not any(map(report.wants, ("collections:", *map(row_of, (
            READ, UPDATE, SYNCED_UPDATE, READ_OLD, HEAD, NEWEST, WRITE)), LISTING, IN_PROCESS))):
        return
    keys = scratch / "api-keys.json"
    keys.write_text(json.dumps([{"application": "bench", "key": requests.API_KEY}]))
    keys.chmod(0o600)
    flags = ("--collections", "--api-keys", str(keys))
    ids = range(1000)

    with ours("collections", None, *flags) as server:
        filled = Collections(server, scratch)
        posts = filled.collection(len(ids), 400, [*ids] * 9)
        for connections in (16, 1, 64):
            filled.measure(report, options, READ, requests.reads(posts, ids, 20_000), connections)
        filled.measure(report, options, NEWEST, requests.queries_of_newest(posts, ids, 20_000))
        filled.measure(report, options, HEAD, requests.gets_of_heads(posts, ids, 20_000))
        writes = int(options.seconds * 100_000)  # more than can be done
        filled.measure(report, options, WRITE, requests.transactions(posts, ids, writes, 1_600_000_000_000), once=True)
        for connections in (16, 1, 64):
            filled.measure(report, options, UPDATE, requests.updates(posts, ids, 20_000), connections)
        if report.wants(row_of(READ_OLD)):
            # Of one table, by turns: what else is in it and on the machine meets both.
            new = filled.collection(1, 400, [0] * 9)
            old = filled.collection(1, 400, [0] * 9_999)
            server.rest()
            files = {row: messages.write(scratch / f"messages-{row}", requests.reads(path, [0], 20_000))
                     for row, path in ((row_of(READ_OLD), old), (row_of(READ_NEW), new))}
            rounds = [{row: server.send(file, 16, options.seconds / 2) for row, file in files.items()} for _ in range(4)]
            for row in files:
                report.add(row, min((each[row] for each in rounds), key=lambda seen: seen.get("cpu_us", 0)))
    with ours("collections, synced", scratch / "collections", *flags) as server:
        filled = Collections(server, scratch)
        posts = filled.collection(len(ids), 400)
        for connections in (16, 1, 64):
            filled.measure(report, options, SYNCED_UPDATE, requests.updates(posts, ids, 20_000), connections)
    if report.wants(LISTING):
        with ours("collections, listed", None, *flags) as server:
            filled = Collections(server, scratch)
            large, small = (filled.collection(entries, LISTED_BYTES) for entries in (10_000, 2_000))
            server.rest()
            list_body(server.port, small + "/entry")  # what the first one takes stays
            grown_small, _ = peak_mb(server.process.pid, lambda: list_body(server.port, small + "/entry"))
            grown, _ = peak_mb(server.process.pid, lambda: list_body(server.port, large + "/entry"))
            before = cpu_seconds(server.process.pid)
            runs = [list_body(server.port, large + "/entry") for _ in range(10)]
            seconds, size = min(runs)
            report.figures[LISTING] = {"MB": size / 1e6, "MB/s": size / seconds / 1e6,
                                       "cpu_s_a_MB": (cpu_seconds(server.process.pid) - before) / 10 / size * 1e6,
                                       "grown_MB": grown, "grown_MB_of_2000": grown_small}
    if report.wants(IN_PROCESS):
        say(IN_PROCESS)
        done = subprocess.run([built("bench/collections/dynakeep_collections_bench"), "memory:",
                               str(options.seconds)], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise BenchError(f"dynakeep_collections_bench ended with {done.returncode}")
        report.figures[IN_PROCESS] = json.loads(done.stdout)


def targets(report):
    rows = []
    read, update = (report.cpu(row_of(what)) for what in (READ, UPDATE))
    newest, head, write = (report.cpu(row_of(what)) for what in (NEWEST, HEAD, WRITE))
    inside = report.figures.get(IN_PROCESS)
    if read and newest:
        rows.append(("collections' read / its Query over the protocol", f"{read / newest:.2f}", "at most 2"))
    if update and newest and head and write:
        rows.append(("collections' update / its three requests over the protocol",
                     f"{update / (newest + head + write):.2f}", "at most 4"))
    if inside:
        query, get, transact = (inside[name] for name in
                                ("Query of the newest", "GetItem of the head", "TransactWriteItems"))
        rows.append(("a read in process / its Query", f"{inside['read'] / query:.2f}", ""))
        rows.append(("an update in process / its three requests", f"{inside['update'] / (query + get + transact):.2f}", ""))
        if read:
            rows.append(("collections' read over HTTP / its Query in process", f"{read / query:.2f}", ""))
        if update:
            rows.append(("collections' update over HTTP / its three requests in process",
                         f"{update / (query + get + transact):.2f}", ""))
    old, new = (report.cpu(row_of(what)) for what in (READ_OLD, READ_NEW))
    if old and new:
        rows.append(("read of an entry with 10,000 versions / with 10", f"{old / new:.2f}", "at most 1.2"))
    listing = report.figures.get(LISTING)
    if listing:
        rows.append((f"list of 10,000 entries, {listing['MB']:.0f} MB: MB/s", f"{listing['MB/s']:.0f}", "at least 50"))
        rows.append(("memory that it takes, MB", f"{listing['grown_MB']:.1f}", ""))
        rows.append(("memory that a list of 2,000 takes, MB", f"{listing['grown_MB_of_2000']:.1f}", ""))
    return rows
