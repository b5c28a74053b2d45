// What programs written for dynamodb-mini do, against our server: with its client in Node.js and in
// a browser of another origin, and with its server beside ours on the same tables.
//
//   DYNAKEEP_PROGRAM=… node scenarios.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import dynamomini from './client.mjs';
import { OriginalServer } from './original_server.mjs';

const key = 'my-api-key';
let users = 0;
const freshUser = () => `user-${++users}`;
const names = list => list.map(each => each.name);
const rejected = async (promise, message) => {
  const error = await promise.then(() => assert.fail(`${message} expected`), error => error);
  assert.equal(error.message, message);
  return error;
};
const failed = status => `Error: Request failed with status code ${status}`;

// ---- the client ----

const scenarios = {
  async 'C1 the factory names the option that is missing'(of) {
    assert.throws(() => dynamomini({ baseURL: of.endpoint }), /^Error: Missing a required parameter 'apiSecret'$/);
    assert.throws(() => dynamomini({ apiSecret: key }), /^Error: Missing a required parameter 'baseURL'$/);
  },

  async 'C2 the base URL may end as it likes'(of) {
    for (const end of ['', '/', '/api']) {
      const store = of.store({ baseURL: of.endpoint + end });
      assert.deepEqual(await store.getCollections({ user: freshUser() }), []);
    }
  },

  async 'C3 a wrong secret is told by its status'(of) {
    await rejected(of.store({ apiSecret: 'wrong' }).getCollections(), failed(401));
  },

  async 'C4 adding a collection twice makes one'(of) {
    const user = freshUser();
    const first = await of.store().addCollection({ user, name: 'posts' });
    const again = await of.store().addCollection({ user, name: 'posts' });
    assert.equal(first.meta.collection, again.meta.collection);
    assert.equal((await of.store().getCollections({ user })).length, 1);
    assert.equal(first.meta.application, 'test-app');
    assert.equal(first.meta.user, user);
    assert.equal(typeof first.meta.version, 'number');
    assert.equal(first.deletedAt, null);
    assert.equal(first.name, 'posts');
  },

  async 'C5 collections are listed in the order of their creation'(of) {
    const user = freshUser();
    for (const name of ['posts', 'drafts', 'archive']) await of.store().addCollection({ user, name });
    assert.deepEqual(names(await of.store().getCollections({ user })), ['posts', 'drafts', 'archive']);
  },

  async 'C6 all users of the application, and no other application'(of) {
    const [user, other] = [freshUser(), freshUser()];
    await of.store().addCollection({ user, name: 'a' });
    await of.store().addCollection({ user: other, name: 'b' });
    await of.store({ apiSecret: 'other-key' }).addCollection({ user, name: 'theirs' });
    const all = await of.store().getCollections();
    assert.deepEqual(names(all.filter(each => each.meta.user === user)), ['a']);
    assert.deepEqual(names(all.filter(each => each.meta.user === other)), ['b']);
    assert(all.every(each => each.meta.application === 'test-app'));
    assert.deepEqual(names(await of.store({ apiSecret: 'other-key' }).getCollections()), ['theirs']);
  },

  async 'C7 creating an entry gives the bare answer'(of) {
    const posts = await of.posts();
    const answer = await posts.createEntry({ name: 'post', value: { a: 1 } });
    assert.equal(answer.status, 201);
    assert.equal(answer.data, '');
    await rejected(posts.createEntry({}), failed(400));
  },

  async 'C8 adding an entry twice keeps the first'(of) {
    const posts = await of.posts();
    const value = { body: 'om my gosh', bg: { img: 'pic.png' }, happinessIndex: 9 };
    for (const given of [value, { other: true }]) {
      assert.deepEqual((await posts.addEntry({ name: 'post', value: given })).value, value);
    }
    assert.equal((await posts.getEntries()).length, 1);
  },

  async 'C9 an entry comes in an array, an unknown one as the library tells it'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'post', value: { a: 1 } });
    const found = await posts.getEntry({ entry: entry.meta.entry });
    assert.equal(found.length, 1);
    assert.deepEqual(found[0].value, { a: 1 });
    const error = await rejected(posts.getEntry({ entry: 'unknown' }), 'Request failed with status code 404');
    assert.equal(error.response.status, 404);
  },

  async 'C10 an update is the new name and value'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'post', value: { a: 1 } });
    const answer = await entry.update({ name: 'new', value: { b: 2 } });
    assert.equal(answer.status, 200);
    assert.equal(answer.data, '');
    const [found] = await posts.getEntry({ entry: entry.meta.entry });
    assert.deepEqual([found.name, found.value], ['new', { b: 2 }]);
  },

  async 'C11 an update of the name leaves the value'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'post', value: { a: 1 } });
    await entry.update({ name: 'new' });
    const [found] = await posts.getEntry({ entry: entry.meta.entry });
    assert.deepEqual([found.name, found.value], ['new', { a: 1 }]);
  },

  async 'C12 the filter all gives the whole history'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'one', value: { a: 1 } });
    await entry.update({ name: 'two' });
    await entry.update({ name: 'three' });
    assert.deepEqual(names(await posts.getEntry({ entry: entry.meta.entry, filter: 'all' })), ['one', 'two', 'three']);
  },

  async 'C13 what is destroyed is gone, but current'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'post', value: { a: 1 } });
    await entry.destroy();
    assert.deepEqual(await posts.getEntries(), []);
    assert.deepEqual(names(await posts.getEntries({ filter: 'current' })), ['post']);
    await rejected(entry.destroy(), failed(404));
    await rejected(entry.update({ name: 'new' }), failed(404));
  },

  async 'C14 the name of a destroyed entry is free'(of) {
    const posts = await of.posts();
    const entry = await posts.addEntry({ name: 'post', value: { a: 1 } });
    await entry.destroy();
    const again = await posts.addEntry({ name: 'post', value: { a: 2 } });
    assert.notEqual(again.meta.entry, entry.meta.entry);
  },

  async 'C15 a renamed collection keeps its entries'(of) {
    const posts = await of.posts();
    await posts.addEntry({ name: 'post', value: { a: 1 } });
    await posts.update({ name: 'renamed' });
    const [found, ...others] = await of.store().getCollections({ user: posts.meta.user });
    assert.deepEqual(others, []);
    assert.equal(found.name, 'renamed');
    assert.equal(found.meta.collection, posts.meta.collection);
    assert.deepEqual(names(await found.getEntries()), ['post']);
  },

  async 'C16 a destroyed collection is gone, but current'(of) {
    const posts = await of.posts();
    const { user } = posts.meta;
    await posts.destroy();
    assert.deepEqual(await of.store().getCollections({ user }), []);
    const [found] = await of.store().getCollections({ user, filter: 'current' });
    assert.equal(found.meta.collection, posts.meta.collection);
    assert.equal(found.deletedAt, null);
    await rejected(posts.destroy(), failed(404));
  },
};

