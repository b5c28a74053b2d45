// The scenarios' JavaScript side: castore's own packages on the endpoint at $ENDPOINT, with events
// in the tables $EVENTS_TABLE and $LEGACY_TABLE.
//
//   driver.mjs seed           push every event of the file $DATASET, which is like dataset.json
//   driver.mjs verify         check both tables against it
//   driver.mjs race ID N      win N versions of aggregate ID of COUNTERS; prints them
//   driver.mjs call JSON      one operation (calls.mjs); prints its outcome
//   driver.mjs call -         an operation a line, until the input ends
//
// The C++ side has the same command line.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { call } from './calls.mjs';
import { storeOf } from './stores.mjs';
import { verify } from './verify.mjs';

const readDataset = () => JSON.parse(readFileSync(process.env.DATASET, 'utf8'));

async function seed({ events }) {
  for (const { store, event } of events) {
    await storeOf(store).pushEvent(event);
    if (store === 'ORDERS') await storeOf(store, 'legacy').pushEvent(event);
  }
}

// Loads what is new, since hundreds of events again for each attempt would be the most of the work.
async function race(aggregateId, count) {
  const counters = storeOf('COUNTERS');
  const won = [];
  let known = 0;
  while (won.length < count) {
    const { events } = await counters.getEvents(aggregateId, { minVersion: known + 1 });
    known = events.at(-1)?.version ?? known;
    const version = known + 1;
    try {
      await counters.pushEvent({ aggregateId, version, type: 'COUNTED', payload: { by: 'javascript' } });
      won.push(version);
    } catch (error) {
      if (error.code !== 'EventAlreadyExistsError') throw error;
    }
  }
  return won;
}

const print = (value) => console.log(JSON.stringify(value));

const [command, ...operands] = process.argv.slice(2);
if (command === 'seed') {
  await seed(readDataset());
} else if (command === 'verify') {
  await verify(readDataset());
} else if (command === 'race' && operands.length === 2) {
  print(await race(operands[0], Number(operands[1])));
} else if (command === 'call' && operands[0] === '-') {
  for await (const line of createInterface({ input: process.stdin })) print(await call(JSON.parse(line)));
} else if (command === 'call' && operands.length === 1) {
  print(await call(JSON.parse(operands[0])));
} else {
  console.error('driver: seed, verify, race ID N or call JSON');
  process.exitCode = 2;
}
