// Reads a stream of ours with the package dynamodb-stream and with Amazon's own client, both
// unmodified. ENDPOINT names the server, the first argument the scenario; it fails by throwing.

import assert from "node:assert/strict";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import dynamodbStream from "dynamodb-stream";

const DynamoDBStream = dynamodbStream.default ?? dynamodbStream;
const settings = { endpoint: process.env.ENDPOINT, region: process.env.AWS_REGION, maxAttempts: 1 };
const database = new DynamoDB(settings);
const streams = new DynamoDBStreams(settings);

async function createTable(name, viewType = "NEW_AND_OLD_IMAGES") {
  const { TableDescription } = await database.createTable({
    TableName: name,
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
    StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
  });
  return TableDescription.LatestStreamArn;
}

const put = (table, item) => database.putItem({ TableName: table, Item: marshall(item) });

const scenarios = {
  // What the package's own test asks for.
  async dynamodb_stream_tells_of_five_events() {
    const stream = new DynamoDBStream(streams, await createTable("Events"), unmarshall);
    const log = [];
    stream.on("insert record", (now, keys) => log.push(["insert", now, keys]));
    stream.on("modify record", (now, before, keys) => log.push(["modify", now, before, keys]));
    stream.on("remove record", (before, keys) => log.push(["remove", before, keys]));
    stream.on("new shards", (ids) => log.push(["new shards", ids.length]));

    await stream.fetchStreamState();
    assert.deepEqual(log, [["new shards", 1]]);
    log.length = 0;
    await put("Events", { pk: "1", data: "x" });
    await stream.fetchStreamState();
    await put("Events", { pk: "1", data: "y" });
    await stream.fetchStreamState();
    await put("Events", { pk: "2", data: "a" });
    await put("Events", { pk: "3", data: "b" });
    await stream.fetchStreamState();
    await database.deleteItem({ TableName: "Events", Key: marshall({ pk: "1" }) });
    await stream.fetchStreamState();
    assert.deepEqual(log, [
      ["insert", { pk: "1", data: "x" }, { pk: "1" }],
      ["modify", { pk: "1", data: "y" }, { pk: "1", data: "x" }, { pk: "1" }],
      ["insert", { pk: "2", data: "a" }, { pk: "2" }],
      ["insert", { pk: "3", data: "b" }, { pk: "3" }],
      ["remove", { pk: "1", data: "y" }, { pk: "1" }],
    ]);
  },

  async dynamodb_stream_goes_on_from_its_saved_state() {
    const arn = await createTable("States");
    const first = new DynamoDBStream(streams, arn, unmarshall);
    await first.fetchStreamState();
    const state = JSON.parse(JSON.stringify(first.getShardState()));
    for (const pk of ["1", "2", "3"]) await put("States", { pk });

    const second = new DynamoDBStream(streams, arn, unmarshall);
    const inserted = [];
    second.on("insert record", (now) => inserted.push(now.pk));
    second.setShardState(state);
    await second.fetchStreamState();
    assert.deepEqual(inserted, ["1", "2", "3"]);
  },

  async amazons_client_reads_every_view() {
    const images = {
      KEYS_ONLY: [],
      NEW_IMAGE: ["NewImage"],
      OLD_IMAGE: ["OldImage"],
      NEW_AND_OLD_IMAGES: ["NewImage", "OldImage"],
    };
    for (const [view, present] of Object.entries(images)) {
      const table = `View_${view}`;
      const arn = await createTable(table, view);
      await put(table, { pk: "1", n: 1 });
      await put(table, { pk: "1", n: 2 });
      const { Streams } = await streams.listStreams({ TableName: table });
      assert.deepEqual(Streams.map((each) => [each.StreamArn, each.TableName]), [[arn, table]]);
      const { StreamDescription } = await streams.describeStream({ StreamArn: arn });
      assert.equal(StreamDescription.StreamStatus, "ENABLED");
      assert.equal(StreamDescription.StreamViewType, view);
      const [shard] = StreamDescription.Shards;
      assert.match(shard.SequenceNumberRange.StartingSequenceNumber, /^\d{21,40}$/);
      const { ShardIterator } = await streams.getShardIterator({
        StreamArn: arn,
        ShardId: shard.ShardId,
        ShardIteratorType: "TRIM_HORIZON",
      });
      const page = await streams.getRecords({ ShardIterator });
      assert.deepEqual(page.Records.map((record) => record.eventName), ["INSERT", "MODIFY"]);
      const { dynamodb, ...record } = page.Records[1];
      assert.equal(record.eventSource, "aws:dynamodb");
      assert.equal(record.userIdentity, undefined);
      assert.deepEqual(dynamodb.Keys, { pk: { S: "1" } });
      assert.ok(dynamodb.ApproximateCreationDateTime instanceof Date);
      assert.match(dynamodb.SequenceNumber, /^\d{21,40}$/);
      assert.ok(dynamodb.SizeBytes > 0);
      assert.deepEqual(["NewImage", "OldImage"].filter((name) => dynamodb[name] !== undefined), present);
      if (dynamodb.NewImage) assert.deepEqual(unmarshall(dynamodb.NewImage), { pk: "1", n: 2 });
      if (dynamodb.OldImage) assert.deepEqual(unmarshall(dynamodb.OldImage), { pk: "1", n: 1 });

      const after = await streams.getShardIterator({
        StreamArn: arn,
        ShardId: shard.ShardId,
        ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
        SequenceNumber: page.Records[0].dynamodb.SequenceNumber,
      });
      const rest = await streams.getRecords(after);
      assert.deepEqual(rest.Records, page.Records.slice(1));
    }
  },

  async amazons_client_knows_the_errors() {
    const arn = await createTable("Errors");
    await assert.rejects(streams.describeStream({ StreamArn: arn.replace("Errors", "Nobody") }), {
      name: "ResourceNotFoundException",
    });
    await assert.rejects(
      streams.getShardIterator({
        StreamArn: arn,
        ShardId: "shardId-00000000000000000000-00000000",
        ShardIteratorType: "LATEST",
      }),
      { name: "ResourceNotFoundException" },
    );
    await assert.rejects(streams.getRecords({ ShardIterator: "forged" }), { name: "ValidationException" });
  },
};

await scenarios[process.argv[2]]();
