"""The interop scenarios: whatever one language does to the tables, the other sees as its own."""

import itertools
import json
from random import Random

import pytest
from conftest import by_value

JAVASCRIPT, CPP = "javascript", "cpp"
# Who does it first, who second. Castore with itself shows that it is at home on our server.
BOTH_WAYS = [(JAVASCRIPT, CPP), (CPP, JAVASCRIPT)]
PAIRS = [(JAVASCRIPT, "javascript-too"), *BOTH_WAYS]
FORMATS = ["single", "legacy"]
ROUNDS = 100

pairs = pytest.mark.parametrize(("first", "second"), PAIRS)
both_ways = pytest.mark.parametrize(("first", "second"), BOTH_WAYS)
formats = pytest.mark.parametrize("form", FORMATS)


def order(aggregate_id, version, **members):
    kind = "ORDER_PLACED" if version == 1 else "ORDER_PAID"
    return {"aggregateId": aggregate_id, "version": version, "type": kind, **members}


def push(party, store, event, **members):
    return party.call("pushEvent", store=store, event=event, **members)["event"]


def versions(events):
    return [event["version"] for event in events]


def assert_exists_already(error, store, aggregate_id, version):
    assert error["code"] == "EventAlreadyExistsError"
    assert (error.get("eventStoreId"), error["aggregateId"], error["version"]) == (store, aggregate_id, version)
    assert error["message"] == f"Event already exists for {store} aggregate {aggregate_id} and version {version}"


# X1, X2
@pairs
def test_what_one_seeds_the_other_verifies(party, first, second):
    party(first).run("seed")
    party(second).run("verify")


def in_key_order(items):
    return sorted(by_value(items), key=lambda item: (item["aggregateId"]["S"], item["version"]["N"]))


# X1, X2
def test_both_seed_the_same_items(party, tables):
    def stored_by(language):
        party(language).run("seed")
        return [in_key_order(tables.items(which)) for which in ("events", "legacy")]

    by_javascript = stored_by(JAVASCRIPT)
    for which in ("events", "legacy"):
        tables.clear(which)
    assert stored_by(CPP) == by_javascript


# X3
@pairs
@formats
def test_each_sees_at_once_what_the_other_pushed(party, first, second, form):
    one, other = party(first), party(second)
    for version in range(1, 21):
        writer, reader = (one, other) if version % 2 else (other, one)
        pushed = push(writer, "ORDERS", order("shared", version, payload={"by": writer.name}), format=form)
        seen = reader.events("ORDERS", "shared", format=form)
        assert versions(seen) == list(range(1, version + 1))
        assert seen[-1] == pushed
        assert reader.events("ORDERS", "shared", format=form, options={"reverse": True}) == seen[::-1]


# X3
@pairs
@formats
def test_both_read_every_range_alike(party, first, second, form):
    for version in (3, 1, 12, 2, 5):
        push(party(first), "ORDERS", order("ranges", version), format=form)
    for low, high, reverse in itertools.product((None, 1, 2, 4, 13), (None, 1, 5, 12), (None, False, True)):
        if low is not None and high is not None and low > high:
            continue
        given = {"minVersion": low, "maxVersion": high, "reverse": reverse}
        options = {name: value for name, value in given.items() if value is not None}
        expected = [version for version in (1, 2, 3, 5, 12) if (low or 1) <= version <= (high or 12)]
        read = party(second).events("ORDERS", "ranges", format=form, options=options)
        assert versions(read) == (expected[::-1] if reverse else expected)


# X4
@pytest.mark.parametrize("racers", [[JAVASCRIPT] * 2, [JAVASCRIPT, CPP] * 2], ids="-".join)
def test_every_version_is_won_exactly_once(party, racers):
    each = 200
    started = [(party(language), party(language).start("race", "counter-1", str(each))) for language in racers]
    won = [json.loads(racer.finished(process)) for racer, process in started]
    assert [len(versions_won) for versions_won in won] == [each] * len(racers)
    assert sorted(itertools.chain(*won)) == list(range(1, each * len(racers) + 1))

    # Nobody's event was lost to another's: each version holds its winner's payload.
    stored = party(racers[0]).events("COUNTERS", "counter-1")
    winner = {version: racer.name for (racer, _), mine in zip(started, won) for version in mine}
    assert [(event["version"], event["payload"]["by"]) for event in stored] == sorted(winner.items())


