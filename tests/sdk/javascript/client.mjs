// What the programs share: a client of the server at $ENDPOINT, and tables of their own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand, DeleteTableCommand, DynamoDBClient, waitUntilTableExists, waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';

// One try: a test that passes because a client tried again has not passed.
export const client = new DynamoDBClient({ endpoint: process.env.ENDPOINT, maxAttempts: 1 });

export const tableName = `Table-${randomUUID().slice(0, 13)}`;

// Makes a table of partition key `artist` and sort key `title`, with an index by genre and year;
// deletes it when the program's work is done.
export async function withSongs(work) {
  await client.send(new CreateTableCommand({
    TableName: tableName,
    AttributeDefinitions: [
      { AttributeName: 'artist', AttributeType: 'S' }, { AttributeName: 'title', AttributeType: 'S' },
      { AttributeName: 'genre', AttributeType: 'S' }, { AttributeName: 'year', AttributeType: 'N' },
    ],
    KeySchema: [{ AttributeName: 'artist', KeyType: 'HASH' }, { AttributeName: 'title', KeyType: 'RANGE' }],
    GlobalSecondaryIndexes: [{
      IndexName: 'ByGenre', Projection: { ProjectionType: 'ALL' },
      KeySchema: [{ AttributeName: 'genre', KeyType: 'HASH' }, { AttributeName: 'year', KeyType: 'RANGE' }],
    }],
    BillingMode: 'PAY_PER_REQUEST',
  }));
  const waiter = { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  assert.equal((await waitUntilTableExists(waiter, { TableName: tableName })).state, 'SUCCESS');
  await work();
  await client.send(new DeleteTableCommand({ TableName: tableName }));
  assert.equal((await waitUntilTableNotExists(waiter, { TableName: tableName })).state, 'SUCCESS');
}

// The error that `command` ends with.
export async function refusal(sender, command) {
  try {
    await sender.send(command);
  } catch (error) {
    return error;
  }
  return assert.fail(`${command.constructor.name} was not refused`);
}
