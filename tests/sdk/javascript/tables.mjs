// A table lives from create to delete.
import assert from 'node:assert/strict';
import {
  CreateTableCommand, DescribeTableCommand, ListTagsOfResourceCommand, ResourceInUseException, ResourceNotFoundException,
  TagResourceCommand, UpdateTableCommand, paginateListTables, waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { client, refusal, tableName, withSongs } from './client.mjs';

await withSongs(async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  assert.equal(Table.TableStatus, 'ACTIVE');
  assert.ok(Table.CreationDateTime instanceof Date);
  assert.equal(Table.GlobalSecondaryIndexes[0].IndexStatus, 'ACTIVE');

  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) names.push(...page.TableNames);
  assert.ok(names.includes(tableName));

  await client.send(new TagResourceCommand({ ResourceArn: Table.TableArn, Tags: [{ Key: 'stage', Value: 'test' }] }));
  const tags = await client.send(new ListTagsOfResourceCommand({ ResourceArn: Table.TableArn }));
  assert.deepEqual(tags.Tags, [{ Key: 'stage', Value: 'test' }]);

  await client.send(new UpdateTableCommand({ TableName: tableName, DeletionProtectionEnabled: true }));
  await client.send(new UpdateTableCommand({ TableName: tableName, DeletionProtectionEnabled: false }));
  await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName: tableName });

  const again = await refusal(client, new CreateTableCommand({
    TableName: tableName, AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], BillingMode: 'PAY_PER_REQUEST',
  }));
  assert.ok(again instanceof ResourceInUseException);
});
const gone = await refusal(client, new DescribeTableCommand({ TableName: tableName }));
assert.ok(gone instanceof ResourceNotFoundException);
assert.equal(gone.message, `Requested resource not found: Table: ${tableName} not found`);
