"""Dismissals over HTTP, without and with tokens; beside them, what they ask the database for, over its protocol."""

import itertools

import messages
from rows.servers import ROOT, BenchError, module_at, ours, say

PROGRAMS = []
asking = module_at(ROOT / "bench/dismissals/dismissal_requests.py")

HIT, MISS, DISMISS, BATCH_HIT, BATCH_MISS = ("get or create, there", "get or create, new", "dismiss",
                                             "batch of 50, there", "batch of 50, new")
HIT_BY_TOKEN, BATCH_BY_TOKEN = f"{HIT}, with a token", f"{BATCH_HIT}, with a token"
SYNCED_MISS, SYNCED_BATCH_MISS = f"{MISS}, synced", f"{BATCH_MISS}, synced"
GET_ITEM, BATCH_GET_ITEM, PUT_ITEM, UPDATE_ITEM = (f"the store's {operation}, over the protocol" for operation in (
    "GetItem", "BatchGetItem of 50", "PutItem", "UpdateItem"))


def row_of(what, connections=16):
    return f"dismissals: {what}" + ("" if connections == 16 else f", {connections} connections")


def measure(report, options, scratch):
    many = int(options.seconds * 60_000)  # more than can be done
    there, dismissed, new = range(1000), range(1000, 1000 + many), itertools.count(10_000_000)

    def fresh(count):
        return list(itertools.islice(new, count))

    def load(server, what, requests, connections=16, once=False):
        row = row_of(what, connections)
        if report.wants(row):
            say(row)
            asked = messages.write(scratch / "messages", requests())
            report.add(row, server.send(asked, connections, options.seconds, once))

    def fill(server, ids, token=None):
        seen = server.send(messages.write(scratch / "messages", asking.batches(ids, (len(ids) + 49) // 50, token)),
                           seconds=600, once=True)
        if "refused" in seen:
            raise BenchError(f"dismissals: filling: {seen['refused']}")

    plain = [HIT, MISS, DISMISS, BATCH_HIT, BATCH_MISS, GET_ITEM, BATCH_GET_ITEM, PUT_ITEM, UPDATE_ITEM]
    loads = [(what, 16) for what in plain] + [(HIT, 1), (HIT, 64)]
    if any(report.wants(row_of(*load)) for load in loads):
        with ours("dismissals", None, "--dismissals") as server:
            fill(server, there)
            for connections in (16, 1, 64):
                load(server, HIT, lambda: asking.gets(there, 20_000), connections)
            load(server, GET_ITEM, lambda: asking.get_items(there, 20_000))
            load(server, BATCH_HIT, lambda: asking.batches(there, 20_000))
            load(server, BATCH_GET_ITEM, lambda: asking.batch_get_items(there, 20_000))
            load(server, MISS, lambda: asking.gets(fresh(many), many), once=True)
            load(server, PUT_ITEM, lambda: asking.puts(fresh(many)), once=True)
            load(server, BATCH_MISS, lambda: asking.batches(fresh(many), many // 50), once=True)
            if report.wants(row_of(DISMISS)) or report.wants(row_of(UPDATE_ITEM)):
                fill(server, dismissed)
                load(server, DISMISS, lambda: asking.dismissals(dismissed), once=True)
                load(server, UPDATE_ITEM, lambda: asking.updates(dismissed), once=True)
    if any(report.wants(row_of(what)) for what in (HIT_BY_TOKEN, BATCH_BY_TOKEN)):
        with asking.Provider(scratch) as provider:
            token = provider.token()
            variables = {"DISMISSIBLE_JWT_AUTH_ENABLED": "true", "DISMISSIBLE_JWT_AUTH_WELL_KNOWN_URL": provider.url}
            with ours("dismissals, with tokens", None, "--dismissals", variables=variables) as server:
                fill(server, there, token)
                load(server, HIT_BY_TOKEN, lambda: asking.gets(there, 20_000, token))
                load(server, BATCH_BY_TOKEN, lambda: asking.batches(there, 20_000, token))
    if any(report.wants(row_of(what)) for what in (SYNCED_MISS, SYNCED_BATCH_MISS)):
        with ours("dismissals, synced", scratch / "dismissals", "--dismissals") as server:
            load(server, SYNCED_MISS, lambda: asking.gets(fresh(many), many), once=True)
            load(server, SYNCED_BATCH_MISS, lambda: asking.batches(fresh(many), many // 50), once=True)


def targets(report):
    rows = []

    def ratio(what, value, base, target):
        value, base = (report.cpu(row_of(row)) for row in (value, base))
        if value and base:
            rows.append((what, f"{value / base:.2f}", target))

    ratio("dismissals' hit / GetItem over the protocol", HIT, GET_ITEM, "at most 2")
    ratio("batch of 50 / BatchGetItem of 50 over the protocol", BATCH_HIT, BATCH_GET_ITEM, "at most 5")
    ratio("dismissals' miss / PutItem over the protocol", MISS, PUT_ITEM, "")
    ratio("dismiss / UpdateItem over the protocol", DISMISS, UPDATE_ITEM, "")
    by_token, without = (report.cpu(row_of(row)) for row in (HIT_BY_TOKEN, HIT))
    if by_token and without:
        rows.append(("a token of RS256 verified, µs more", f"{by_token - without:.1f}", "at most 60"))
    return rows
