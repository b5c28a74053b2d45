"""Turns of a user in process and over HTTP, beside those of Jovo's framework on the same server."""

from rows import beside_npm

PROGRAMS = ["bench/user_data/dynakeep_user_bench"]
# What one thread does in a second; a turn is a load, a change and a save.
COLUMNS = ["load", "turn", "unchanged turn", "get and put"]
IN_PROCESS = "user data, in process"
OVER_HTTP = "user data, over HTTP"
OF_JOVO = "user data, Jovo's framework over HTTP"


def measure(report, options, scratch):
    beside_npm.measure(report, options, "user data", *PROGRAMS, "user_data/jovo.mjs",
                       "jovo/node_modules/@jovotech/framework", [IN_PROCESS, OVER_HTTP, OF_JOVO], COLUMNS)


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
