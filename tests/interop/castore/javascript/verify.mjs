// Checks both tables against the dataset: each item attribute by attribute, then what castore reads.
import assert from 'node:assert/strict';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { client, storeOf, tables } from './stores.mjs';

// A number by its value: sign, digits without zeros at either end, and power of ten.
function numberValue(text) {
  const [, sign, whole, fraction = '', exponent = '0'] = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign === '-' ? '-' : ''}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

// What the item of a value of JSON looks like; written again here, without the code under test.
function expectedValue(value) {
  if (value === null) return { NULL: true };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'number') return { N: numberValue(String(value)) };
  if (typeof value === 'string') return { S: value };
  if (Array.isArray(value)) return { L: value.map(expectedValue) };
  return { M: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expectedValue(member)])) };
}

// An attribute value as the service gave it, its numbers by their values.
function normalised(value) {
  if ('N' in value) return { N: numberValue(value.N) };
  if ('L' in value) return { L: value.L.map(normalised) };
  if ('M' in value) return { M: Object.fromEntries(Object.entries(value.M).map(([name, member]) => [name, normalised(member)])) };
  return value;
}

function expectedItem(store, { aggregateId, version, type, timestamp, ...rest }, format) {
  const initial = format === 'single' ? { eventStoreId: { S: store } } : { isInitialEvent: { N: numberValue('1') } };
  return {
    aggregateId: { S: format === 'single' ? `${store}#${aggregateId}` : aggregateId },
    version: { N: numberValue(String(version)) },
    type: { S: type },
    timestamp: { S: timestamp },
    ...('payload' in rest && { payload: expectedValue(rest.payload) }),
    ...('metadata' in rest && { metadata: expectedValue(rest.metadata) }),
    ...(version === 1 && initial),
  };
}

const byKey = (items) => new Map(items.map((item) => [`${item.aggregateId.S} ${item.version.N}`, item]));

async function verifyItems(dataset, format) {
  const stored = [];
  const TableName = format === 'single' ? tables.events : tables.legacy;
  for await (const { Items } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
    stored.push(...Items.filter(({ aggregateId: { S } }) => !S.startsWith('COUNTERS#') && !S.startsWith('counter-')));
  }
  const found = stored.map((item) => normalised({ M: item }).M);
  const expected = dataset.events.filter(({ store }) => format === 'single' || store === 'ORDERS')
    .map(({ store, event }) => expectedItem(store, event, format));
  assert.deepEqual(byKey(found), byKey(expected));
  assert.equal(found.length, expected.length);
}

async function verifyAggregates(store, events) {
  for (const aggregateId of new Set(events.map((event) => event.aggregateId))) {
    const expected = events.filter((event) => event.aggregateId === aggregateId).sort((a, b) => a.version - b.version);
    assert.deepEqual((await store.getEvents(aggregateId)).events, expected);
    assert.deepEqual((await store.getEvents(aggregateId, { reverse: true })).events, expected.slice().reverse());
    const { aggregate } = await store.getAggregate(aggregateId);
    assert.deepEqual(aggregate, {
      aggregateId,
      version: expected.at(-1).version,
      history: expected.map(({ version, type }) => `${version}:${type}`),
    });
  }
}

// Every id that has a version 1, by its timestamp; which of two with one timestamp comes first is
// not said, but is the same each time.
async function verifyListing(store, events) {
  const expected = events.filter(({ version }) => version === 1)
    .map(({ aggregateId, timestamp }) => ({ aggregateId, initialEventTimestamp: timestamp }))
    .sort((a, b) => (a.initialEventTimestamp < b.initialEventTimestamp ? -1 : 1));
  const unpaged = (await store.listAggregateIds()).aggregateIds
    .filter(({ aggregateId }) => !aggregateId.startsWith('counter-'));
  assert.deepEqual(unpaged.map((row) => row.initialEventTimestamp), expected.map((row) => row.initialEventTimestamp));
  assert.deepEqual(new Set(unpaged.map(JSON.stringify)), new Set(expected.map(JSON.stringify)));

  for (const reverse of [false, true]) {
    for (const limit of [undefined, 1, 3]) {
      const listed = [];
      let pageToken;
      do {
        const page = await store.listAggregateIds({ limit, reverse, pageToken });
        assert.ok(limit === undefined || page.aggregateIds.length <= limit);
        listed.push(...page.aggregateIds);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      const seen = listed.filter(({ aggregateId }) => !aggregateId.startsWith('counter-'));
      assert.deepEqual(seen, reverse ? unpaged.slice().reverse() : unpaged);
    }
  }
}

export async function verify(dataset) {
  await verifyItems(dataset, 'single');
  await verifyItems(dataset, 'legacy');
  for (const [id, format] of [...dataset.stores.map((store) => [store, 'single']), ['ORDERS', 'legacy']]) {
    const events = dataset.events.filter(({ store }) => store === id).map(({ event }) => event);
    await verifyAggregates(storeOf(id, format), events);
    await verifyListing(storeOf(id, format), events);
  }
}
