"""What `dynakeep export` writes, as the AWS SDK for JavaScript reads it."""

import gzip
import json
import os
import pathlib
import subprocess

PROGRAMS = pathlib.Path(__file__).parent / "javascript"

DIGITS = "12345678901234567890123456789012345678"
VALUES = {
    "text": {"S": "ü\n\"🙂\""}, "empty": {"S": ""}, "number": {"N": DIGITS}, "small": {"N": "-0.001"},
    "bytes": {"B": b"\x00\xff"}, "yes": {"BOOL": True}, "nothing": {"NULL": True}, "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]}, "byteses": {"BS": [b"x", b"y"]},
    "list": {"L": [{"S": "a"}, {"M": {}}, {"L": []}]}, "map": {"M": {"a": {"N": "1"}, "": {"B": b""}}},
}


def test_the_sdks_unmarshaller_takes_every_line(server, tmp_path):
    database = server.client()
    database.create_table(TableName="Exported", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
                          KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    for number in range(60):
        database.put_item(TableName="Exported", Item={"id": {"N": str(number)}, **VALUES})
    done = subprocess.run([os.environ["DYNAKEEP_PROGRAM"], "export", "Exported", "--folder", tmp_path, "--database",
                           server.endpoint], env=server.environment(), capture_output=True, text=True, timeout=300,
                          check=False)
    assert done.returncode == 0, done.stderr
    lines = b"".join(gzip.decompress(file.read_bytes()) for file in sorted(tmp_path.rglob("*.json.gz")))
    assert lines.count(b"\n") == 60

    done = subprocess.run(["node", PROGRAMS / "unmarshalls.mjs"], input=lines, cwd=PROGRAMS.parent,
                          capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    values = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda each: int(each["id"]["value"]))
    assert [each["id"] for each in values] == [{"value": str(number)} for number in range(60)]
    for value in values:
        assert {name: each for name, each in value.items() if name != "id"} == {
            "text": "ü\n\"🙂\"", "empty": "", "number": {"value": DIGITS}, "small": {"value": "-0.001"},
            "bytes": {"bytes": "AP8="}, "yes": True, "nothing": None, "texts": {"set": ["a", "b"]},
            "numbers": {"set": [{"value": "1"}, {"value": "2.5"}]}, "byteses": {"set": [{"bytes": "eA=="}, {"bytes": "eQ=="}]},
            "list": ["a", {}, []], "map": {"a": {"value": "1"}, "": {"bytes": ""}}}
