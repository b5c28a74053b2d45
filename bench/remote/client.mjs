// What a call through the AWS SDK for JavaScript costs; flags and figures are those of main.cpp.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

// The SDK is installed, at locked versions, for the tests.
const require = createRequire(new URL('../../tests/sdk/package.json', import.meta.url));
const { DynamoDBClient, GetItemCommand, PutItemCommand } = require('@aws-sdk/client-dynamodb');

const { values: options } = parseArgs({
  options: {
    endpoint: { type: 'string' }, operation: { type: 'string' }, item: { type: 'string' },
    seconds: { type: 'string' }, connections: { type: 'string' }, items: { type: 'string' },
    key: { type: 'string' }, secret: { type: 'string' },
  },
});
const item = JSON.parse(readFileSync(options.item, 'utf8'));
const items = Number(options.items);
const client = new DynamoDBClient({
  endpoint: options.endpoint, region: 'us-east-1', maxAttempts: 1,
  credentials: { accessKeyId: options.key, secretAccessKey: options.secret },
});

const nameOf = (turn) => `song-${String(turn % items).padStart(10, '0')}`;
const calls = {
  get: async (turn) => {
    const { Item } = await client.send(new GetItemCommand({ TableName: 'Songs', Key: { name: { S: nameOf(turn) } } }));
    if (Item.title.S !== item.title.S) throw new Error('another item');
  },
  put: async (turn) => {
    const changed = { ...item, name: { S: nameOf(turn) }, plays: { N: String(turn) } };
    await client.send(new PutItemCommand({ TableName: 'Songs', Item: changed }));
  },
};
const call = calls[options.operation];

let turn = 0;
async function callUntil(end, latencies) {
  for (let now = performance.now(); now < end;) {
    await call(turn++);
    const after = performance.now();
    latencies.push((after - now) * 1000);
    now = after;
  }
}

async function run(seconds) {
  const latencies = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(Array.from({ length: Number(options.connections) }, () => callUntil(end, latencies)));
  return latencies;
}

while (turn < 5000) await run(1); // until the compiler and the collector have settled
const before = process.cpuUsage();
const latencies = await run(Number(options.seconds));
const used = process.cpuUsage(before); // of all threads: the collector's as well
latencies.sort((a, b) => a - b);
const percentile = (share) => Math.round(latencies[Math.floor(share * (latencies.length - 1))]);
console.log(JSON.stringify({
  calls: latencies.length, cpu_us: (used.user + used.system) / latencies.length,
  p50_us: percentile(0.5), p99_us: percentile(0.99),
}));
client.destroy();