# X5
@pairs
@formats
def test_a_version_that_the_other_pushed_exists_already(party, first, second, form):
    push(party(first), "ORDERS", order("taken", 1, payload="mine"), format=form)
    error = party(second).refusal("pushEvent", store="ORDERS", format=form, event=order("taken", 1, payload="yours"))
    assert_exists_already(error, "ORDERS", "taken", 1)
    assert party(second).events("ORDERS", "taken", format=form)[0]["payload"] == "mine"


def fill_listing(party, form, count=11):
    """Aggregates with timestamps in threes, so that some are equal."""
    for index in range(count):
        timestamp = f"2021-0{1 + index // 3}-01T00:00:00.000Z"
        push(party, "ORDERS", order(f"listed-{index}", 1, timestamp=timestamp), format=form)


# X6
@pairs
@formats
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bounds", [{}, {"initialEventAfter": "2021-01-01T00:00:00.000Z",
                                         "initialEventBefore": "2021-03-01T00:00:00.000Z"}], ids=["all", "bounded"])
def test_page_tokens_change_hands(party, first, second, form, reverse, bounds):
    fill_listing(party(first), form)
    unpaged = party(second).listed("ORDERS", format=form, options={"reverse": reverse, **bounds})
    assert "nextPageToken" not in unpaged
    assert len(unpaged["aggregateIds"]) == (9 if bounds else 11)

    page = party(first).listed("ORDERS", format=form, options={"limit": 2, "reverse": reverse, **bounds})
    listed = page["aggregateIds"]
    for turn in itertools.cycle((second, first)):
        if "nextPageToken" not in page:
            break
        # What the token carries is not said again.
        page = party(turn).listed("ORDERS", format=form, options={"pageToken": page["nextPageToken"]})
        assert len(page["aggregateIds"]) <= 2
        listed += page["aggregateIds"]
    assert listed == unpaged["aggregateIds"]


# X6
@both_ways
@formats
def test_both_write_the_same_page_token(party, first, second, form):
    fill_listing(party(first), form)
    options = {"limit": 4, "initialEventAfter": "2021-01-01T00:00:00.000Z",
               "initialEventBefore": "2021-12-01T00:00:00.000Z", "reverse": True}
    tokens = [json.loads(party(language).listed("ORDERS", format=form, options=options)["nextPageToken"])
              for language in (first, second)]
    assert tokens[0] == tokens[1]
    assert list(tokens[0]) == list(tokens[1]) == ["limit", "initialEventAfter", "initialEventBefore", "reverse",
                                                  "lastEvaluatedKey"]


# X6
@pairs
@formats
def test_options_given_with_a_token_come_before_its_own(party, first, second, form):
    fill_listing(party(first), form)
    page = party(first).listed("ORDERS", format=form, options={"limit": 5})
    back = party(second).listed("ORDERS", format=form,
                                options={"pageToken": page["nextPageToken"], "reverse": True, "limit": 3})
    assert back["aggregateIds"] == page["aggregateIds"][-2:-5:-1]


def group(*events):
    return [{"store": store, "event": event} for store, event in events]


# X7
@pytest.mark.requires("transactions")
@pairs
def test_a_group_and_a_single_push_of_one_of_its_events(party, tables, first, second):
    outcomes = set()
    for turn in range(ROUNDS):
        order_id, customer_id = f"order-{turn}", f"customer-{turn}"
        grouped = group(("ORDERS", order(order_id, 1, payload="group")),
                        ("CUSTOMERS", {"aggregateId": customer_id, "version": 1, "type": "CUSTOMER_CREATED"}))
        single = order(order_id, 1, payload="single")
        # In turns, so that neither is always a moment ahead.
        starts = [lambda: party(first).begin("pushEventGroup", events=grouped),
                  lambda: party(second).begin("pushEvent", store="ORDERS", event=single)]
        for start in starts if turn % 2 else starts[::-1]:
            start()
        (of_group, _), (of_single, _) = party(first).outcome(), party(second).outcome()

        stored_order = tables.item(f"ORDERS#{order_id}", 1)
        stored_customer = tables.item(f"CUSTOMERS#{customer_id}", 1)
        found = (stored_order and stored_order["payload"]["S"], stored_customer is not None)
        assert found == {("ok", "error"): ("group", True), ("error", "ok"): ("single", False),
                         ("error", "error"): (None, False)}[of_group, of_single]
        outcomes.add((of_group, of_single))
    assert outcomes >= {("ok", "error"), ("error", "ok")}  # else they did not race


