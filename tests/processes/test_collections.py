"""Versioned collections served by two processes, or by one that dies: whatever was acknowledged is in the history,
once, and revisions are 1 to n.

DYNAKEEP_UPDATES=N: how many updates each case makes."""

import collections
import http.client
import itertools
import os
import random
import threading
import time
import urllib.parse

from conftest import Client, serving_with

UPDATES = int(os.environ.get("DYNAKEEP_UPDATES", "10000"))
SEED = int(os.environ.get("DYNAKEEP_SEED", time.time_ns() % 2**32))
WRITERS = 8
KILLS = 20


def make_entry(client):
    """Path of a fresh entry, whose first value is {"n": 0}."""
    headers, _ = client.must(201, "POST", "/api/user/user-1/collection", {"name": "posts"})
    headers, _ = client.must(201, "POST", headers["Location"] + "/entry", {"name": "post", "value": {"n": 0}})
    return headers["Location"]


class Writers:
    """Keep updating one entry, each with values of its own, until all updates are acknowledged."""

    def __init__(self, servers, path):
        self.servers, self.path = servers, path
        self.shares = collections.Counter()  # by server
        self.numbers = itertools.count(1)
        self.acknowledged = {}  # value -> (version, revision)
        self.refused = set()  # nothing was done
        self.in_doubt = set()  # nobody told
        self.conflicts = 0
        self.failure = None
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(WRITERS)]

    def work(self, index):
        client = Client(self.servers[index % len(self.servers)])
        try:
            while self.failure is None and len(self.acknowledged) < UPDATES:
                if self.update(client, next(self.numbers)):
                    self.shares[index % len(self.servers)] += 1
        except Exception as failure:  # told by the test
            self.failure = failure

    def update(self, client, number):
        """Whether it is acknowledged."""
        try:
            status, headers, body = client.ask("PUT", self.path, {"value": {"n": number}})
        except ConnectionRefusedError:
            self.refused.add(number)
            time.sleep(0.01)
            return False
        except (OSError, http.client.HTTPException):
            self.in_doubt.add(number)
            return False
        if status == 200:
            self.acknowledged[number] = (int(headers["X-Version"]), int(headers["X-Revision"]))
        elif status == 409:
            self.conflicts += 1
            self.refused.add(number)
        elif status == 502:  # the tables did not answer
            self.in_doubt.add(number)
        else:
            raise AssertionError(f"update {number}: {status} {body}")
        return status == 200

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, failure, _):
        self.failure = self.failure or failure
        for thread in self.threads:
            thread.join()

    def run(self):
        with self:
            pass


def history_of(client, path):
    versions, cursor = [], ""
    while cursor is not None:
        query = urllib.parse.urlencode({"order": "asc", "limit": 1000, **({"cursor": cursor} if cursor else {})})
        _, page = client.must(200, "GET", f"{path}/version?{query}")
        versions += page["versions"]
        cursor = page["next"]
    return versions


def expect_whole(writers, servers):
    if writers.failure is not None:
        raise writers.failure
    versions = history_of(Client(servers[0]), writers.path)
    assert [version["revision"] for version in versions] == list(range(1, len(versions) + 1))
    numbers = [version["version"] for version in versions]
    assert numbers == sorted(set(numbers))

    found = {version["value"]["n"]: (version["version"], version["revision"]) for version in versions}
    times = collections.Counter(version["value"]["n"] for version in versions)
    assert max(times.values()) == 1, "written twice: " + str([n for n, count in times.items() if count > 1][:10])
    lost = [n for n, written in writers.acknowledged.items() if found.get(n) != written]
    assert not lost, f"lost or moved: {lost[:10]}"
    assert not writers.refused & found.keys()
    assert found.keys() <= {0} | writers.acknowledged.keys() | writers.in_doubt
    for server in servers:
        headers, newest = Client(server).must(200, "GET", writers.path)
        assert newest[0]["value"] == versions[-1]["value"]
        assert (headers["X-Version"], headers["X-Revision"]) == (str(numbers[-1]), str(len(versions)))
    assert len(writers.shares) == len(servers)
    print(f"{len(writers.acknowledged)} acknowledged {sorted(writers.shares.values())}, {len(writers.in_doubt & found.keys())} of "
          f"{len(writers.in_doubt)} in doubt came, {writers.conflicts} conflicts told")


class Killer:
    """Kills a server at random moments, and starts it again on the same port."""

    def __init__(self, writers, times):
        self.writers, self.times = writers, times
        self.random = random.Random(SEED)
        print(f"DYNAKEEP_SEED={SEED}")

    def run(self):
        at = sorted(self.random.sample(range(1, UPDATES), self.times))
        for moment in at:
            while len(self.writers.acknowledged) < moment and self.writers.failure is None:
                time.sleep(0.001)
            server = self.random.choice(self.writers.servers)
            time.sleep(self.random.random() * 0.01)
            server.kill()
            server.process.stdout.close()
            time.sleep(self.random.random() * 0.05)
            server.start()


def test_two_processes_lose_no_version_of_one_entry(two_servers):
    writers = Writers(two_servers, make_entry(Client(two_servers[0])))
    writers.run()
    expect_whole(writers, two_servers)


def test_nor_when_either_is_killed_at_random_moments(two_servers):
    writers = Writers(two_servers, make_entry(Client(two_servers[0])))
    with writers:
        Killer(writers, KILLS).run()
    expect_whole(writers, two_servers)


def test_nor_one_that_holds_the_tables_itself(api_keys, tmp_path):
    with serving_with("--data", str(tmp_path), "--collections", "--api-keys", api_keys) as server:
        writers = Writers([server], make_entry(Client(server)))
        with writers:
            Killer(writers, KILLS).run()
        expect_whole(writers, [server])
