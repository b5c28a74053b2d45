// One operation of castore's interface at a time, as JSON in and JSON out.
import { EventStore, NotificationMessageQueue } from '@castore/core';
import { ImageParser } from '@castore/event-storage-adapter-dynamodb';
import { pourEventStoreCollectionEvents, pourEventStoreEvents } from '@castore/lib-dam';
import { storeOf, storesOf, tables } from './stores.mjs';

// What a replay publishes, in order.
async function messagesOf(pour) {
  const messages = [];
  const publishMessage = async (message, options) => {
    messages.push({ ...message, replay: options?.replay === true });
  };
  const queue = new NotificationMessageQueue({
    messageQueueId: 'REPLAYED', sourceEventStores: storesOf(), messageQueueAdapter: { publishMessage },
  });
  await pour(queue);
  return messages;
}

const operations = {
  getEvents: ({ store, format, aggregateId, options }) => storeOf(store, format).getEvents(aggregateId, options),

  getAggregate: ({ store, format, aggregateId, options }) => storeOf(store, format).getAggregate(aggregateId, options),

  getExistingAggregate: ({ store, format, aggregateId, options }) =>
    storeOf(store, format).getExistingAggregate(aggregateId, options),

  pushEvent: ({ store, format, event, options }) => storeOf(store, format).pushEvent(event, options),

  pushEventGroup: ({ events, options = {} }) =>
    EventStore.pushEventGroup(options, ...events.map(({ store, format, event }) => storeOf(store, format).groupEvent(event))),

  listAggregateIds: ({ store, format, options }) => storeOf(store, format).listAggregateIds(options),

  parseImage: ({ image }) => new ImageParser({ sourceEventStores: storesOf() }).parseImage(image),

  replay: ({ stores, filters }) => messagesOf((messageChannel) => (stores.length === 1
    ? pourEventStoreEvents({ eventStore: storeOf(stores[0]), messageChannel, filters })
    : pourEventStoreCollectionEvents({ eventStores: stores.map((id) => storeOf(id)), messageChannel, filters }))),
};

// {"ok": what it gave} or {"error": what it failed with}.
export async function call({ operation, tables: use = {}, ...input }) {
  Object.assign(tables, use);
  try {
    if (!Object.hasOwn(operations, operation)) throw new Error(`no operation ${operation}`);
    return { ok: await operations[operation](input) };
  } catch ({ name, message, code, eventStoreId, aggregateId, version }) {
    return { error: { name, message, code, eventStoreId, aggregateId, version } };
  }
}