def lost_to_a_group(error):
    """What a loser may say: castore names no event of a group."""
    return error.get("code") == "EventAlreadyExistsError" or "TransactionConflict" in json.dumps(error)


# X8
@pytest.mark.requires("transactions")
@both_ways
def test_groups_that_overlap_in_one_event(party, tables, first, second):
    wins = {first: 0, second: 0}
    for turn in range(ROUNDS):
        def mine(language, turn=turn):
            return group(("CUSTOMERS", {"aggregateId": f"{language}-{turn}", "version": 1, "type": "CUSTOMER_CREATED"}),
                         ("ORDERS", order(f"common-{turn}", 1, payload=language)))

        turns = [first, second] if turn % 2 else [second, first]
        for language in turns:
            party(language).begin("pushEventGroup", events=mine(language))
        ends = {language: party(language).outcome() for language in turns}

        winners = [language for language, (kind, _) in ends.items() if kind == "ok"]
        assert len(winners) <= 1
        stored = tables.item(f"ORDERS#common-{turn}", 1)
        assert (stored and stored["payload"]["S"]) == (winners[0] if winners else None)
        for language, (kind, said) in ends.items():
            own = tables.item(f"CUSTOMERS#{language}-{turn}", 1)
            assert (own is not None) == (kind == "ok")
            if kind == "ok":
                wins[language] += 1
            else:
                assert lost_to_a_group(said), said
    assert sum(wins.values()) >= ROUNDS // 2 and min(wins.values()) > 0, wins


# X9
@pairs
@formats
def test_a_forced_push_replaces_the_whole_event(party, tables, first, second, form):
    push(party(first), "ORDERS", order("forced", 1, payload={"a": 1}, metadata={"b": 2}), format=form)
    stamp = "2030-01-01T00:00:00.000Z"
    push(party(second), "ORDERS", order("forced", 1, timestamp=stamp), format=form, options={"force": True})
    assert party(first).events("ORDERS", "forced", format=form) == [order("forced", 1, timestamp=stamp)]
    assert party(first).listed("ORDERS", format=form)["aggregateIds"] == [
        {"aggregateId": "forced", "initialEventTimestamp": stamp}]
    which, partition, initial = (("events", "ORDERS#forced", {"eventStoreId": {"S": "ORDERS"}}) if form == "single" else
                                 ("legacy", "forced", {"isInitialEvent": {"N": "1"}}))
    assert tables.item(partition, 1, which) == {
        "aggregateId": {"S": partition}, "version": {"N": "1"}, "type": {"S": "ORDER_PLACED"}, "timestamp": {"S": stamp},
        **initial}


# X10
@pairs
def test_both_make_the_same_message_of_an_image(party, tables, dataset, first, second):
    party(first).run("seed")
    items = tables.items()
    assert len(items) == len(dataset["events"])
    pushed = {(entry["store"], entry["event"]["aggregateId"], entry["event"]["version"]): entry["event"]
              for entry in dataset["events"]}
    for item in items:
        message = party(first).call("parseImage", image=item)
        assert party(second).call("parseImage", image=item) == message
        event = message["event"]
        assert pushed[message["eventStoreId"], event["aggregateId"], event["version"]] == event


# X10
@pairs
def test_both_refuse_the_image_of_a_store_they_do_not_know(party, tables, first, second):
    push(party(first), "ORDERS", order("known", 1))
    (item,) = tables.items()
    image = {**item, "aggregateId": {"S": "PARCELS#p-1"}}
    for language in (first, second):
        said = party(language).refusal("parseImage", image=image)
        assert said["message"] == "Unable to detect eventStore from image. Received eventStoreId: PARCELS"


