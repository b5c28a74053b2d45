// Reads an export from stdin line by line, has the SDK's unmarshaller make a value of each item, and its marshaller
// the item of that again, which must be the same. Prints the values as JSON lines.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

// As the SDK has them: binaries are bytes, sets are Sets, numbers of 38 digits are wrapped.
const shown = (_, value) => {
  if (value instanceof Set) return { set: [...value] };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  return value;
};

// DynamoDB JSON has base64 where the SDK has bytes.
const withBytes = (value) => {
  const [[type, content]] = Object.entries(value);
  if (type === 'B') return { B: Uint8Array.from(Buffer.from(content, 'base64')) };
  if (type === 'BS') return { BS: content.map((each) => Uint8Array.from(Buffer.from(each, 'base64'))) };
  if (type === 'L') return { L: content.map(withBytes) };
  if (type === 'M') return { M: itemWithBytes(content) };
  return value;
};
const itemWithBytes = (item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, withBytes(value)]));

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { Item, ...others } = JSON.parse(line);
  assert.deepEqual(others, {});
  const item = itemWithBytes(Item);
  const value = unmarshall(item, { wrapNumbers: true });
  assert.deepEqual(marshall(value), item);
  console.log(JSON.stringify(value, shown));
}
