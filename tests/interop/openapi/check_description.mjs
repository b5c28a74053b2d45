// Is a description OpenAPI 3.1, are its examples as its schemas say, and is what a service answers?
//
//   node check_description.mjs OPENAPI_JSON SERVICE_TESTS [FLAG...]
//
// SERVICE_TESTS is run with DYNAKEEP_EXCHANGES naming a file, to which it appends each request and
// its answer.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const [file, program, ...flags] = process.argv.slice(2);
const description = JSON.parse(readFileSync(file, 'utf8'));

let passed = 0;
let failed = 0;
const check = (what, problem) => {
  if (!problem) return void ++passed;
  ++failed;
  if (failed <= 20) console.log(`FAILED ${what}: ${problem}`);
};

// ---- it is OpenAPI ----

const verdict = await new Validator().validate(structuredClone(description));
check('OpenAPI 3.1', verdict.valid ? '' : JSON.stringify(verdict.errors));

// ---- schemas ----

const ajv = formats.default(new Ajv2020({ allErrors: true, strict: false }));
ajv.addFormat('int64', { type: 'number', validate: Number.isInteger });
ajv.addSchema(description, 'description');

const pointer = path => path.map(part => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
const validators = new Map();
// What is wrong with the value by the schema at that place of the description; '' if nothing is.
const problemOf = (value, ...path) => {
  const place = `description#/${pointer(path).replace(/[{}%]/g, encodeURIComponent)}`;
  if (!validators.has(place)) validators.set(place, ajv.compile({ $ref: place }));
  const validate = validators.get(place);
  return validate(value) ? '' : `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`;
};

// ---- examples ----

const isMedia = (object, path) => 'schema' in object && path.at(-2) === 'content';
const visit = (object, path) => {
  if (object === null || typeof object !== 'object') return;
  if (!Array.isArray(object) && isMedia(object, path) && path.at(-1).endsWith('json')) {
    const examples = Object.entries(object.examples ?? {}).map(([name, { value }]) => [name, value]);
    if ('example' in object) examples.push(['example', object.example]);
    for (const [name, value] of examples) {
      check(`example ${name} of ${pointer(path)}`, problemOf(value, ...path, 'schema'));
    }
  }
  if ('in' in object && 'example' in object) {
    check(`example of ${pointer(path)}`, problemOf(object.example, ...path, 'schema'));
  }
  for (const [name, value] of Object.entries(object)) visit(value, [...path, name]);
};
visit(description, []);
const examples = passed + failed - 1;

// ---- what is answered ----

// The place of a component, or of what stands there itself.
const resolved = path => {
  const object = path.reduce((at, name) => at?.[name], description);
  return object?.$ref ? object.$ref.slice(2).split('/') : path;
};
const at = path => path.reduce((object, name) => object?.[name], description);

const folder = mkdtempSync(join(tmpdir(), 'dynakeep-openapi-'));
const recorded = join(folder, 'exchanges');
const run = spawnSync(program, flags, {
  env: { ...process.env, DYNAKEEP_EXCHANGES: recorded },
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
check('the service tests', run.status === 0 ? '' : run.stdout.split('\n').slice(-20).join('\n'));

let exchanges = 0;
for (const line of readFileSync(recorded, 'utf8').split('\n')) {
  if (line === '') continue;
  ++exchanges;
  const { method, path, request, requestType, status, type, answer } = JSON.parse(line);
  const what = `${method} ${path} ${status}`;
  const operation = ['paths', path, method];
  const response = resolved([...operation, 'responses', String(status)]);
  if (!at(response)) {
    check(what, 'not described');
    continue;
  }
  // (An event stream is no JSON; the examples show it.)
  if (type === 'application/json') {
    check(what, problemOf(JSON.parse(answer), ...response, 'content', type, 'schema'));
  } else {
    check(what, answer !== '' && !at(response).content?.[type] ? `a body of ${type}` : '');
  }
  // What was taken must be what may be sent.
  const content = [...operation, 'requestBody', 'content', requestType];
  if (status < 300 && request !== '' && at(content)) {
    check(`${what}, its request`, problemOf(JSON.parse(request.replace(/^\ufeff/, '')), ...content, 'schema'));
  }
}
rmSync(folder, { recursive: true });
console.log(`${examples} examples, ${exchanges} exchanges`);
check('exchanges', exchanges > 1000 ? '' : 'too few of them');
console.log(`cases: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