# X11
@pairs
@formats
def test_both_bounds_of_a_listing_are_inclusive(party, first, second, form):
    for day in (1, 2, 3):
        push(party(first), "ORDERS", order(f"day-{day}", 1, timestamp=f"2024-05-0{day}T09:30:00.000Z"), format=form)
    moment = "2024-05-02T09:30:00.000Z"
    listed = party(second).listed("ORDERS", format=form, options={"initialEventAfter": moment, "initialEventBefore": moment})
    assert listed["aggregateIds"] == [{"aggregateId": "day-2", "initialEventTimestamp": moment}]


# X12
def test_snapshots_leave_castore_undisturbed(party, tables):
    party(JAVASCRIPT).run("seed")
    before = tables.items()
    table = tables.names["events"] + "-snapshots"
    taken = party(CPP).call("takeSnapshots", store="ORDERS", table=table)
    listed = [row["aggregateId"] for row in party(JAVASCRIPT).listed("ORDERS")["aggregateIds"]]
    assert taken == [aggregate_id for aggregate_id in listed if aggregate_id != "gap"]  # a gap may yet be filled
    party(JAVASCRIPT).run("verify")
    party(CPP).run("verify")
    assert tables.items() == before


def in_order(messages):
    """What was told, those of one moment in an order of our own."""
    told = []
    for _, same in itertools.groupby(messages, key=lambda message: message["event"]["timestamp"]):
        told += sorted(same, key=lambda message: (message["eventStoreId"], message["event"]["aggregateId"]))
    return told


# X13
@pytest.mark.parametrize("stores", [["ORDERS"], ["CUSTOMERS"], ["ORDERS", "CUSTOMERS"]], ids="-".join)
@pytest.mark.parametrize("filters", [{}, {"from": "2021-01-01T00:00:00.000Z", "to": "2021-05-02T00:00:00.000Z"}],
                         ids=["all", "bounded"])
def test_both_replay_the_same_events_in_the_same_order(party, stores, filters):
    party(JAVASCRIPT).run("seed")
    ours, theirs = (party(language).call("replay", stores=stores, filters=filters) for language in (CPP, JAVASCRIPT))
    assert ours and all(message["replay"] for message in ours)

    def went_backwards(message):
        return message["event"]["aggregateId"] == "order-2"

    # Castore goes by timestamp alone; we keep each aggregate in the order of its versions.
    backwards = [message["event"]["version"] for message in ours if went_backwards(message)]
    assert backwards == sorted(backwards)
    assert {json.dumps(message, sort_keys=True) for message in ours} == {
        json.dumps(message, sort_keys=True) for message in theirs}
    assert in_order(itertools.filterfalse(went_backwards, ours)) == in_order(itertools.filterfalse(went_backwards, theirs))


# X13
def test_a_replay_of_several_pages_of_aggregates(party):
    # 27 aggregates, each with a second event long after the first. (Of 40, castore would lose events.)
    for version, month in ((1, "01"), (2, "02")):
        for index in range(27):
            stamp = f"2021-{month}-{1 + index:02}T00:00:00.000Z"
            push(party(JAVASCRIPT), "ORDERS", order(f"paged-{index}", version, timestamp=stamp))
    ours, theirs = (party(language).call("replay", stores=["ORDERS"]) for language in (CPP, JAVASCRIPT))
    assert ours == theirs
    assert len(ours) == 54


# X14
def test_a_migrated_table_is_read_as_if_castore_had_filled_it(party, tables):
    party(JAVASCRIPT).run("seed")
    by_castore = [item for item in tables.items() if item["aggregateId"]["S"].startswith("ORDERS#")]
    tables.clear("events")

    assert party(CPP).call("migrate", store="ORDERS") == len(by_castore)
    assert in_key_order(tables.items()) == in_key_order(by_castore)
    for row in party(JAVASCRIPT).listed("ORDERS", format="legacy")["aggregateIds"]:
        migrated, legacy = (party(JAVASCRIPT).events("ORDERS", row["aggregateId"], format=form) for form in FORMATS)
        assert migrated == legacy

    def listed(form):
        rows = party(JAVASCRIPT).listed("ORDERS", format=form)["aggregateIds"]
        stamps = [row["initialEventTimestamp"] for row in rows]
        assert stamps == sorted(stamps)
        return sorted((row["initialEventTimestamp"], row["aggregateId"]) for row in rows)

    assert listed("single") == listed("legacy")


