"""What a program pays for a remote database: its size, and the time to build what it needs from nothing."""

import os
import subprocess
import time

from rows.servers import BUILD, ROOT, BenchError, say

PROGRAMS = []


def measure(report, options, scratch):
    if not options.footprint:
        return
    say("footprint: building")
    layers = scratch / "layers"
    environment = {**os.environ, "CCACHE_DISABLE": "1"}

    def run(*command, **settings):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **settings)
        if done.returncode != 0:
            raise BenchError(f"footprint: '{command[0]} {command[1]}' failed: {done.stdout[-300:]}{done.stderr[-300:]}")
        return done.stdout

    run("cmake", "-S", ROOT, "-B", layers, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG", "-DDYNAKEEP_TESTS=OFF")
    started, used = time.monotonic(), sum(os.times()[2:4])
    run("cmake", "--build", layers, "--target", "dynakeep_remote", "--parallel", "2", env=environment)
    report.figures["clean build of the remote body, s"] = time.monotonic() - started
    # Holds on a busy machine, too.
    report.figures["clean build of the remote body, CPU s"] = sum(os.times()[2:4]) - used

    prefix = scratch / "prefix"
    run("cmake", "--install", BUILD, "--prefix", prefix)
    found, = prefix.rglob("dynakeep.pc")
    flags = run("pkg-config", "--cflags", "--libs", "dynakeep",
                env={**os.environ, "PKG_CONFIG_PATH": str(found.parent)}).split()
    for name, more in (("with --gc-sections", ["-Wl,--gc-sections"]), ("without --gc-sections", [])):
        program = scratch / "program"
        run("c++", "-std=c++20", "-O2", "-Wl,--as-needed", *more, ROOT / "bench/footprint/program.cpp", *flags,
            "-o", program)
        run("strip", program)
        report.figures[f"stripped program {name}, MB"] = program.stat().st_size / 1e6


def targets(report):
    rows = []
    build = report.figures.get("clean build of the remote body, s")
    if build:
        rows.append(("clean build of the remote body with 2 jobs, s", f"{build:.0f}", "at most 180"))
        used = report.figures["clean build of the remote body, CPU s"]
        rows.append(("processor time of that build, s", f"{used:.0f}", ""))
    for name in ("with --gc-sections", "without --gc-sections"):
        size = report.figures.get(f"stripped program {name}, MB")
        if size:
            rows.append((f"stripped program with the remote body, {name}, MB", f"{size:.2f}", "at most 4"))
    return rows
