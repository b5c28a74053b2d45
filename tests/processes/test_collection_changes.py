"""The change feed of a collection that two processes write to: however it is followed, whoever follows it learns the
last state of every entry, also when connections are cut and each question goes to another process.

DYNAKEEP_UPDATES=N: how many changes are made."""

import http.client
import itertools
import json
import os
import random
import threading
import time
import urllib.parse

from conftest import API_KEY, PATIENCE_SECONDS, Client

CHANGES = min(int(os.environ.get("DYNAKEEP_UPDATES", "2000")), 2000)
SEED = int(os.environ.get("DYNAKEEP_SEED", time.time_ns() % 2**32))
ENTRIES = 40
WRITERS = 4


def state_of(entry):
    meta = entry["meta"]
    return meta["version"], "deletedAt" in meta


class Follower:
    """Keeps the last state of each entry that it was told of, until it is told to stop and has caught up."""

    def __init__(self, servers, path):
        self.servers, self.path = servers, path
        self.known = {}
        self.told = 0
        self.expected = None  # set when all is written
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def take(self, entry):
        self.told += 1
        id = entry["meta"]["entry"]
        # Changes may come again, and late: the later state counts.
        self.known[id] = max(self.known.get(id, (0, False)), state_of(entry))

    def has_all(self):
        return self.expected is not None and self.known == self.expected

    def run(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        for turn in itertools.count():
            if self.has_all() or time.monotonic() > deadline:
                return
            self.ask(self.servers[turn % len(self.servers)])

    def join(self, expected):
        self.expected = expected
        self.thread.join()
        assert self.known == expected, f"seed {SEED}"


class Poller(Follower):
    """By answers that wait."""

    since = 0

    def ask(self, server):
        _, body = Client(server).must(200, "GET", f"{self.path}/changes?since={self.since}&wait=2&limit=10")
        for entry in body["changes"]:
            self.take(entry)
        self.since = body["next"]


class Listener(Follower):
    """By event streams, each of which is cut after a few events."""

    last_id = None

    def ask(self, server):
        address = urllib.parse.urlsplit(server.endpoint)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)
        headers = {"x-api-key": API_KEY, "Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", self.path + "/changes", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        connection.sock.settimeout(1)
        left = random.randrange(1, 200)
        try:
            while left > 0 and not self.has_all():
                line = answer.readline().decode().rstrip("\n")
                if line.startswith("id: "):
                    self.last_id = line[4:]
                elif line.startswith("data: "):
                    self.take(json.loads(line[6:]))
                    left -= 1
        except TimeoutError:
            pass  # nothing happened for a while
        finally:
            connection.close()


def write(server, path, numbers, dice):
    client = Client(server)
    entries = []
    for _ in range(ENTRIES // WRITERS):
        headers, _ = client.must(201, "POST", path + "/entry", {"name": "new"})
        entries.append(headers["Location"])
    for number in numbers:
        entry = dice.choice(entries)
        kind = dice.randrange(10)
        if kind == 0:
            client.must(200, "DELETE", entry)
            entries.remove(entry)
        if kind == 0 or not entries:
            headers, _ = client.must(201, "POST", path + "/entry", {"name": "new"})
            entries.append(headers["Location"])
        else:
            client.must(200, "PUT", entry, {"value": {"n": number}})


def test_whoever_follows_a_collection_learns_the_last_state_of_every_entry(two_servers):
    random.seed(SEED)
    client = Client(two_servers[0])
    headers, _ = client.must(201, "POST", "/api/user/user-1/collection", {"name": "posts"})
    path = headers["Location"]
    one, other = two_servers
    followers = [Poller([one], path), Poller([one, other], path), Listener([other], path), Listener([one, other], path)]
    writers = []
    for index in range(WRITERS):
        share = range(index, CHANGES, WRITERS)
        dice = random.Random(SEED + index)
        writers.append(threading.Thread(target=write, args=(two_servers[index % 2], path, share, dice)))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    _, entries = client.must(200, "GET", path + "/entry?filter=current")
    expected = {entry["meta"]["entry"]: state_of(entry) for entry in entries}
    assert len(expected) > ENTRIES
    for follower in followers:
        follower.join(expected)
    print(f"seed {SEED}: {len(expected)} entries, told {[follower.told for follower in followers]} times")