# X15
@pairs
@formats
def test_an_aggregate_of_more_than_a_page(party, first, second, form):
    for version in range(1, 10):
        push(party(first), "ORDERS", order("large", version, payload=str(version) * 250_000), format=form)
    read = party(second).events("ORDERS", "large", format=form)
    assert [(event["version"], event["payload"][0], len(event["payload"])) for event in read] == [
        (version, str(version), 250_000) for version in range(1, 10)]
    assert party(second).events("ORDERS", "large", format=form, options={"reverse": True}) == read[::-1]


# X16
@pairs
def test_timestamps_that_nobody_gave(party, first, second):
    pushed = [push(party((first, second)[turn % 2]), "ORDERS", order(f"new-{turn}", 1)) for turn in range(100)]
    stamps = [event["timestamp"] for event in pushed]
    assert all(len(stamp) == 24 and stamp.endswith("Z") for stamp in stamps)
    assert stamps == sorted(stamps)
    for language in (first, second):
        rows = party(language).listed("ORDERS")["aggregateIds"]
        assert [row["initialEventTimestamp"] for row in rows] == stamps
        assert {row["aggregateId"]: row["initialEventTimestamp"] for row in rows} == {
            event["aggregateId"]: event["timestamp"] for event in pushed}


# F1, F2
@formats
def test_both_answer_a_push_and_a_load_alike(party, form):
    def answers(language):
        one = party(language)
        event = order(f"alike-{language}", 1, timestamp="2024-05-01T09:30:00.000Z", payload={"a": [1]}, metadata="m")
        said = [one.call("pushEvent", store="ORDERS", format=form, event=event),
                one.call("pushEvent", store="ORDERS", format=form,
                         event=order(f"alike-{language}", 2, timestamp="2024-05-02T09:30:00.000Z")),
                *(one.call("getAggregate", store="ORDERS", format=form, aggregateId=f"alike-{language}", options=options)
                  for options in ({}, {"maxVersion": 1}, {"maxVersion": 0})),
                one.call("getExistingAggregate", store="ORDERS", format=form, aggregateId=f"alike-{language}"),
                one.call("getAggregate", store="ORDERS", format=form, aggregateId="nobody")]
        return json.loads(json.dumps(said).replace(f"alike-{language}", "alike"))

    assert answers(CPP) == answers(JAVASCRIPT)


# F1
@formats
def test_both_miss_an_aggregate_in_the_same_words(party, form):
    push(party(CPP), "ORDERS", order("missed", 2), format=form)
    for options in ({}, {"maxVersion": 1}):
        said = [party(language).refusal("getExistingAggregate", store="ORDERS", format=form, options=options,
                                        aggregateId="missed" if options else "nobody") for language in (CPP, JAVASCRIPT)]
        assert said[0]["message"] == said[1]["message"]


# D1
@pytest.mark.requires("transactions")
def test_both_answer_a_group_alike(party):
    def answers(language):
        stamp = "2024-05-01T09:30:00.000Z"
        events = group(("ORDERS", order(f"of-{language}", 1, timestamp=stamp)),
                       ("CUSTOMERS", {"aggregateId": f"of-{language}", "version": 1, "type": "CUSTOMER_CREATED",
                                      "timestamp": stamp}),
                       ("ORDERS", order(f"of-{language}", 2, timestamp=stamp)))
        said = party(language).call("pushEventGroup", events=events)
        return json.loads(json.dumps(said).replace(f"of-{language}", "of"))

    assert answers(CPP) == answers(JAVASCRIPT)


# D2
@pytest.mark.requires("transactions")
def test_what_castore_cannot_say_of_a_group(party):
    push(party(JAVASCRIPT), "ORDERS", order("taken", 1))
    events = group(("CUSTOMERS", {"aggregateId": "free", "version": 1, "type": "CUSTOMER_CREATED"}),
                   ("ORDERS", order("taken", 1)))
    assert_exists_already(party(CPP).refusal("pushEventGroup", events=events), "ORDERS", "taken", 1)
    theirs = party(JAVASCRIPT).refusal("pushEventGroup", events=events)
    assert (theirs["code"], theirs["aggregateId"]) == ("EventAlreadyExistsError", "???")
    assert party(JAVASCRIPT).events("CUSTOMERS", "free") == []


