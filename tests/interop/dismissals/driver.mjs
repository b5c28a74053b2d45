// The JavaScript side: the requests that Dismissible's DynamoDB adapter (3.1.1) sends, by Amazon's
// document client, which it uses. Checks in memory and writes without conditions are its own.
//
// A call a line on standard input, as JSON: operation, table, user, item or items, and now. A line
// for each on standard output: {"ok": …} or {"error": …}. The C++ side is the same.
import { createInterface } from 'node:readline';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: process.env.ENDPOINT }));

const told = ({ userId, id, createdAt, dismissedAt }) => ({
  itemId: id, userId, createdAt: new Date(createdAt).toISOString(),
  ...(dismissedAt ? { dismissedAt: new Date(dismissedAt).toISOString() } : {}),
});

async function stored({ table, user, item }) {
  return (await client.send(new GetCommand({ TableName: table, Key: { userId: user, id: item } }))).Item;
}

async function setDismissedAt({ table, user, item }, dismissedAt) {
  await client.send(new UpdateCommand({
    TableName: table, Key: { userId: user, id: item }, UpdateExpression: 'SET dismissedAt = :dismissedAt',
    ExpressionAttributeValues: { ':dismissedAt': dismissedAt },
  }));
}

async function changed(call, isDismissed, dismissedAt) {
  const item = await stored(call);
  if (!item) throw new Error(`Item with id "${call.item}" not found`);
  if (Boolean(item.dismissedAt) === isDismissed) {
    throw new Error(`Item with id "${call.item}" is ${isDismissed ? 'already' : 'not'} dismissed`);
  }
  await setDismissedAt(call, dismissedAt);
  return told({ ...item, dismissedAt });
}

const operations = {
  async get(call) {
    const item = await stored(call);
    return item ? told(item) : null;
  },
  async getMany({ table, user, items }) {
    const answer = await client.send(new BatchGetCommand({
      RequestItems: { [table]: { Keys: items.map((id) => ({ userId: user, id })) } },
    }));
    return Object.fromEntries(answer.Responses[table].map((item) => [item.id, told(item)]));
  },
  async create({ table, user, item, now }) {
    const Item = { userId: user, id: item, createdAt: now, dismissedAt: null };
    await client.send(new PutCommand({ TableName: table, Item }));
    return told(Item);
  },
  dismiss: (call) => changed(call, true, call.now),
  restore: (call) => changed(call, false, null),
  async remove({ table, user, item }) {
    await client.send(new DeleteCommand({ TableName: table, Key: { userId: user, id: item } }));
    return null;
  },
  async removeAll({ table }) {
    const { Items } = await client.send(new ScanCommand({ TableName: table }));
    for (let first = 0; first < Items.length; first += 25) {
      const requests = Items.slice(first, first + 25).map(({ userId, id }) => ({ DeleteRequest: { Key: { userId, id } } }));
      await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
    }
    return null;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: await operations[call.operation](call) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}
