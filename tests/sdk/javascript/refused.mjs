// A wrong secret does not.
import assert from 'node:assert/strict';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { client, refusal } from './client.mjs';

const error = await refusal(client, new ListTablesCommand({}));
assert.equal(error.name, 'InvalidSignatureException');
assert.equal(error.$metadata.httpStatusCode, 400);
