// What main.cpp beside it measures, with castore's own packages on an endpoint:
//
//   castore.mjs ENDPOINT SECONDS
//
// Prints one JSON object of figures per second. Makes its table, and removes it.
import { createRequire } from 'node:module';
import process from 'node:process';

// The packages are installed, at locked versions, for the tests.
const require = createRequire(new URL('../../tests/interop/castore/package.json', import.meta.url));
const { EventStore, EventType } = require('@castore/core');
const { DynamoDBSingleTableEventStorageAdapter } = require('@castore/event-storage-adapter-dynamodb');
const {
  CreateTableCommand, DeleteTableCommand, DynamoDBClient,
} = require('@aws-sdk/client-dynamodb');

const [endpoint, secondsText] = process.argv.slice(2);
const seconds = Number(secondsText);
if (!endpoint || !(seconds > 0)) {
  console.error('usage: castore.mjs ENDPOINT SECONDS');
  process.exit(2);
}

const tableName = 'CastoreBenchEvents';
const client = new DynamoDBClient({
  endpoint, region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
const orders = new EventStore({
  eventStoreId: 'ORDERS',
  eventTypes: [new EventType({ type: 'ORDER_PLACED' }), new EventType({ type: 'LINE_ADDED' })],
  reducer: (order, { aggregateId, version, type, payload }) => (type === 'ORDER_PLACED'
    ? { aggregateId, version, customerId: payload.customerId, lines: 0, total: 0 }
    : { ...order, version, lines: order.lines + 1, total: order.total + payload.price * payload.quantity }),
  eventStorageAdapter: new DynamoDBSingleTableEventStorageAdapter({ tableName, dynamoDBClient: client }),
});

const eventAt = (aggregateId, version) => (version === 1
  ? { aggregateId, version, type: 'ORDER_PLACED', payload: { customerId: 'customer-1', total: 1 } }
  : {
    aggregateId, version, type: 'LINE_ADDED',
    payload: { sku: 'sku-0001', quantity: version % 5, price: 9.5, gift: version % 2 === 0 },
  });

async function perSecond(turn) {
  const warm = performance.now() + seconds * 500; // until the compiler has settled
  while (performance.now() < warm) await turn();
  const start = performance.now();
  const end = start + seconds * 1000;
  let turns = 0;
  let now = start;
  for (; now < end; now = performance.now()) {
    await turn();
    turns += 1;
  }
  return (turns * 1000) / (now - start);
}

const key = (AttributeName, KeyType) => ({ AttributeName, KeyType });
const attribute = (AttributeName, AttributeType) => ({ AttributeName, AttributeType });
await client.send(new CreateTableCommand({
  TableName: tableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [attribute('aggregateId', 'S'), attribute('version', 'N'), attribute('eventStoreId', 'S'),
    attribute('timestamp', 'S')],
  KeySchema: [key('aggregateId', 'HASH'), key('version', 'RANGE')],
  GlobalSecondaryIndexes: [{
    IndexName: 'initialEvents',
    KeySchema: [key('eventStoreId', 'HASH'), key('timestamp', 'RANGE')],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  }],
}));

const figures = {};
let version = 0;
let aggregate = 0;
figures.push = await perSecond(async () => {
  if (version === 10) {
    version = 0;
    aggregate += 1;
  }
  version += 1;
  await orders.pushEvent(eventAt(`pushed-${aggregate}`, version));
});
for (const events of [10, 100, 1000]) {
  const aggregateId = `loaded-${events}`;
  for (let from = 1; from <= events; from += 100) {
    const group = [];
    for (let v = from; v < from + 100 && v <= events; v += 1) group.push(orders.groupEvent(eventAt(aggregateId, v)));
    await EventStore.pushEventGroup(...group);
  }
  figures[`load ${events}`] = await perSecond(async () => {
    const { aggregate: order } = await orders.getExistingAggregate(aggregateId);
    if (order.version !== events) throw new Error('another aggregate');
  });
}
await client.send(new DeleteTableCommand({ TableName: tableName }));
console.log(JSON.stringify(figures));
client.destroy();
