"""What a stream adds to a write, how fast streams are read, in the process and over HTTP; and reads beside a sweep."""

import json
import os
import subprocess

import messages
from rows.servers import KEY_VARIABLES, built, ours, say, why_it_failed

PROGRAMS = ["bench/streams/dynakeep_stream_bench"]
IN_MEMORY = "streams, in process, in memory"
ON_DISK = "streams, in process, on disk"
OVER_HTTP = "streams, over HTTP"
WRITES_OVER_HTTP = "streams, writes over HTTP"
PAGES_OVER_HTTP = "streams, pages over HTTP"
SPECIFICATION = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
# By turns, so that whatever else the machine does meets both.
ROUNDS = 4


def run(report, options, name, connection, *what):
    if not report.wants(name):
        return
    say(name)
    done = subprocess.run([built(*PROGRAMS), connection, str(options.seconds), *what],
                          env={**os.environ, **KEY_VARIABLES}, capture_output=True, text=True)
    report.figures[name] = {"refused": why_it_failed(done)} if done.returncode != 0 else json.loads(done.stdout)


def measure_writes(report, options):
    """The server's CPU for each put and update, while the table has a stream and while it has none."""
    with ours(WRITES_OVER_HTTP, None) as server:
        server.fill(options.items)
        cpu = {}
        for _ in range(ROUNDS):
            for specification in ({"StreamEnabled": False}, SPECIFICATION):
                if specification["StreamEnabled"] or cpu:
                    server.call("UpdateTable", {"TableName": "Songs", "StreamSpecification": specification})
                for workload in ("put", "update"):
                    name = f"{workload} with a stream" if specification["StreamEnabled"] else workload
                    seen = server.load(workload, 16, options.seconds / ROUNDS, options.items)
                    cpu.setdefault(name, []).append(seen["cpu_us"])
    figures = {f"{name}, CPU us": sum(rounds) / ROUNDS for name, rounds in cpu.items()}
    for workload in ("put", "update"):
        figures[f"{workload} with a stream / without"] = (
            figures[f"{workload} with a stream, CPU us"] / figures[f"{workload}, CPU us"])
    report.figures[WRITES_OVER_HTTP] = figures


def measure_pages(report, options, scratch):
    """Whole pages of GetRecords, as bytes of their answers."""
    with ours(PAGES_OVER_HTTP, None) as server:
        server.fill(options.items)
        arn = server.call("UpdateTable", {"TableName": "Songs", "StreamSpecification": SPECIFICATION})[
            "TableDescription"]["LatestStreamArn"]
        server.load("put", 16, options.seconds, options.items)
        shard = server.call("DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"][0]["ShardId"]
        at = server.call("GetShardIterator", {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"})[
            "ShardIterator"]
        asked, size, records = [], 0, 0
        while len(asked) < 20:
            page = server.call("GetRecords", {"ShardIterator": at})
            asked.append(messages.protocol("GetRecords", {"ShardIterator": at}))
            size += len(json.dumps(page, separators=(",", ":")))
            records += len(page["Records"])
            at = page["NextShardIterator"]
        file = messages.write(scratch / "messages", asked)
        seen = server.send(file, 1, options.seconds)
    if "per_second" not in seen:
        report.figures[PAGES_OVER_HTTP] = {"refused": seen["refused"]}
        return
    pages = seen["per_second"] / len(asked)
    report.figures[PAGES_OVER_HTTP] = {"MB/s": pages * size / 1e6, "records/s": pages * records,
                                       "CPU us/record": seen["cpu_us"] * len(asked) / records}


def measure(report, options, scratch):
    run(report, options, IN_MEMORY, "memory:")
    run(report, options, ON_DISK, f"embedded:{scratch / 'streams'}", "writes", "reading", "sweep")
    if report.wants(OVER_HTTP):
        with ours(OVER_HTTP, None) as server:
            run(report, options, OVER_HTTP, f"http://127.0.0.1:{server.port}")
    if report.wants(WRITES_OVER_HTTP):
        measure_writes(report, options)
    if report.wants(PAGES_OVER_HTTP):
        measure_pages(report, options, scratch)


TARGETS = [
    # the figures of, the figure, its name in the table, the target
    (place, f"{write} with a stream / without", f"{write} with a stream / without, CPU, {where}", "at most 1.6")
    for place, where in ((IN_MEMORY, "in memory"), (ON_DISK, "on disk"), (WRITES_OVER_HTTP, "over HTTP"))
    for write in ("put", "update")
] + [
    (IN_MEMORY, "GetRecords, 450 bytes, records/s", "GetRecords in process, records/s of 2 x 450 bytes",
     "at least 200,000"),
    (IN_MEMORY, "GetRecords, small, records/s", "GetRecords in process, small records/s", "at least 200,000"),
    (PAGES_OVER_HTTP, "MB/s", "GetRecords over HTTP, MB/s", "at least 60"),
    (IN_MEMORY, "consumer with checkpoints in a file, small, records/s", "a consumer in process, small records/s",
     "at least 100,000"),
    (OVER_HTTP, "consumer with checkpoints in a file, small, records/s", "a consumer over HTTP, small records/s",
     "at least 20,000"),
    *((place, f"delivery by {how}, {p} ms", f"from answer to delivery by {how}, {where}, {p}, ms",
       f"below {limit}" if how.startswith("push") and p == "p99" else "")
      for place, where, limit in ((IN_MEMORY, "in process", 5), (OVER_HTTP, "over HTTP", 25))
      for how in ("push, to a consumer", "push, to a loop of GetRecords", "polling, to a consumer")
      for p in ("p50", "p99")),
    *((IN_MEMORY, f"idle consumer of 64 shards by {how}, % of a processor",
       f"an idle consumer of 64 shards by {how}, % of a processor", f"below {limit}")
      for how, limit in (("push", 1), ("polling", 3))),
    *((place, "get while sweeping / without, p99", f"p99 of a get beside a sweep / without, {where}", "at most 2")
      for place, where in ((IN_MEMORY, "in memory"), (ON_DISK, "on disk"))),
    *((place, "sweep of 1,000,000 items, s", f"sweep of 1,000,000 items beside reads, {where}, s", "")
      for place, where in ((IN_MEMORY, "in memory"), (ON_DISK, "on disk"))),
]


def targets(report):
    rows = []
    for place, figure, name, target in TARGETS:
        value = report.figures.get(place, {}).get(figure)
        if value is not None:
            rows.append((name, f"{value:,.0f}" if value >= 1000 else f"{value:.2f}", target))
    return rows
