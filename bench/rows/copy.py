"""A table from one server to another, both on this machine and on disk: `dynakeep copy`, and its comparison."""

import json
import os
import time

from rows.servers import KEY_VARIABLES, BenchError, built, cpu_seconds, ours, say

PROGRAMS = ["apps/dynakeep/dynakeep"]
COLUMNS = ("items/s", "CPU us/item", "of it the copier's", "MB at most")
ITEMS = 1_000_000
COPY = f"copy of {ITEMS:,} items of 400 bytes between two servers"
VERIFY = f"comparison of {ITEMS:,} items of 400 bytes of two servers"
TABLE = "Songs"


def run(*arguments):
    """Gives (seconds, CPU seconds, most memory in MB, what it said) of the program."""
    reading, writing = os.pipe()
    started = time.monotonic()
    process = os.posix_spawn(built(*PROGRAMS), ["dynakeep", *arguments], {**os.environ, **KEY_VARIABLES},
                             file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)])
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status, used = os.wait4(process, 0)
    if status != 0:
        raise BenchError(f"dynakeep {arguments[0]} failed: {said[-300:]}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, said


def measure(report, options, scratch):
    if not report.wants(COPY) and not report.wants(VERIFY):
        return
    file = scratch / "items.jsonl"
    with file.open("w") as out:
        for number in range(ITEMS):
            out.write(json.dumps({"id": f"song-{number}", "plays": number, "text": "x" * 360}) + "\n")
    with ours("copy: source", scratch / "source") as source, \
            ours("copy: destination", scratch / "destination") as destination:
        ends = [f"http://127.0.0.1:{server.port}" for server in (source, destination)]
        say("copy: filling")
        run("import", TABLE, str(file), "--database", ends[0], "--create", "--partition-key", "id:S", "--json")
        file.unlink()
        for name, flags in ((COPY, []), (VERIFY, ["--verify-only"])):
            source.rest()
            destination.rest()
            say(name)
            before = sum(cpu_seconds(server.process.pid) for server in (source, destination))
            seconds, own, memory, said = run("copy", *ends, "--tables", TABLE, "--json", *flags)
            servers = sum(cpu_seconds(server.process.pid) for server in (source, destination)) - before
            seen = json.loads(said.splitlines()[-1])
            assert seen.get("items", seen.get("sourceItems")) == ITEMS, said
            report.figures[name] = {"items": ITEMS / seconds, "cpu_us": (own + servers) * 1e6 / ITEMS,
                                    "own_us": own * 1e6 / ITEMS, "peak": memory}
            report.add_row(COLUMNS, name, [f"{ITEMS / seconds:,.0f}", f"{(own + servers) * 1e6 / ITEMS:.1f}",
                                           f"{own * 1e6 / ITEMS:.1f}", f"{memory:.0f}"])


def targets(report):
    if COPY not in report.figures:
        return []
    return [("copy between two servers, items/s", f"{report.figures[COPY]['items']:,.0f}", "at least 40,000")]
