"""The event store in process and over HTTP, beside castore's packages on the same server."""

import json
import os
import shutil
import subprocess

from rows.servers import KEY_VARIABLES, ROOT, built, ours, say, why_it_failed

PROGRAMS = ["bench/event_store/dynakeep_event_bench"]
# What one thread does in a second: events pushed, aggregates of so many events loaded.
COLUMNS = ["push", "load 10", "load 100", "load 1000"]
IN_PROCESS = "event store, in process"
OVER_HTTP = "event store, over HTTP"
OF_CASTORE = "event store, castore's packages over HTTP"


def measure(report, options, scratch):
    castore_installed = (ROOT / "tests/interop/castore/node_modules/@castore/core").exists()
    names = [IN_PROCESS, OVER_HTTP, OF_CASTORE]
    if not any(map(report.wants, names)):
        return
    with ours("event store", None) as server:
        endpoint = f"http://127.0.0.1:{server.port}"
        ours_program = built(*PROGRAMS)
        commands = [[ours_program, "memory:"], [ours_program, endpoint],
                    ["node", str(ROOT / "bench/event_store/castore.mjs"), endpoint]]
        for name, command in zip(names, commands):
            if not report.wants(name):
                continue
            if name == OF_CASTORE and not (castore_installed and shutil.which("node")):
                report.add_rates(COLUMNS, name, {"refused": "not installed; ./dev bench does it"})
                continue
            say(name)
            done = subprocess.run([*command, str(options.seconds)], env={**os.environ, **KEY_VARIABLES},
                                  capture_output=True, text=True)
            if done.returncode != 0:
                report.add_rates(COLUMNS, name, {"refused": why_it_failed(done)})
            else:
                report.add_rates(COLUMNS, name, json.loads(done.stdout))


def targets(report):
    rows = []
    in_process, over_http, castore = (report.figures.get(name, {}) for name in
                                      (IN_PROCESS, OVER_HTTP, OF_CASTORE))
    for figures, where, target in ((in_process, "in process", 20), (over_http, "over HTTP", 5)):
        for column in COLUMNS:
            if column in figures and column in castore:
                rows.append((f"event store's {column} {where} / castore's", f"{figures[column] / castore[column]:.1f}",
                             f"at least {target}"))
    for events in (10, 100, 1000):
        if f"load {events} / query" in in_process:
            rows.append((f"load of {events} events / the Query alone", f"{in_process[f'load {events} / query']:.2f}",
                         "at most 1.5"))
    if "load 10000 with a snapshot / load 10" in in_process:
        rows.append(("load of 10,000 events with a snapshot / of 10",
                     f"{in_process['load 10000 with a snapshot / load 10']:.2f}", "at most 3"))
    return rows
