"""`dynakeep serve`: how streams are kept, and what clients may have the engine do."""

import contextlib

import pytest

import serving
from conftest import client_of, run
from streaming import arn_of, lines_of, make_table, must, tell


@contextlib.contextmanager
def server_with(*flags, **variables):
    server = serving.Server("--in-memory", *flags, environment=variables).start()
    try:
        yield server
    finally:
        assert server.stop() == 0


def shards_of(server, table):
    described = must(run(server, "streams", "describe", table, "--json", "--database", server.endpoint))
    return lines_of(described)[0]["shards"]


def test_the_engine_is_told_nothing_unless_a_flag_allows_it(server, database):
    arn = arn_of(database, make_table(database))
    status, answer = tell(server, "RollShards", StreamArn=arn)
    assert status == 400 and answer["__type"].endswith("#UnknownOperationException")


@pytest.mark.parametrize(("flags", "variables"), [(("--admin",), {}), ((), {"DYNAKEEP_ADMIN": "1"})])
def test_with_it_faults_and_rolls_come_when_they_are_wanted(flags, variables):
    with server_with(*flags, **variables) as server:
        database = client_of(server)
        table = make_table(database)
        assert tell(server, "RollShards", StreamArn=arn_of(database, table)) == (200, {})
        assert len(shards_of(server, table)) == 2
        assert tell(server, "InjectFault", Operation="GetItem", Error="ThrottlingException") == (200, {})
        key = {"artist": {"S": "Nina"}, "title": {"S": "a"}}
        with pytest.raises(database.exceptions.ClientError, match="ThrottlingException"):
            database.get_item(TableName=table, Key=key)
        assert "Item" not in database.get_item(TableName=table, Key=key)


@pytest.mark.parametrize(("flags", "variables"), [(("--stream-shards", "4"), {}),
                                                  ((), {"DYNAKEEP_STREAM_SHARDS": "4"})])
def test_streams_begin_with_as_many_shards_as_wanted(flags, variables):
    with server_with(*flags, **variables) as server:
        assert len(shards_of(server, make_table(client_of(server)))) == 4


@pytest.mark.parametrize(("flag", "value"), [
    ("--stream-shards", "0"), ("--stream-shards", "1001"), ("--stream-retention-hours", "0"),
    ("--stream-roll-after-minutes", "-1"), ("--stream-split-rate", "many"), ("--stream-open-shards", "0"),
    ("--expiry-interval-ms", "-1")])
def test_flags_that_make_no_sense_are_refused_by_their_name(server, flag, value):
    code, _, err = run(server, "serve", "--in-memory", "--port", "0", flag, value)
    assert code != 0 and flag in err


def test_more_shards_to_begin_with_than_may_be_open_are_refused(server):
    code, _, err = run(server, "serve", "--in-memory", "--port", "0", "--stream-shards", "65")
    assert code != 0 and "max_open_shards" in err
