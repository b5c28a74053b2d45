// The event stores of the scenarios, on castore's two adapters.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventStore, EventType } from '@castore/core';
import {
  DynamoDBSingleTableEventStorageAdapter, LegacyDynamoDBEventStorageAdapter,
} from '@castore/event-storage-adapter-dynamodb';

// One try: a scenario that passes because a client tried again has not passed.
export const client = new DynamoDBClient({ endpoint: process.env.ENDPOINT, maxAttempts: 1 });

// Asked for each request, so that one process serves scenarios on tables of their own.
export const tables = { events: process.env.EVENTS_TABLE, legacy: process.env.LEGACY_TABLE };

const singleTable = new DynamoDBSingleTableEventStorageAdapter({ tableName: () => tables.events, dynamoDBClient: client });
const legacyTable = new LegacyDynamoDBEventStorageAdapter({ tableName: () => tables.legacy, dynamoDBClient: client });

const typesOf = {
  ORDERS: ['ORDER_PLACED', 'ORDER_PAID', 'ORDER_SHIPPED'],
  CUSTOMERS: ['CUSTOMER_CREATED', 'CUSTOMER_RENAMED'],
  COUNTERS: ['COUNTED'],
};

function makeStore(eventStoreId, eventStorageAdapter) {
  return new EventStore({
    eventStoreId,
    eventTypes: typesOf[eventStoreId].map((type) => new EventType({ type })),
    reducer: (aggregate, { aggregateId, version, type }) => ({
      aggregateId, version, history: [...(aggregate?.history ?? []), `${version}:${type}`],
    }),
    eventStorageAdapter,
  });
}

const stores = {
  single: Object.fromEntries(Object.keys(typesOf).map((id) => [id, makeStore(id, singleTable)])),
  legacy: Object.fromEntries(Object.keys(typesOf).map((id) => [id, makeStore(id, legacyTable)])),
};

export const storesOf = (format = 'single') => Object.values(stores[format]);

export function storeOf(id, format = 'single') {
  const store = stores[format]?.[id];
  if (store === undefined) throw new Error(`no store ${id} in format ${format}`);
  return store;
}
