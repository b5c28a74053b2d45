// The right secret gets in.
import assert from 'node:assert/strict';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { client } from './client.mjs';

assert.ok(Array.isArray((await client.send(new ListTablesCommand({}))).TableNames));
