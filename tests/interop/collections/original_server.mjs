// What dynamodb-mini's server (0.2.4) asks its tables for, and makes of what it finds: the requests
// and their oddities are on record, the server itself is not to be had. It reads one page, knows no
// conditions, drops what an update or a deletion does not name, and never looks at heads.

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

const collectionsTable = 'dynamomini.collections';
const entriesTable = 'dynamomini.entries';

// The clock is its only source of versions: a write in the millisecond of another's, or below a
// version that is ahead of the clock, would be lost, which is known and not what is asked here.
const newVersion = async () => {
  await wait(5);
  return Date.now();
};

export class OriginalServer {
  constructor(endpoint, application, user) {
    Object.assign(this, { endpoint, application, user });
  }

  async call(operation, request) {
    const answer = await fetch(this.endpoint, {
      method: 'POST',
      body: JSON.stringify(request),
      headers: {
        'X-Amz-Target': `DynamoDB_20120810.${operation}`,
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Date': '20260101T000000Z',
        Authorization:
          'AWS4-HMAC-SHA256 Credential=interop/20260101/us-east-1/dynamodb/aws4_request, ' +
          'SignedHeaders=host, Signature=00',
      },
    });
    const body = await answer.json();
    if (answer.status !== 200) throw new Error(`${operation}: ${JSON.stringify(body)}`);
    return body;
  }

  async rows(table, [partition, value], [sort, prefix]) {
    const { Items } = await this.call('Query', {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: `${partition} = :h and begins_with(${sort}, :p)`,
      ExpressionAttributeValues: { ':h': { S: value }, ':p': { S: prefix } },
    });
    return Items;
  }

  put(table, row) {
    const kept = Object.entries(row).filter(([, text]) => text !== undefined);
    return this.call('PutItem', {
      TableName: table,
      Item: Object.fromEntries(kept.map(([name, text]) => [name, { S: text }])),
    });
  }

  collectionRows(id = '') {
    const prefix = id ? `${this.user}#${id}#` : `${this.user}#`;
    return this.rows(collectionsTable, ['application', this.application],
      ['userCollectionVersion', prefix]);
  }

  async writeCollection(id, name, version, deletedAt) {
    await this.put(collectionsTable, {
      application: this.application,
      userCollectionVersion: `${this.user}#${id}#${version}`,
      name,
      deletedAt,
    });
  }

  async createCollection(name) {
    const id = randomUUID();
    await this.writeCollection(id, name, await newVersion());
    return id;
  }

  async renameCollection(id, name) {
    const newest = (await this.collectionRows(id)).at(-1);
    if (newest.deletedAt) throw new Error('404');
    await this.writeCollection(id, name, await newVersion());
  }

  async deleteCollection(id) {
    const newest = (await this.collectionRows(id)).at(-1);
    if (newest.deletedAt) throw new Error('404');
    const version = newest.userCollectionVersion.S.split('#').at(-1);
    await this.writeCollection(id, newest.name.S, version, new Date().toISOString());
  }

  // Of all entries, as its list has them.
  async entries(collection) {
    const { Items } = await this.call('Query', {
      TableName: entriesTable,
      ConsistentRead: true,
      KeyConditionExpression: 'userCollection = :h',
      ExpressionAttributeValues: { ':h': { S: `${this.user}#${collection}#` } },
    });
    const newest = new Map();
    for (const row of Items) {
      const [id, version] = row.entryVersion.S.split('#');
      newest.set(id, {
        id,
        version: Number(version),
        name: row.name?.S,
        value: row.value && JSON.parse(row.value.S),
        deletedAt: row.deletedAt?.S,
      });
    }
    return [...newest.values()].sort((a, b) => a.version - b.version);
  }

  async writeEntry(collection, id, { name, value }, version, deletedAt) {
    await this.put(entriesTable, {
      userCollection: `${this.user}#${collection}#`,
      entryVersion: `${id}#${version}`,
      name,
      value: value === undefined ? undefined : JSON.stringify(value),
      deletedAt,
    });
  }

  async createEntry(collection, content) {
    const id = randomUUID();
    await this.writeEntry(collection, id, content, await newVersion());
    return id;
  }

  async newestEntry(collection, id) {
    const newest = (await this.entries(collection)).find(each => each.id === id);
    if (!newest || newest.deletedAt) throw new Error('404');
    return newest;
  }

  async updateEntry(collection, id, content) {
    await this.newestEntry(collection, id);
    await this.writeEntry(collection, id, content, await newVersion());
  }

  async deleteEntry(collection, id) {
    const newest = await this.newestEntry(collection, id);
    await this.writeEntry(collection, id, newest, newest.version, new Date().toISOString());
  }
}