// A client's surroundings: where the server is, and how it is reached.
const clientOf = (endpoint, axiosOptions) => ({
  endpoint,
  store: options => dynamomini({ apiSecret: key, baseURL: endpoint, axiosOptions, ...options }),
  posts() {
    return this.store().addCollection({ user: freshUser(), name: 'posts' });
  },
});

// Between a browser and the server, to see what the browser sends: C17.
const startWitness = async endpoint => {
  const preflights = [];
  const server = createServer((incoming, outgoing) => {
    const forward = send(endpoint + incoming.url, { method: incoming.method, headers: incoming.headers }, answer => {
      if (incoming.method === 'OPTIONS') {
        preflights.push({ status: answer.statusCode, key: incoming.headers['x-api-key'] });
      }
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  await new Promise(listening => server.listen(0, '127.0.0.1', listening));
  return { endpoint: `http://127.0.0.1:${server.address().port}`, preflights, stop: () => server.close() };
};

const browserOf = endpoint => {
  const { window } = new JSDOM('', { url: 'http://elsewhere.example/' });
  const { document, navigator, XMLHttpRequest } = window;
  Object.assign(globalThis, { window, document, navigator, XMLHttpRequest });
  window.console.error = () => {};  // what is refused is told by the error
  const adapter = createRequire(import.meta.url)('axios/lib/adapters/xhr');
  return clientOf(endpoint, { adapter });
};

// ---- the server ----

const beside = {
  async 'D-6 each server finds what the other did to entries'(of) {
    const posts = await of.posts();
    const { collection, user } = posts.meta;
    const original = new OriginalServer(of.endpoint, 'test-app', user);
    const theirs = await original.createEntry(collection, { name: 'theirs', value: { n: 1 } });
    const ours = (await posts.addEntry({ name: 'ours', value: { n: 1 } })).meta.entry;
    let count = 1;
    for (const id of [theirs, ours]) {
      const [entry] = await posts.getEntry({ entry: id });
      const { name } = entry;
      for (let round = 0; round < 4; ++round) {
        await original.updateEntry(collection, id, { name, value: { n: ++count } });
        assert.deepEqual((await posts.getEntry({ entry: id }))[0].value, { n: count });
        await entry.update({ value: { n: ++count } });
        const seen = (await original.entries(collection)).find(each => each.id === id);
        assert.deepEqual([seen.name, seen.value], [name, { n: count }]);
      }
      const all = await posts.getEntry({ entry: id, filter: 'all' });
      assert.equal(all.length, 9);
    }
    await original.deleteEntry(collection, theirs);
    await (await posts.getEntry({ entry: ours }))[0].destroy();
    assert.deepEqual(await posts.getEntries(), []);
    const left = await original.entries(collection);
    assert.equal(left.length, 2);
    assert(left.every(each => each.deletedAt));
    await assert.rejects(original.updateEntry(collection, ours, { name: 'x' }), /404/);
    const error = await rejected(posts.getEntry({ entry: theirs }), 'Request failed with status code 404');
    assert.equal(error.response.status, 404);
  },

  async 'D-6 and to collections'(of) {
    const posts = await of.posts();
    const { collection, user } = posts.meta;
    const original = new OriginalServer(of.endpoint, 'test-app', user);
    const theirs = await original.createCollection('theirs');
    assert.deepEqual(names(await of.store().getCollections({ user })).sort(), ['posts', 'theirs']);
    await original.renameCollection(collection, 'by them');
    const [found] = (await of.store().getCollections({ user })).filter(each => each.meta.collection === collection);
    assert.equal(found.name, 'by them');
    await found.update({ name: 'by us' });
    assert.equal((await original.collectionRows(collection)).at(-1).name.S, 'by us');
    const [another] = (await of.store().getCollections({ user })).filter(each => each.meta.collection === theirs);
    await another.addEntry({ name: 'post', value: { a: 1 } });
    await another.destroy();
    await assert.rejects(original.renameCollection(theirs, 'x'), /404/);
    await original.deleteCollection(collection);
    assert.deepEqual(await of.store().getCollections({ user }), []);
    await rejected(found.update({ name: 'x' }), failed(404));
  },

  async 'D-6 revisions count what the other server wrote'(of) {
    const posts = await of.posts();
    const { collection, user } = posts.meta;
    const original = new OriginalServer(of.endpoint, 'test-app', user);
    const entry = await posts.addEntry({ name: 'post', value: { n: 1 } });
    await original.updateEntry(collection, entry.meta.entry, { name: 'post', value: { n: 2 } });
    await original.updateEntry(collection, entry.meta.entry, { name: 'post', value: { n: 3 } });
    const { headers } = await entry.update({ value: { n: 4 } });
    assert.equal(headers['x-revision'], '4');
  },

  async 'D-2 text as other programs write it is read, updated and deleted'(of) {
    const posts = await of.posts();
    const { collection, user } = posts.meta;
    const original = new OriginalServer(of.endpoint, 'test-app', user);
    await original.put('dynamomini.entries', {
      userCollection: `${user}#${collection}#`,
      entryVersion: `0ea4da3e-e618-4f5b-9171-3c4907d850b6#${Date.now()}`,
      name: 'by hand',
      value: ' { "a" : [ 1 , 2 ] ,\n "b" : "x y" } ',
    });
    const [entry] = await posts.getEntries();
    assert.deepEqual(entry.value, { a: [1, 2], b: 'x y' });
    await entry.update({ name: 'renamed' });
    assert.deepEqual((await posts.getEntries())[0].value, { a: [1, 2], b: 'x y' });
    await entry.destroy();
    assert.deepEqual(await posts.getEntries(), []);
  },
};

// ---- running ----

const startServer = async folder => {
  const file = join(folder, 'api-keys.json');
  const records = [['test-app', key], ['other-app', 'other-key']];
  writeFileSync(file, JSON.stringify(records.map(([application, secret]) => ({ application, key: secret }))), { mode: 0o600 });
  const server = spawn(process.env.DYNAKEEP_PROGRAM,
    ['serve', '--port', '0', '--in-memory', '--collections', '--api-keys', file],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH } });
  process.on('exit', () => server.kill('SIGKILL'));  // however it comes to that
  let said = '';
  for await (const text of server.stdout) {
    said += text;
    const found = / on (http:\/\/[0-9.]+:\d+)/.exec(said);
    if (found) return { endpoint: found[1], stop: () => server.kill('SIGTERM') };
  }
  throw new Error(`the server did not start: ${said}`);
};

let passed = 0;
let broken = 0;
const run = async (where, all, of) => {
  for (const [name, scenario] of Object.entries(all)) {
    try {
      await scenario(of);
      ++passed;
      console.log(`ok      ${where}: ${name}`);
    } catch (error) {
      ++broken;
      console.log(`broken  ${where}: ${name}\n${error.stack}`);
    }
  }
};

const folder = mkdtempSync(join(tmpdir(), 'dynakeep-interop-'));
try {
  let server = await startServer(folder);
  await run('Node.js', { ...scenarios, ...beside }, clientOf(server.endpoint));
  server.stop();
  server = await startServer(folder);
  const witness = await startWitness(server.endpoint);
  await run('browser', scenarios, browserOf(witness.endpoint));
  await run('browser', {
    async 'C17 each preflight is answered 204, without a key'() {
      assert(witness.preflights.length > 50, `${witness.preflights.length} preflights`);
      assert(witness.preflights.every(({ status, key: sent }) => status === 204 && sent === undefined));
    },
  });
  witness.stop();
  server.stop();
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`cases: ${passed} passed, ${broken} failed`);
process.exit(broken === 0 ? 0 : 1);
