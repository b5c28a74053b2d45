"""Real data: the Unicode Character Database, loaded through boto3 and counted through an index."""

import collections
import pathlib

from boto3.dynamodb.conditions import Key
from conftest import Server

SOURCE = pathlib.Path("/usr/share/unicode/UnicodeData.txt")  # Debian's unicode-data
FIELDS = ("code", "name", "category", "combining", "bidi", "decomposition")


def characters():
    for line in SOURCE.read_text(encoding="ascii").splitlines():
        fields = line.split(";")
        item = dict(zip(FIELDS, fields))
        # Two columns may be empty: as an attribute that is, and one that is not there.
        if not item["decomposition"]:
            del item["decomposition"]
        item["mirrored"] = fields[9] == "Y"
        item["point"] = int(fields[0], 16)
        yield item


def counts_through_index(table, categories):
    counts = {}
    for category in categories:
        count, start = 0, {}
        while True:
            page = table.query(IndexName="ByCategory", KeyConditionExpression=Key("category").eq(category),
                               Select="COUNT", **start)
            count += page["Count"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        counts[category] = count
    return counts


def check(table, expected):
    assert counts_through_index(table, expected) == expected
    # In order of code points within a category, as the index's sort key says.
    points = [item["point"] for item in table.query(IndexName="ByCategory", KeyConditionExpression=Key("category").eq("Nd"))["Items"]]
    assert points == sorted(points) and len(points) == expected["Nd"]
    assert table.get_item(Key={"code": "00E9"})["Item"] == {
        "code": "00E9", "name": "LATIN SMALL LETTER E WITH ACUTE", "category": "Ll", "combining": "0", "bidi": "L",
        "decomposition": "0065 0301", "mirrored": False, "point": 0xE9}
    assert table.scan(Select="COUNT", FilterExpression=Key("code").eq("0041"), Limit=1)["ScannedCount"] == 1


def test_every_character_is_there_before_and_after_a_crash(tmp_path):
    expected = dict(collections.Counter(item["category"] for item in characters()))
    server = Server(tmp_path / "data").start()
    try:
        table = server.resource().create_table(
            TableName="Characters", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "code", "AttributeType": "S"},
                                  {"AttributeName": "category", "AttributeType": "S"},
                                  {"AttributeName": "point", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "code", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[{"IndexName": "ByCategory", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
                {"AttributeName": "category", "KeyType": "HASH"}, {"AttributeName": "point", "KeyType": "RANGE"}]}])
        with table.batch_writer() as batch:
            for item in characters():
                batch.put_item(item)
        check(table, expected)

        server.kill()
        server.start()
        check(server.resource().Table("Characters"), expected)
    finally:
        server.kill()
    assert sum(expected.values()) > 30_000
