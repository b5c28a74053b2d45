// Paginators over Query and Scan.
import assert from 'node:assert/strict';
import { BatchWriteItemCommand, QueryCommand, ScanCommand, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import { client, tableName, withSongs } from './client.mjs';

const count = 100;
const number = (i) => String(i).padStart(3, '0');

await withSongs(async () => {
  for (let start = 0; start < count; start += 25) {
    const requests = Array.from({ length: 25 }, (_, i) => ({
      PutRequest: {
        Item: {
          artist: { S: 'Nina' }, title: { S: number(start + i) }, genre: { S: (start + i) % 2 ? 'jazz' : 'soul' }, year: { N: String(start + i) },
        },
      },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }));
  }
  const query = {
    TableName: tableName, KeyConditionExpression: 'artist = :a', ExpressionAttributeValues: { ':a': { S: 'Nina' } },
  };
  const titles = [];
  let pages = 0;
  for await (const page of paginateQuery({ client, pageSize: 30 }, { ...query, ScanIndexForward: false })) {
    titles.push(...page.Items.map((item) => item.title.S));
    pages += 1;
  }
  assert.deepEqual(titles, Array.from({ length: count }, (_, i) => number(count - 1 - i)));
  assert.equal(pages, 4);

  const seen = new Set();
  for await (const page of paginateScan({ client, pageSize: 7 }, { TableName: tableName })) {
    for (const item of page.Items) seen.add(item.title.S);
  }
  assert.equal(seen.size, count);

  const jazz = await client.send(new QueryCommand({
    TableName: tableName, IndexName: 'ByGenre', KeyConditionExpression: 'genre = :g AND #y BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#y': 'year' }, ExpressionAttributeValues: { ':g': { S: 'jazz' }, ':from': { N: '10' }, ':to': { N: '20' } },
  }));
  assert.deepEqual(jazz.Items.map((item) => item.year.N), ['11', '13', '15', '17', '19']);

  const filtered = await client.send(new ScanCommand({
    TableName: tableName, FilterExpression: '#y >= :y', ExpressionAttributeNames: { '#y': 'year' }, ExpressionAttributeValues: { ':y': { N: '90' } }, Select: 'COUNT',
  }));
  assert.deepEqual([filtered.Count, filtered.ScannedCount, filtered.Items], [10, count, undefined]);
});
