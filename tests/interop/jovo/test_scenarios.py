"""Turns in both languages: the same items, the same state, on one user in any order."""

import json

import pytest
from conftest import Table, by_value

START = 1625032204034
SECOND = 1000

STATE = [{"component": "Order", "subState": "size", "data": {"a": 1}, "resolve": {"done": "onDone"}, "config": {}},
         {"component": "Address"}]
SESSION = {"session": True}
HISTORY = {"history": {"enabled": True}}
EVERYTHING = {"history": {"enabled": True, "size": 2, "state": True, "input": False, "response": False}}


def turn(at=0, lasting=61, session=None, **change):
    """A turn that begins so many seconds after the first, and lasts so many milliseconds."""
    now = START + int(at * SECOND)
    return {"now": now, "later": now + lasting, "session": session or {"id": "s-1", "isNew": True}, **change}


# Settings as a configuration gives them, and the turns of one user.
SCENARIOS = {
    "nothing": ({}, [turn()]),
    "data": ({}, [turn(), turn(1, set={"name": "Ada", "visits": 1}), turn(2, set={"visits": 2}, remove=["name"])]),
    "every kind of value": ({}, [turn(samples=True), turn(1), turn(2, set={"one": "more"})]),
    "no times": ({"createdAt": False, "updatedAt": False}, [turn(set={"a": 1}), turn(1, set={"b": 2})]),
    "no createdAt": ({"createdAt": False}, [turn(set={"a": 1}), turn(1)]),
    "no user": ({"user": False}, [turn(set={"a": 1}), turn(1)]),
    "user as an object": ({"user": {}}, [turn(set={"a": 1}), turn(1)]),
    "a session": (SESSION, [
        turn(session={"id": "s-1", "isNew": True, "data": {"from": "platform"}}, sessionData={"step": 1}),
        turn(10, session={"id": "s-2", "isNew": True}, state=STATE),
        turn(20, sessionData={"step": 2}),
        turn(30, state=[])]),
    "a session without an id": (SESSION, [turn(session={"isNew": True}), turn(1, session={"isNew": True})]),
    "a session that is not new": (SESSION, [
        turn(session={"id": "s-1", "isNew": False, "createdAt": "2021-06-30T05:00:00.000Z", "data": {"a": 1}})]),
    "a session at its limit": (SESSION, [
        turn(lasting=0, sessionData={"a": 1}), turn(900, lasting=0, session={"id": "s-2"})]),
    "a session past its limit": (SESSION, [
        turn(lasting=0, sessionData={"a": 1}), turn(900.001, lasting=0, session={"id": "s-2"})]),
    "a short session": ({"session": {"enabled": True, "expiresAfterSeconds": 60}}, [
        turn(sessionData={"a": 1}), turn(55, session={"id": "s-2"}), turn(116, session={"id": "s-3"})]),
    "a session that slides": (SESSION, [turn(at * 600, sessionData={f"t{at}": 1}) for at in range(4)]),
    "no limit": ({"session": {"enabled": True, "expiresAfterSeconds": 0}}, [
        turn(sessionData={"a": 1}), turn(899), turn(1800, session={"id": "s-2"})]),
    "a limit alone": ({"session": {"expiresAfterSeconds": 60}}, [turn(sessionData={"a": 1}), turn(1)]),
    "a history": (HISTORY, [turn(at, output=[f"answer {at}"]) for at in range(5)]),
    "a history without answers": (HISTORY, [turn(), turn(1)]),
    "several answers": (HISTORY, [turn(output=["one", "two"]), turn(1, output=["three"])]),
    "a history of one": ({"history": {"enabled": True, "size": 1}}, [turn(at, output=[str(at)]) for at in range(3)]),
    "a history of none": ({"history": {"enabled": True, "size": 0}}, [turn(output=["1"]), turn(1, output=["2"])]),
    "a history by true": ({"history": True}, [turn(at, output=[str(at)]) for at in range(5)]),
    "a size alone": ({"history": {"size": 5}}, [turn(output=["1"])]),
    "no output": ({"history": {"enabled": True, "output": False}}, [turn(output=["1"]), turn(1)]),
    "both": ({**SESSION, **HISTORY}, [
        turn(at, output=[str(at)], sessionData={f"t{at}": at}, set={"visits": at}) for at in range(5)]),
}


