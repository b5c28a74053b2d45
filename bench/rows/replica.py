"""A replica in memory: how long it takes to be complete, and how late changes come to it."""

import json
import os
import subprocess

from rows.servers import KEY_VARIABLES, built, ours, say, why_it_failed

PROGRAMS = ["bench/replica/dynakeep_replica_bench"]
COLUMNS = ("bootstrap s", "bootstrap CPU s", "change p50 ms", "change p99 ms")
ITEMS = 1_000_000
IN_PROCESS = f"replica of {ITEMS:,} items, in process"
OVER_HTTP = "replica of 10,000 items, over HTTP"


def measure(report, options, scratch):
    if not any(map(report.wants, [IN_PROCESS, OVER_HTTP])):
        return
    program = built(*PROGRAMS)
    with ours("replica", None) as server:
        rows = [(IN_PROCESS, ["memory:", str(ITEMS), "10000"]),
                (OVER_HTTP, [f"http://127.0.0.1:{server.port}", "10000", "10000"])]
        for name, arguments in rows:
            if not report.wants(name):
                continue
            say(name)
            done = subprocess.run([program, *arguments], env={**os.environ, **KEY_VARIABLES},
                                  capture_output=True, text=True)
            if done.returncode != 0:
                report.add_row(COLUMNS, name, None, why_it_failed(done))
                continue
            figures = report.figures[name] = json.loads(done.stdout)
            report.add_row(COLUMNS, name, [f"{figures[column]:.2f}" for column in COLUMNS])


def targets(report):
    rows = []
    for name, column, most in ((IN_PROCESS, "bootstrap s", 20), (IN_PROCESS, "change p99 ms", 5),
                               (OVER_HTTP, "change p99 ms", 25)):
        if column in report.figures.get(name, {}):
            rows.append((f"{name}: {column}", f"{report.figures[name][column]:.2f}", f"below {most}"))
    return rows
