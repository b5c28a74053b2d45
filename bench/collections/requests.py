"""Requests for dynakeep_load --messages: of versioned collections over HTTP, and of what they ask the database."""

import itertools
import json

from messages import message, protocol

API_KEY = "bench-api-key"


def value(size=400, turn=0):
    """A JSON object of about so many bytes."""
    return {"body": "b" * (size - 60), "bg": {"img": "pic.png"}, "happinessIndex": 9, "turn": turn}


def service(method, path, body=None, headers=""):
    headers = f"x-api-key: {API_KEY}\r\n{headers}"
    if body is None:
        return message(method, path, headers)
    return message(method, path, headers + "Content-Type: application/json\r\n", json.dumps(body, separators=(",", ":")))


def entry_id(number):
    return f"entry-{number:08}"


def creates(collection, entries, size):
    for number in range(entries):
        yield service("PUT", f"{collection}/entry/{entry_id(number)}", {"name": "post", "value": value(size)},
                      "If-None-Match: *\r\n")


def updates(collection, ids, count, size=400):
    for turn, number in zip(range(count), itertools.cycle(ids)):
        yield service("PUT", f"{collection}/entry/{entry_id(number)}", {"value": value(size, turn)})


def reads(collection, ids, count):
    for number in itertools.islice(itertools.cycle(ids), count):
        yield service("GET", f"{collection}/entry/{entry_id(number)}")


# ---- what the store asks the database for ----

ENTRIES = "dynamomini.entries"


def partition_of(collection):
    """user#collection# of /api/user/{user}/collection/{collection}"""
    parts = collection.split("/")
    return f"{parts[3]}#{parts[5]}#"


def queries_of_newest(collection, ids, count):
    for number in itertools.islice(itertools.cycle(ids), count):
        yield protocol("Query", {
            "TableName": ENTRIES, "KeyConditionExpression": "#partition = :partition AND #sort BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#partition": "userCollection", "#sort": "entryVersion"},
            "ExpressionAttributeValues": {":partition": {"S": partition_of(collection)},
                                          ":low": {"S": entry_id(number) + "#0"}, ":high": {"S": entry_id(number) + "#:"}},
            "ScanIndexForward": False, "Limit": 1, "ConsistentRead": True})


def gets_of_heads(collection, ids, count):
    for number in itertools.islice(itertools.cycle(ids), count):
        yield protocol("GetItem", {
            "TableName": ENTRIES, "ConsistentRead": True,
            "Key": {"userCollection": {"S": partition_of(collection) + "@head"}, "entryVersion": {"S": entry_id(number)}}})


def transactions(collection, ids, count, start):
    """What updates write, each once; on conditions that always hold, since nobody knows what the head will be."""
    for turn, number in zip(range(count), itertools.cycle(ids)):
        number_of_turn = {"N": str(start + turn)}
        token = f"00000000-0000-4000-8000-{turn:012}"
        yield protocol("TransactWriteItems", {"ClientRequestToken": token, "TransactItems": [
            {"Put": {"TableName": ENTRIES, "ConditionExpression": "attribute_not_exists(#sort)",
                     "ExpressionAttributeNames": {"#sort": "entryVersion"},
                     "Item": {"userCollection": {"S": partition_of(collection)},
                              "entryVersion": {"S": f"written-{entry_id(number)}#{start + turn}"}, "name": {"S": "post"},
                              "value": {"S": json.dumps(value(turn=turn), separators=(",", ":"))}, "rev": number_of_turn}}},
            {"Update": {"TableName": ENTRIES,
                        "Key": {"userCollection": {"S": partition_of(collection) + "@head"},
                                "entryVersion": {"S": f"written-{entry_id(number)}"}},
                        "UpdateExpression": "SET #ver = :ver, #rev = :rev, #del = :del, #tok = :tok",
                        "ConditionExpression": "attribute_not_exists(#ver) OR (#ver <> :seenVer AND #rev <> :seenRev AND "
                                               "#del = :seenDel)",
                        "ExpressionAttributeNames": {"#ver": "ver", "#rev": "rev", "#del": "del", "#tok": "tok"},
                        "ExpressionAttributeValues": {
                            ":ver": number_of_turn, ":rev": number_of_turn, ":del": {"BOOL": False}, ":tok": {"S": token},
                            ":seenVer": number_of_turn, ":seenRev": number_of_turn, ":seenDel": {"BOOL": False}}}}]})