def play(party, table, user_id, config, turns):
    """Each turn's state as it was loaded, and the item after it."""
    seen = []
    for each in turns:
        loaded = party.turn(config=config, userId=user_id, **each)
        seen.append((loaded, table.item(user_id)))
    return seen


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_load_the_same_state_and_store_the_same_item(javascript, cpp, table, name):
    elements, turns = SCENARIOS[name]
    config = table.config(**elements)
    assert play(cpp, table, "ours", config, turns) == play(javascript, table, "theirs", config, turns)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_user_is_served_by_both_in_turns(javascript, cpp, table, name):
    elements, turns = SCENARIOS[name]
    config = table.config(**elements)
    expected = play(javascript, table, "theirs", config, turns)
    for user_id, parties in (("even", (javascript, cpp)), ("odd", (cpp, javascript))):
        seen = [play(parties[at % 2], table, user_id, config, [each])[0] for at, each in enumerate(turns)]
        assert seen == expected


@pytest.mark.parametrize("name", [name for name in SCENARIOS if "no times" not in name])
def test_guarded_saves_store_the_same_item(javascript, cpp, table, name):
    elements, turns = SCENARIOS[name]
    config = table.config(**elements)
    expected = play(javascript, table, "theirs", config, turns)
    for mode in ("guarded", "merge"):
        assert play(cpp, table, mode, {**config, "saveMode": mode}, turns) == expected


def test_the_key_may_have_another_name(javascript, cpp, database):
    table = Table(database, "pk")
    turns = [turn(set={"a": 1}), turn(1)]
    assert play(cpp, table, "ours", table.config(), turns) == play(javascript, table, "theirs", table.config(), turns)


@pytest.mark.parametrize("user_id", ["a b/c?d=%41", "🙂 日本", "x" * 2048])
def test_any_text_names_a_user(javascript, cpp, table, user_id):
    javascript.turn(config=table.config(), userId=user_id, **turn(set={"a": 1}))
    assert cpp.turn(config=table.config(), userId=user_id, **turn(1, set={"b": 1}))["user"] == {
        "M": {"a": {"N": 1}}}
    assert javascript.turn(config=table.config(), userId=user_id, **turn(2))["user"] == {
        "M": {"a": {"N": 1}, "b": {"N": 1}}}


def test_tables_are_made_alike(javascript, cpp, database):
    def made_by(party, name):
        # Upstream's first turn fails once it has made the table.
        party.ask("turn", {"config": {"table": {"name": name, "readCapacityUnits": 5}}, "userId": "u", **turn()})
        described = database.describe_table(TableName=name)["Table"]
        return {part: described[part] for part in ("AttributeDefinitions", "KeySchema", "TableStatus")} | {
            "read": described["ProvisionedThroughput"]["ReadCapacityUnits"],
            "write": described["ProvisionedThroughput"]["WriteCapacityUnits"]}

    assert made_by(cpp, "made-by-cpp") == made_by(javascript, "made-by-javascript")
    assert javascript.turn(config={"table": {"name": "made-by-cpp"}}, userId="u", **turn(1))["isNew"] == {"BOOL": False}


def stored(**attributes):
    return {"userId": {"S": "u"}, **attributes}


BARE_ITEMS = {
    "the key alone": stored(),
    "an empty user": stored(user={"M": {}}),
    "a user without data": stored(user={"M": {"other": {"S": "x"}}}),
    "NULL for the user": stored(user={"NULL": True}),
    "no createdAt": stored(user={"M": {"data": {"M": {"a": {"N": "1"}}}}},
                           updatedAt={"S": "2021-01-01T00:00:00.000Z"}),
    "an empty session": stored(session={"M": {"updatedAt": {"S": "2021-06-30T05:50:00.000Z"}}}),
    "NULL in a session": stored(session={"M": {
        "id": {"NULL": True}, "data": {"NULL": True}, "state": {"NULL": True},
        "updatedAt": {"S": "2021-06-30T05:50:00.000Z"}}}),
    "an empty history": stored(history={"M": {}}),
    "foreign attributes": stored(ttl={"N": "17"}, user={"M": {"data": {"M": {}}, "note": {"S": "x"}}}),
}


