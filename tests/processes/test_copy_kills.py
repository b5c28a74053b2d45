"""`dynakeep copy --follow` under continuous writes, while source, destination and copier are killed and started again at
random: after it has caught up, both sides hold the same.

DYNAKEEP_COPY_ITEMS=N: how many items the table has at first. DYNAKEEP_COPY_KILLS=N: how many processes are killed.
DYNAKEEP_SEED: what is killed when."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

import serving

ITEMS = int(os.environ.get("DYNAKEEP_COPY_ITEMS", "20000"))
KILLS = int(os.environ.get("DYNAKEEP_COPY_KILLS", "6"))
COPIER_KILLS = max(1, KILLS // 3)  # after each the next run waits for signs of life
SEED = int(os.environ.get("DYNAKEEP_SEED", time.time_ns() % 2**32))
TABLE = "Songs"
TEXT = "x" * 300
PATIENCE_SECONDS = 60 + ITEMS // 500


def client_of(server):
    session = boto3.session.Session(aws_access_key_id=serving.ACCESS_KEY_ID,
                                    aws_secret_access_key=serving.SECRET_ACCESS_KEY, region_name=serving.REGION)
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=5)
    return session.client("dynamodb", endpoint_url=server.endpoint, config=config)


def program(*arguments, **more):
    return subprocess.run([os.environ["DYNAKEEP_PROGRAM"], *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS, check=False, **more)


def fill(server, folder):
    file = folder / "items.jsonl"
    with file.open("w") as out:
        for number in range(ITEMS):
            out.write(json.dumps({"id": str(number), "n": 0, "text": TEXT}) + "\n")
    done = program("import", TABLE, str(file), "--database", server.endpoint)
    assert done.returncode == 0, done.stderr
    file.unlink()


class Writer(threading.Thread):
    """Puts and deletes items, old and new ones, a few of them again and again, whatever becomes of the server."""

    def __init__(self, server, chance):
        super().__init__()
        self.client, self.chance = client_of(server), chance
        self.is_over = threading.Event()
        self.written = 0

    def run(self):
        while not self.is_over.is_set():
            key = str(self.chance.choice((self.chance.randrange(20), self.chance.randrange(ITEMS * 11 // 10))))
            try:
                if self.chance.random() < 0.2:
                    self.client.delete_item(TableName=TABLE, Key={"id": {"S": key}})
                else:
                    self.client.put_item(TableName=TABLE, Item={
                        "id": {"S": key}, "n": {"N": str(self.written)}, "text": {"S": TEXT}})
                self.written += 1
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                time.sleep(0.01)  # it is being started again


class Copier:
    """The program, started again whenever it has ended."""

    def __init__(self, source, destination):
        self.arguments = [os.environ["DYNAKEEP_PROGRAM"], "copy", source.endpoint, destination.endpoint, "--tables", TABLE,
                          "--follow", "--every", "0.5", "--rate", str(max(5000, ITEMS // 5))]
        self.said = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=lambda pipe: self.said.extend(pipe), args=(self.process.stderr,))
        self.reader.start()

    def kill(self):
        self.process.kill()
        self.end()

    def end(self):
        code = self.process.wait()
        self.reader.join()
        return code

    def see_to_it(self):
        """It may end by itself if a side is away when it begins; but it may lose nothing."""
        if self.process.poll() is None:
            return
        code = self.end()
        assert code == 1, (code, self.said)
        self.start()


class Life:
    """The signs of life that the copier gives at the destination."""

    def __init__(self, server):
        self.client, self.run = client_of(server), None

    def run_there(self):
        try:
            row = self.client.get_item(TableName="dynakeep.copies", ConsistentRead=True,
                                       Key={"pk": {"S": TABLE}, "sk": {"S": "copy"}}).get("Item", {})
        except self.client.exceptions.ResourceNotFoundException:
            return None
        return row.get("run") if row.get("segments", {}).get("L") else None

    def look(self):
        self.run = self.run_there()

    def wait(self, meanwhile=lambda: None):
        """Until there is another run than when it was last looked for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.run_there()) is None or found == self.run:
            assert time.monotonic() < deadline
            meanwhile()
            time.sleep(0.05)


def test_both_sides_are_the_same_after_any_kills(tmp_path):
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    source = serving.Server("--data", str(tmp_path / "source")).start()
    destination = serving.Server("--data", str(tmp_path / "destination")).start()
    servers = [source, destination]
    copier = None
    writers = []
    try:
        client_of(source).create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        fill(source, tmp_path)
        writers = [Writer(source, random.Random(SEED + number)) for number in range(2)]
        for writer in writers:
            writer.start()
        copier = Copier(source, destination)

        life = Life(destination)
        life.wait()
        victims = ["copier"] * COPIER_KILLS
        victims += chance.choices(["source", "destination"], k=KILLS - COPIER_KILLS)
        chance.shuffle(victims)
        for victim in victims:
            time.sleep(chance.uniform(0.1, 1.0))
            if victim == "copier":
                life.look()
                copier.kill()
                copier.start()
                life.wait(copier.see_to_it)
            else:
                server = source if victim == "source" else destination
                server.kill()
                server.start()
            copier.see_to_it()
        for writer in writers:
            writer.is_over.set()
            writer.join()
        copier.process.terminate()
        code = copier.end()
        # 1: it was still reading the table; or it had ended by itself and just begun again.
        assert code in (0, 1, -signal.SIGTERM), (code, copier.said)

        last = program(*copier.arguments[1:], "--once", "--verify", "--json")
        assert last.returncode == 0, (SEED, last.stdout[-3000:], last.stderr[-3000:])
        compared, = (line for line in map(json.loads, last.stdout.splitlines()) if line["event"] == "compared")
        assert compared["sourceItems"] == compared["destinationItems"], (SEED, compared)
        written = sum(writer.written for writer in writers)
        print(f"{compared['sourceItems']} items, {written} writes meanwhile, {victims}", file=sys.stderr)
        assert written > 0

        # And by somebody else's eyes.
        lines = []
        for server in servers:
            exported = program("export", TABLE, "--database", server.endpoint, "--segments", "1")
            assert exported.returncode == 0, exported.stderr
            lines.append(sorted(exported.stdout.splitlines()))
        assert lines[0] == lines[1], f"seed {SEED}"
    finally:
        for writer in writers:
            writer.is_over.set()
        if copier and copier.process.poll() is None:
            copier.kill()
        for server in servers:
            server.kill()
