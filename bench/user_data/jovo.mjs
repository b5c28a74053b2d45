// What main.cpp beside it measures, with Jovo's framework and its DynamoDB integration on an
// endpoint: whole turns, from request to response, since the integration is made for nothing else.
//
//   jovo.mjs ENDPOINT SECONDS
//
// Prints one JSON object of figures per second. Makes its table, and removes it.
import { createRequire } from 'node:module';
import process from 'node:process';

// The packages are installed, at locked versions, for the tests.
const require = createRequire(new URL('../../tests/interop/jovo/package.json', import.meta.url));
require('reflect-metadata');
const { DynamoDBClient, DeleteTableCommand } = require('@aws-sdk/client-dynamodb');
const { DynamoDb } = require('@jovotech/db-dynamodb');
const { App, JovoSession, Server, TestPlatform } = require('@jovotech/framework');

const [endpoint, secondsText] = process.argv.slice(2);
const seconds = Number(secondsText);
if (!endpoint || !(seconds > 0)) {
  console.error('usage: jovo.mjs ENDPOINT SECONDS');
  process.exit(2);
}

const tableName = 'JovoBenchUsers';
const dynamoDbClient = {
  endpoint, region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
};

class TurnServer extends Server {
  hasWriteFileAccess() { return false; }
  getRequestObject() { return { isTestRequest: true, userId: 'user-1', session: {}, locale: 'en' }; }
  getQueryParams() { return {}; }
  getNativeRequestHeaders() { return {}; }
  setResponseHeaders() {}
  async setResponse() {}
  fail(error) { throw error; }
}

async function start() {
  const app = new App({
    logging: false,
    plugins: [new TestPlatform(), new DynamoDb({
      table: { name: tableName }, libraryConfig: { dynamoDbClient },
      storedElements: { session: { enabled: true }, history: { enabled: true } },
    })],
  });
  app.errorListeners.length = 0;
  let failure;
  app.onError((error) => { failure = error; });
  await app.initialize();
  return { app, failure };
}

await start(); // makes the table, and fails on purpose
const { app, failure } = await start();
if (failure) throw failure;
app.middlewareCollection.disable('interpretation.nlu', 'dialogue.router', 'dialogue.logic', 'response.output');
let visits = 0;
app.hook('request.start', (jovo) => { jovo.$session = new JovoSession({ id: 'session-1' }); });
app.hook('dialogue.start', (jovo) => {
  const { data } = jovo.$user;
  if (jovo.$user.isNew) {
    for (let i = 0; i < 20; i += 1) {
      data[`preference${i}`] = { name: 'a name of some length', value: i, on: i % 2 === 0 };
    }
  }
  visits += 1;
  data.visits = visits;
  jovo.$session.data.step = visits;
  jovo.$output.push({ message: 'Welcome back' });
});

const turn = () => app.handle(new TurnServer());
const warm = performance.now() + seconds * 500; // until the compiler has settled
while (performance.now() < warm) await turn();
const begun = performance.now();
const end = begun + seconds * 1000;
let turns = 0;
let now = begun;
for (; now < end; now = performance.now()) {
  await turn();
  turns += 1;
}
console.log(JSON.stringify({ turn: (turns * 1000) / (now - begun) }));
await new DynamoDBClient(dynamoDbClient).send(new DeleteTableCommand({ TableName: tableName }));
