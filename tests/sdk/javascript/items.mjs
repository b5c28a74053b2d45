// An item lives from put to delete.
import assert from 'node:assert/strict';
import {
  ConditionalCheckFailedException, DeleteItemCommand, GetItemCommand, PutItemCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { client, refusal, tableName, withSongs } from './client.mjs';

const Key = { artist: { S: 'Nina' }, title: { S: 'Sinnerman' } };
const Item = {
  ...Key, n: { N: '12.50' }, b: { B: new Uint8Array([0, 1, 255]) }, yes: { BOOL: true }, nothing: { NULL: true },
  ss: { SS: ['a', 'b'] }, ns: { NS: ['1', '2'] }, l: { L: [{ S: 'x' }, { M: {} }] }, m: { M: { k: { S: 'ünï𝄞' } } },
};

await withSongs(async () => {
  await client.send(new PutItemCommand({ TableName: tableName, Item, ConditionExpression: 'attribute_not_exists(artist)' }));
  const refused = await refusal(client, new PutItemCommand({
    TableName: tableName, Item, ConditionExpression: 'attribute_not_exists(artist)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }));
  assert.ok(refused instanceof ConditionalCheckFailedException);
  assert.equal(refused.message, 'The conditional request failed');
  assert.equal(refused.$metadata.httpStatusCode, 400);
  assert.deepEqual(refused.Item, { ...Item, n: { N: '12.5' } });

  const read = await client.send(new GetItemCommand({ TableName: tableName, Key, ReturnConsumedCapacity: 'TOTAL' }));
  assert.deepEqual(read.Item, { ...Item, n: { N: '12.5' } });
  assert.equal(read.ConsumedCapacity.CapacityUnits, 0.5);

  const updated = await client.send(new UpdateItemCommand({
    TableName: tableName, Key, UpdateExpression: 'SET n = n + :d REMOVE b, l[0] ADD ss :s DELETE ns :t',
    ExpressionAttributeValues: { ':d': { N: '0.5' }, ':s': { SS: ['c'] }, ':t': { NS: ['2'] } }, ReturnValues: 'UPDATED_NEW',
  }));
  assert.equal(updated.Attributes.n.N, '13');
  assert.deepEqual(updated.Attributes.ns, { NS: ['1'] });

  const deleted = await client.send(new DeleteItemCommand({ TableName: tableName, Key, ReturnValues: 'ALL_OLD' }));
  assert.deepEqual(deleted.Attributes.l, { L: [{ M: {} }] });
  assert.equal((await client.send(new GetItemCommand({ TableName: tableName, Key }))).Item, undefined);
});
