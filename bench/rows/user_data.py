"""Turns of a user in process and over HTTP, beside those of Jovo's framework on the same server."""

import json
import os
import shutil
import subprocess

from rows.servers import KEY_VARIABLES, ROOT, built, ours, say, why_it_failed

PROGRAMS = ["bench/user_data/dynakeep_user_bench"]
# What one thread does in a second; a turn is a load, a change and a save.
COLUMNS = ["load", "turn", "unchanged turn", "get and put"]
IN_PROCESS = "user data, in process"
OVER_HTTP = "user data, over HTTP"
OF_JOVO = "user data, Jovo's framework over HTTP"


def measure(report, options, scratch):
    installed = (ROOT / "tests/interop/jovo/node_modules/@jovotech/framework").exists()
    names = [IN_PROCESS, OVER_HTTP, OF_JOVO]
    if not any(map(report.wants, names)):
        return
    with ours("user data", None) as server:
        endpoint = f"http://127.0.0.1:{server.port}"
        ours_program = built(*PROGRAMS)
        commands = [[ours_program, "memory:"], [ours_program, endpoint],
                    ["node", str(ROOT / "bench/user_data/jovo.mjs"), endpoint]]
        for name, command in zip(names, commands):
            if not report.wants(name):
                continue
            if name == OF_JOVO and not (installed and shutil.which("node")):
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
    in_process, over_http, jovo = (report.figures.get(name, {}) for name in
                                   (IN_PROCESS, OVER_HTTP, OF_JOVO))
    rows = []
    for figures, where, target in ((in_process, "in process", 3), (over_http, "over HTTP", 2)):
        if "writes" in figures:
            rows.append((f"writes of unchanged users {where}", f"{figures['writes']:.0f}", "0"))
            rows.append((f"turn {where} / its GetItem and PutItem alone", f"{figures['turn / get and put']:.2f}",
                         f"at most {target}"))
        if "turn" in figures and "turn" in jovo:
            rows.append((f"turns {where} / those of Jovo's framework", f"{figures['turn'] / jovo['turn']:.1f}",
                         "at least 5"))
    return rows
