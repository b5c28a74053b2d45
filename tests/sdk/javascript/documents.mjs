// lib-dynamodb: items as plain JavaScript values.
import assert from 'node:assert/strict';
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand,
  TransactWriteCommand, UpdateCommand, paginateScan,
} from '@aws-sdk/lib-dynamodb';
import { client, tableName, withSongs } from './client.mjs';

const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
const TableName = tableName;

await withSongs(async () => {
  const song = {
    artist: 'Nina', title: 'Sinnerman', plays: 12.5, live: true, label: null, tags: new Set(['a', 'b']), takes: [1, 'two', { three: [] }], data: new Uint8Array([1, 2, 3]),
  };
  await documents.send(new PutCommand({ TableName, Item: { ...song, gone: undefined } }));
  const Key = { artist: 'Nina', title: 'Sinnerman' };
  assert.deepEqual((await documents.send(new GetCommand({ TableName, Key }))).Item, song);

  const { Attributes } = await documents.send(new UpdateCommand({
    TableName, Key, UpdateExpression: 'SET takes[2].three = list_append(takes[2].three, :new)', ExpressionAttributeValues: { ':new': ['x'] }, ReturnValues: 'ALL_NEW',
  }));
  assert.deepEqual(Attributes.takes, [1, 'two', { three: ['x'] }]);

  await documents.send(new BatchWriteCommand({
    RequestItems: { [TableName]: Array.from({ length: 20 }, (_, i) => ({ PutRequest: { Item: { artist: 'Ella', title: `t${i}`, genre: 'jazz', year: i } } })) },
  }));
  const got = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [Key, { artist: 'Ella', title: 't3' }] } } }));
  assert.equal(got.Responses[TableName].length, 2);

  const { Items } = await documents.send(new QueryCommand({
    TableName, IndexName: 'ByGenre', KeyConditionExpression: 'genre = :g AND #y > :y', ExpressionAttributeNames: { '#y': 'year' }, ExpressionAttributeValues: { ':g': 'jazz', ':y': 17 },
  }));
  assert.deepEqual(Items.map(({ year }) => year), [18, 19]);

  let scanned = 0;
  for await (const page of paginateScan({ client: documents, pageSize: 4 }, { TableName })) scanned += page.Count;
  assert.equal(scanned, 21);

  await documents.send(new TransactWriteCommand({
    TransactItems: [{ Delete: { TableName, Key } }, { Put: { TableName, Item: { artist: 'Etta', title: 'At Last' } } }],
  }));
  assert.equal((await documents.send(new GetCommand({ TableName, Key }))).Item, undefined);
  const deleted = await documents.send(new DeleteCommand({ TableName, Key: { artist: 'Etta', title: 'At Last' }, ReturnValues: 'ALL_OLD' }));
  assert.deepEqual(deleted.Attributes, { artist: 'Etta', title: 'At Last' });
});
