// The scenarios' JavaScript side: Jovo's framework with its DynamoDB integration, on the endpoint
// at $ENDPOINT. One JSON request a line, one answer a line, until the input ends:
//
//   {"turn": {…}}    a turn of the application, from request to response; what it was given to work
//                    on, as DynamoDB JSON, or {"error": message}
//
// Of a turn: `config` of the integration; `now` (milliseconds) at its beginning and `later` at its
// save; `userId`; `session` as the platform has it; and what the application does: `user` (a new
// object) or `set` and `remove` (members), `samples` (a value of each kind, see below), `sessionData`,
// `state`, `output` (texts).
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { marshall } from '@aws-sdk/util-dynamodb';
import db from '@jovotech/db-dynamodb';
import framework from '@jovotech/framework';

const { App, JovoSession } = framework;
const { TestPlatform } = framework;

// Time stands still but when a scenario says otherwise: the items of both languages are compared
// with their times in them.
const RealDate = Date;
let now = RealDate.now();
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now);
    else super(...parts);
  }
  static now() {
    return now;
  }
};

class Point {
  constructor() {
    this.x = 1;
    this.none = undefined;
  }
  length() {
    return 1;
  }
}

// What marshalling makes something of, each under a name of its own.
const samples = () => ({
  text: 'Grüße', empty: '', whole: 42, negative: -1, fraction: 1.5, third: 1 / 3, small: 1e-7, zero: -0,
  largest: Number.MAX_SAFE_INTEGER, big: 12345678901234567890123456789012345678n,
  yes: true, no: false, nothing: null, missing: undefined, method() {},
  list: [1, undefined, 'two', () => 3], none: [], map: { 'a b': { 'x.y': 1 }, 日本: {} }, instance: new Point(),
  date: new Date(), bytes: Buffer.from([0, 255]), texts: new Set(['b', 'a']), numbers: new Set([2, 1]),
  binaries: new Set([Buffer.from('x')]), entries: new Map([['k', 1]]),
});

function asDynamoJson(value) {
  const options = { removeUndefinedValues: true, convertClassInstanceToMap: true };
  return marshall(value, options);
}

// Numbers that are no doubles come back as big integers, which JSON does not know.
const asJson = (value) =>
  JSON.stringify(value, (_, member) => (member instanceof Uint8Array ? Buffer.from(member).toString('base64')
    : member?.type === 'Buffer' ? Buffer.from(member.data).toString('base64') : member));

const request = (turn) => ({ isTestRequest: true, userId: turn.userId, session: {}, locale: 'en' });

class TurnServer extends framework.Server {
  constructor(object) {
    super();
    this.object = object;
    this.failure = undefined;
  }
  hasWriteFileAccess() { return false; }
  getRequestObject() { return this.object; }
  getQueryParams() { return {}; }
  getNativeRequestHeaders() { return {}; }
  setResponseHeaders() {}
  async setResponse() {}
  fail(error) { this.failure = error; }
}

function change(jovo, turn) {
  if (turn.user) jovo.$user.data = turn.user;
  Object.assign(jovo.$user.data, turn.set ?? {});
  for (const name of turn.remove ?? []) delete jovo.$user.data[name];
  if (turn.samples) jovo.$user.data = samples();
  if (turn.sessionData) Object.assign(jovo.$session.data, turn.sessionData);
  if (turn.state) jovo.$session.state = turn.state;
  for (const message of turn.output ?? []) jovo.$output.push({ message });
  now = turn.later ?? now;
}

const iso = (date) => new Date(date).toISOString();

function stateOf({ $user, $session, $history }, { session, history } = {}) {
  const isOn = (element) => Boolean(typeof element === 'object' ? element.enabled : element);
  return {
    isNew: $user.isNew,
    user: $user.data,
    createdAt: iso($user.createdAt),
    ...(isOn(session) && {
      session: { id: $session.id, data: $session.data, state: $session.state, isNew: $session.isNew,
                 createdAt: iso($session.createdAt), updatedAt: iso($session.updatedAt) } }),
    ...(isOn(history) && { history: $history.items }),
  };
}

async function play(turn) {
  now = turn.now;
  const integration = new db.DynamoDb({
    libraryConfig: { dynamoDbClient: { endpoint: process.env.ENDPOINT, maxAttempts: 1 } },
    ...turn.config,
  });
  const app = new App({ logging: false, plugins: [new TestPlatform(), integration] });
  // Nobody listens to requests or answers them here: the turn is what a hook does in their place.
  app.errorListeners.length = 0;
  let failure;
  app.onError((error) => { failure = error; });
  await app.initialize();
  if (failure) throw failure;
  app.middlewareCollection.disable('interpretation.nlu', 'dialogue.router', 'dialogue.logic', 'response.output');
  // As a platform would: the test platform's own requests carry no more of a session than its id.
  app.hook('request.start', (jovo) => { jovo.$session = new JovoSession(turn.session); });
  let loaded;
  app.hook('dialogue.start', (jovo) => {
    loaded = asDynamoJson(stateOf(jovo, integration.config.storedElements));
    change(jovo, turn);
  });
  await app.handle(new TurnServer(request(turn)));
  if (failure) throw failure;
  return { loaded };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await play(JSON.parse(line).turn);
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(asJson(answer));
}
