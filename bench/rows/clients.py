"""What a call costs the one who makes it: the client of a remote database beside the AWS SDKs."""

import json
import os
import shutil
import subprocess

from rows.servers import BUILD, ITEM, KEY, ROOT, Server, built, free_port, make_tables, ours, say, why_it_failed

PROGRAMS = ["bench/remote/dynakeep_remote_client", "bench/canned/dynakeep_canned"]
COLUMNS = ("client's CPU µs/call", "calls", "p50 µs", "p99 µs")


def canned():
    port = free_port()
    return Server("canned answers", [built("bench/canned/dynakeep_canned"), "--port", str(port),
                                     "--item", str(ITEM)], port)


def clients():
    """The command of each client, or why it cannot be asked."""
    found = {"Dynakeep": [str(BUILD / "bench/remote/dynakeep_remote_client")]}
    if not shutil.which("node"):
        found["AWS SDK for JavaScript"] = "no node here; scripts/install_packages test installs it"
    elif not (ROOT / "tests/sdk/node_modules/@aws-sdk/client-dynamodb").exists():
        found["AWS SDK for JavaScript"] = "not installed; ./dev bench does it"
    else:
        found["AWS SDK for JavaScript"] = ["node", str(ROOT / "bench/remote/client.mjs")]
    if subprocess.run(["/usr/bin/python3", "-c", "import boto3"], stderr=subprocess.DEVNULL).returncode != 0:
        found["boto3"] = "not installed; scripts/install_packages test does it"
    else:
        found["boto3"] = ["/usr/bin/python3", "-B", str(ROOT / "bench/remote/client.py")]
    return found


CLIENT_SERVERS = {"canned answers": canned, "our server, in memory": lambda: ours("our server, in memory", None)}

# How the calls are made: how many at once, and on which processors client and server run. To wake another processor
# can cost more than all the rest of a call, and the system would choose now this way and now that.
PROCESSORS = sorted(map(str, os.sched_getaffinity(0)), key=int)
ALL_PROCESSORS = ",".join(PROCESSORS)
CLIENT_WAYS = {
    "": (1, PROCESSORS[0], PROCESSORS[0]),
    ", on two processors": (1, PROCESSORS[0], PROCESSORS[-1]),
    ", 16 at once": (16, ALL_PROCESSORS, ALL_PROCESSORS),
}


def add(report, name, seen):
    report.figures[name] = seen
    cells = None
    if "refused" not in seen:
        cells = (f"{seen['cpu_us']:.1f}", f"{seen['calls']:,}", str(seen["p50_us"]), str(seen["p99_us"]))
    report.add_row(COLUMNS, name, cells, seen.get("refused", ""))


def client_row(server, client, operation, way):
    return f"client: {client} on {server}: {operation}{way}"


def run_on(processors, pid):
    subprocess.run(["taskset", "--all-tasks", "--pid", "--cpu-list", processors, str(pid)], check=True,
                   stdout=subprocess.DEVNULL)


def measure(report, options, scratch):
    commands = clients()
    for server_name, start in CLIENT_SERVERS.items():
        pairs = [("send and recv alone", "get")]
        pairs += [(client, operation) for client in commands for operation in ("get", "put")]
        asked = [(*pair, way) for way in CLIENT_WAYS for pair in pairs]
        asked = [row for row in asked if report.wants(client_row(server_name, *row))]
        if not asked:
            continue
        built("bench/remote/dynakeep_remote_client")
        with start() as server:
            if server_name != "canned answers":
                make_tables(server)
                item = json.loads(ITEM.read_text())
                for number in range(1000):
                    item["name"] = {"S": f"song-{number:010}"}
                    server.call("PutItem", {"TableName": "Songs", "Item": item})
            for client, operation, way in asked:
                row = client_row(server_name, client, operation, way)
                connections, client_processors, server_processors = CLIENT_WAYS[way]
                bare = client not in commands
                command = commands["Dynakeep" if bare else client]
                if isinstance(command, str):
                    add(report, row, {"refused": command})
                    continue
                say(row)
                run_on(server_processors, server.process.pid)
                done = subprocess.run(
                    ["taskset", "--cpu-list", client_processors, *command,
                     "--endpoint", f"http://127.0.0.1:{server.port}", "--operation", "bare" if bare else operation,
                     "--item", str(ITEM), "--seconds", str(options.seconds), "--connections", str(connections),
                     "--items", "1000", "--key", KEY["access_key_id"], "--secret", KEY["secret_access_key"]],
                    capture_output=True, text=True)
                if done.returncode != 0:
                    add(report, row, {"refused": why_it_failed(done)})
                else:
                    add(report, row, json.loads(done.stdout))


def targets(report):
    rows = []
    for server in CLIENT_SERVERS:
        for way in CLIENT_WAYS:
            for operation, name in (("get", "GetItem"), ("put", "PutItem")):
                ours_us = report.cpu(client_row(server, "Dynakeep", operation, way))
                if ours_us is None:
                    continue
                what = f"client's {name} on {server}{way}"
                rows.append((f"{what}, µs", f"{ours_us:.1f}", "at most 25"))
                theirs = [report.cpu(client_row(server, other, operation, way))
                          for other in ("AWS SDK for JavaScript", "boto3")]
                if all(theirs):
                    rows.append((f"{what} / the cheaper SDK's", f"{ours_us / min(theirs):.3f}", "at most 0.25"))
    return rows
