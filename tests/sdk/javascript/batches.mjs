// Batches, sent again until nothing is left unprocessed.
import assert from 'node:assert/strict';
import { BatchGetItemCommand, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { client, tableName, withSongs } from './client.mjs';

async function writeAll(requests) {
  let left = { [tableName]: requests };
  while (Object.keys(left).length > 0) {
    left = (await client.send(new BatchWriteItemCommand({ RequestItems: left }))).UnprocessedItems ?? {};
  }
}

async function readAll(Keys) {
  const found = [];
  let left = { [tableName]: { Keys } };
  let rounds = 0;
  while (Object.keys(left).length > 0) {
    const answer = await client.send(new BatchGetItemCommand({ RequestItems: left }));
    found.push(...(answer.Responses[tableName] ?? []));
    left = answer.UnprocessedKeys ?? {};
    rounds += 1;
  }
  return { found, rounds };
}

const key = (i) => ({ artist: { S: 'large' }, title: { S: `t${i}` } });

await withSongs(async () => {
  // 50 items of 390 KB: 16 MB, what one BatchGetItem answers, is less than all of them.
  const v = { S: 'x'.repeat(390_000) };
  for (let start = 0; start < 50; start += 25) {
    await writeAll(Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { ...key(start + i), v } } })));
  }
  const { found, rounds } = await readAll(Array.from({ length: 50 }, (_, i) => key(i)));
  assert.equal(new Set(found.map((item) => item.title.S)).size, 50);
  assert.equal(rounds, 2);

  await writeAll(Array.from({ length: 25 }, (_, i) => ({ DeleteRequest: { Key: key(i) } })));
  assert.equal((await readAll(Array.from({ length: 50 }, (_, i) => key(i)))).found.length, 25);
});
