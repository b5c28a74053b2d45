"""The event store in process and over HTTP, beside castore's packages on the same server."""

from rows import beside_npm

PROGRAMS = ["bench/event_store/dynakeep_event_bench"]
# What one thread does in a second: events pushed, aggregates of so many events loaded.
COLUMNS = ["push", "load 10", "load 100", "load 1000"]
IN_PROCESS = "event store, in process"
OVER_HTTP = "event store, over HTTP"
OF_CASTORE = "event store, castore's packages over HTTP"


def measure(report, options, scratch):
    beside_npm.measure(report, options, "event store", *PROGRAMS, "event_store/castore.mjs",
                       "castore/node_modules/@castore/core", [IN_PROCESS, OVER_HTTP, OF_CASTORE], COLUMNS)


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
