"""A store in process and over HTTP, beside the npm package it is compatible with on the same server."""

import json
import os
import shutil
import subprocess

from rows.servers import KEY_VARIABLES, ROOT, built, ours, say, why_it_failed


def measure(report, options, what, program, script, package, names, columns):
    """`program` and `script` take a connection and seconds, and print figures as JSON; `names` are the rows: in
    process, over HTTP, the package's. `package` is its folder below tests/interop."""
    if not any(map(report.wants, names)):
        return
    is_installed = (ROOT / "tests/interop" / package).exists() and shutil.which("node")
    with ours(what, None) as server:
        endpoint = f"http://127.0.0.1:{server.port}"
        program = built(program)
        commands = [[program, "memory:"], [program, endpoint], ["node", str(ROOT / "bench" / script), endpoint]]
        for name, command in zip(names, commands):
            if not report.wants(name):
                continue
            if name == names[-1] and not is_installed:
                report.add_rates(columns, name, {"refused": "not installed; ./dev bench does it"})
                continue
            say(name)
            done = subprocess.run([*command, str(options.seconds)], env={**os.environ, **KEY_VARIABLES},
                                  capture_output=True, text=True)
            report.add_rates(columns, name, {"refused": why_it_failed(done)} if done.returncode != 0
                             else json.loads(done.stdout))