@pytest.mark.parametrize("name", BARE_ITEMS)
def test_items_of_little_are_read_alike(javascript, cpp, table, name):
    config = table.config(**SESSION, **HISTORY)
    seen = []
    for party in (cpp, javascript):
        table.put(BARE_ITEMS[name])
        seen.append(play(party, table, "u", config, [turn()]))
    assert seen[0] == seen[1]


def test_what_others_keep_survives_our_merge_and_not_their_save(javascript, cpp, table):
    table.put(BARE_ITEMS["foreign attributes"])
    config = {**table.config(), "saveMode": "merge"}
    cpp.turn(config=config, userId="u", **turn(set={"a": 1}))
    assert table.item("u")["ttl"] == {"N": 17}
    assert table.item("u")["user"]["M"]["note"] == {"S": "x"}
    javascript.turn(config=table.config(), userId="u", **turn(1))
    assert "ttl" not in table.item("u")


def test_their_save_between_our_load_and_save_is_merged(javascript, cpp, table):
    config = table.config(**SESSION, **HISTORY)
    javascript.turn(config=config, userId="u", **turn(set={"a": 1, "b": 1}))
    ours = {**turn(1, set={"a": 2}, sessionData={"ours": 1}, output=["ours"]), "userId": "u"}
    assert "error" not in cpp.ask("begin", {"config": {**config, "saveMode": "merge"}, **ours})
    javascript.turn(config=config, userId="u", **turn(2, set={"c": 3}, remove=["b"], sessionData={"theirs": 1},
                                                      output=["theirs"]))
    assert cpp.ask("end", {}) == {}
    seen = javascript.turn(config=config, userId="u", **turn(3))
    assert seen["user"] == {"M": {"a": {"N": 2}, "c": {"N": 3}}}
    assert seen["session"]["M"]["data"] == {"M": {"ours": {"N": 1}, "theirs": {"N": 1}}}
    messages = [entry["M"]["output"]["L"] for entry in seen["history"]["L"]]
    assert messages == [[{"M": {"message": {"S": "ours"}}}], [{"M": {"message": {"S": "theirs"}}}], []]


def test_their_save_between_our_load_and_save_is_a_conflict_where_that_is_wanted(javascript, cpp, table):
    javascript.turn(config=table.config(), userId="u", **turn())
    cpp.ask("begin", {"config": {**table.config(), "saveMode": "guarded"}, "userId": "u", **turn(1, set={"a": 1})})
    javascript.turn(config=table.config(), userId="u", **turn(2, set={"b": 1}))
    assert cpp.ask("end", {}) == {"error": "The user was saved by another turn meanwhile"}
    assert javascript.turn(config=table.config(), userId="u", **turn(3))["user"] == {"M": {"b": {"N": 1}}}


# What they cannot read, we do, and leave as it is.
def test_numbers_that_they_round_or_refuse_keep_their_digits(javascript, cpp, table):
    numbers = {"a": {"N": "12345678901234567890.5"}, "b": {"N": "1.00000000000000000000000000001"}}
    table.put(stored(user={"M": {"data": {"M": numbers}}}))
    assert cpp.turn(config=table.config(), userId="u", **turn())["user"] == by_value({"M": numbers})
    assert table.item("u")["user"]["M"]["data"] == by_value({"M": numbers})
    javascript.refusal(config=table.config(), userId="u", **turn(1))


def test_a_broken_createdAt_stops_them_and_is_repaired_by_us(javascript, cpp, table):
    table.put(stored(createdAt={"S": "garbage"}))
    assert "Invalid time value" in javascript.refusal(config=table.config(), userId="u", **turn())
    cpp.turn(config=table.config(), userId="u", **turn(1))
    javascript.turn(config=table.config(), userId="u", **turn(2))
    assert json.dumps(table.raw("u")["createdAt"]) == '{"S": "2021-06-30T05:50:05.034Z"}'