# E5
@formats
@pytest.mark.parametrize("token", ["", "nope", "{"])
def test_both_refuse_a_bad_page_token_in_the_same_words(party, form, token):
    for language in (CPP, JAVASCRIPT):
        said = party(language).refusal("listAggregateIds", store="ORDERS", format=form, options={"pageToken": token})
        assert said["message"] == "Invalid page token"


# E5
@formats
@pytest.mark.parametrize("token", ["null", "5", "[]", '{"lastEvaluatedKey":{"a":{"S":"x"}}}', '{"limit":0}'])
def test_we_refuse_page_tokens_that_castore_takes_for_others(party, form, token):
    said = party(CPP).refusal("listAggregateIds", store="ORDERS", format=form, options={"pageToken": token})
    assert said["message"]


# E5
@both_ways
def test_a_page_token_of_another_store_is_refused(party, first, second):
    for index in range(3):
        push(party(first), "ORDERS", order(f"o-{index}", 1))
        push(party(first), "CUSTOMERS", {"aggregateId": f"c-{index}", "version": 1, "type": "CUSTOMER_CREATED"})
    token = party(first).listed("ORDERS", options={"limit": 1})["nextPageToken"]
    party(second).refusal("listAggregateIds", store="CUSTOMERS", options={"pageToken": token})


# 7.4
@formats
def test_we_read_what_only_castore_writes(party, form):
    for version in (0, -1, 9007199254740991):
        push(party(JAVASCRIPT), "ORDERS", order("odd", version, timestamp="2022"), format=form)
    if form == "single":  # there the key is the store's id and more
        push(party(JAVASCRIPT), "ORDERS", order("", 1, timestamp="yesterday"), format=form)
    for aggregate_id in ("odd", "") if form == "single" else ("odd",):
        assert party(CPP).events("ORDERS", aggregate_id, format=form) == party(JAVASCRIPT).events("ORDERS", aggregate_id, format=form)
    assert versions(party(CPP).events("ORDERS", "odd", format=form)) == [-1, 0, 9007199254740991]
    for event in (order("odd", 0), order("odd", -1), order("", 1), order("odd", 9007199254740992)):
        assert party(CPP).refusal("pushEvent", store="ORDERS", format=form, event=event)["message"]


# A12
@pairs
def test_attributes_that_another_program_added_disturb_nobody(party, tables, database, first, second):
    push(party(first), "ORDERS", order("extra", 1, payload={"a": 1}))
    item = tables.item("ORDERS#extra", 1)
    database.put_item(TableName=tables.names["events"], Item={**item, "ttl": {"N": "99"}, "tags": {"SS": ["a", "b"]}})
    assert party(second).events("ORDERS", "extra")[0]["payload"] == {"a": 1}
    assert set(party(second).events("ORDERS", "extra")[0]) == {"aggregateId", "version", "type", "timestamp", "payload"}


LETTERS = "abc\"\\/\b\f\n\r\t\x00\x1f\x7féß\u2028ключ日本🦊𝄞"


def any_json(random, depth=0):
    kinds = ["null", "truth", "integer", "fraction", "text"] + (["list", "object"] * 2 if depth < 4 else [])
    kind = random.choice(kinds)
    if kind == "list":
        return [any_json(random, depth + 1) for _ in range(random.randrange(4))]
    if kind == "object":
        return {any_text(random): any_json(random, depth + 1) for _ in range(random.randrange(4))}
    return {"null": lambda: None, "truth": lambda: random.random() < 0.5,
            "integer": lambda: random.randint(-2**53 + 1, 2**53 - 1) >> random.randrange(53),
            "fraction": lambda: random.uniform(-1, 1) * 10 ** random.randrange(-12, 16),
            "text": lambda: any_text(random)}[kind]()


def any_text(random):
    return "".join(random.choices(LETTERS, k=random.randrange(8)))


# A8, A10, A11
@pytest.mark.requires("emptystr")
@pairs
@formats
def test_any_json_comes_back_as_it_was(party, seed, first, second, form):
    random = Random(seed)
    expected = [order("any", version, payload=any_json(random), metadata=any_json(random)) for version in range(1, 41)]
    for event in expected:
        event["timestamp"] = push(party(first), "ORDERS", event, format=form)["timestamp"]
    assert party(second).events("ORDERS", "any", format=form) == expected
