"""Tables into files and back, in the process and on disk: every format, packed and not."""

import json
import subprocess

from rows.servers import built, say, why_it_failed

PROGRAMS = ["bench/transfer/transfer_bench"]
COLUMNS = ("items/s", "MB/s of text", "MB at most")
NAME = "tables and files"
ITEMS = 250_000


def measure(report, options, scratch):
    if not report.wants(NAME):
        return
    say(NAME)
    done = subprocess.run([built(*PROGRAMS), str(ITEMS)], capture_output=True, text=True)
    if done.returncode != 0:
        report.add_row(COLUMNS, NAME, None, why_it_failed(done))
        return
    for seen in map(json.loads, done.stdout.splitlines()):
        name = f"{NAME}: {seen['name']}"
        report.figures[name] = seen
        report.add_row(COLUMNS, name, [f"{seen['items']:,.0f}", f"{seen['megabytes']:.1f}", str(seen["peak"])])


def targets(report):
    lines = "DynamoDB JSON"
    rows = []
    exported = report.figures.get(f"{NAME}: export, {lines}")
    imported = report.figures.get(f"{NAME}: import, {lines}")
    if exported and imported:
        rows.append(("export of DynamoDB JSON, MB/s", f"{exported['megabytes']:.0f}", "at least 100"))
        rows.append(("import of DynamoDB JSON, items/s", f"{imported['items']:,.0f}", "at least 60,000"))
    return rows
