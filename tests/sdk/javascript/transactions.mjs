// Transactions, their cancellation reasons and tokens.
import assert from 'node:assert/strict';
import {
  IdempotentParameterMismatchException, TransactGetItemsCommand, TransactWriteItemsCommand, TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { client, refusal, tableName, withSongs } from './client.mjs';

const key = (title) => ({ artist: { S: 'Nina' }, title: { S: title } });
const add = (title, by) => ({
  Update: { TableName: tableName, Key: key(title), UpdateExpression: 'ADD n :n', ExpressionAttributeValues: { ':n': { N: String(by) } } },
});
const read = async (...titles) => {
  const Get = titles.map((title) => ({ Get: { TableName: tableName, Key: key(title), ProjectionExpression: 'n' } }));
  return (await client.send(new TransactGetItemsCommand({ TransactItems: Get }))).Responses.map(({ Item }) => Item?.n.N);
};

await withSongs(async () => {
  const ClientRequestToken = 'one token';
  for (let i = 0; i < 3; i += 1) {
    await client.send(new TransactWriteItemsCommand({ TransactItems: [add('a', 1), add('b', -1)], ClientRequestToken }));
  }
  assert.deepEqual(await read('a', 'b', 'c'), ['1', '-1', undefined]);

  const mismatch = await refusal(client, new TransactWriteItemsCommand({ TransactItems: [add('a', 2)], ClientRequestToken }));
  assert.ok(mismatch instanceof IdempotentParameterMismatchException);

  const cancelled = await refusal(client, new TransactWriteItemsCommand({
    TransactItems: [add('a', 1), {
      ConditionCheck: {
        TableName: tableName, Key: key('b'), ConditionExpression: 'n > :n', ExpressionAttributeValues: { ':n': { N: '0' } }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    }],
  }));
  assert.ok(cancelled instanceof TransactionCanceledException);
  assert.deepEqual(cancelled.CancellationReasons.map(({ Code }) => Code), ['None', 'ConditionalCheckFailed']);
  assert.deepEqual(cancelled.CancellationReasons[1].Item, { ...key('b'), n: { N: '-1' } });
  assert.deepEqual(await read('a'), ['1']);
});
