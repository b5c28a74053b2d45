"""Tables with streams, and a program that goes on until it is told to stop."""

import contextlib
import itertools
import json
import os
import queue
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from conftest import PATIENCE_SECONDS, environment_of

names = itertools.count(1)


def make_table(database, view="NEW_AND_OLD_IMAGES"):
    """Gives its name; without a view it has no stream."""
    name = f"Songs{next(names)}-{os.getpid()}"
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}
    database.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "artist", "AttributeType": "S"},
                              {"AttributeName": "title", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "artist", "KeyType": "HASH"}, {"AttributeName": "title", "KeyType": "RANGE"}],
        **stream)
    return name


def put(database, table, title, artist="Nina", **attributes):
    item = {"artist": {"S": artist}, "title": {"S": title}}
    for name, value in attributes.items():
        item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    database.put_item(TableName=table, Item=item)


def delete(database, table, title, artist="Nina"):
    database.delete_item(TableName=table, Key={"artist": {"S": artist}, "title": {"S": title}})


def arn_of(database, table):
    return database.describe_table(TableName=table)["Table"]["LatestStreamArn"]


def tell(server, operation, **body):
    """An operation of EngineAdmin, signed well enough where any signature is; gives (status, answer)."""
    request = urllib.request.Request(server.endpoint, json.dumps(body).encode(), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"EngineAdmin_1.{operation}",
        "X-Amz-Date": "20261121T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/dynamodb/aws4_request, "
                         "SignedHeaders=host;x-amz-date, Signature=0"})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def must(done):
    code, out, err = done
    assert code == 0, err
    return out


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


class Running:
    """The program while it runs; lines() waits for what it prints."""

    def __init__(self, server, *arguments, cwd=None, **more):
        self.process = subprocess.Popen([os.environ["DYNAKEEP_PROGRAM"], *arguments], text=True, cwd=cwd,
                                        env=environment_of(server, **more), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.printed = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.printed.put(line.rstrip("\n"))

    def line(self, patience=PATIENCE_SECONDS):
        return self.printed.get(timeout=patience)

    def end(self, by=signal.SIGINT):
        """Gives (exit code, what was printed and not taken, stderr)."""
        if by is not None:
            self.process.send_signal(by)
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.reader.join()
        rest = []
        with contextlib.suppress(queue.Empty):
            while True:
                rest.append(self.printed.get_nowait())
        return self.process.returncode, rest, self.process.stderr.read()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


@contextlib.contextmanager
def running(server, *arguments, **more):
    program = Running(server, *arguments, **more)
    try:
        yield program
    finally:
        program.close()
