// 20,000 random strings and every code point of the basic plane alone: our slugs beside those of
// the library that dynamodb-mini uses, with the options it uses.
//
//   node compare_slugs.mjs TELL_SLUGS [SEED]

import { spawnSync } from 'node:child_process';
import slugify from 'slugify';

const [program, given] = process.argv.slice(2);
const seed = Number(given ?? Date.now() % 2 ** 32);
console.log(`seed ${seed}`);

// mulberry32
let state = seed >>> 0;
const random = below => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
};

const ranges = [
  [0x00, 0x7f], [0x20, 0x40], [0x80, 0x24f], [0x370, 0x52f], [0x10d0, 0x10ff], [0x1ea0, 0x1eff],
  [0x2000, 0x206f], [0x20a0, 0x20bf], [0x300, 0x36f], [0x4e00, 0x9fff], [0x1f600, 0x1f64f],
];
const codePoint = () => {
  if (random(4) === 0) return ' --\t\u3000#$'.charCodeAt(random(7));
  const [first, last] = ranges[random(ranges.length)];
  return first + random(last - first + 1);
};

const texts = [];
for (let code = 0; code <= 0xffff; ++code) {
  if (code < 0xd800 || code > 0xdfff) texts.push(`a${String.fromCharCode(code)}b`);
}
for (let i = 0; i < 20_000; ++i) {
  let text = '';
  for (let length = random(24); length > 0; --length) text += String.fromCodePoint(codePoint());
  texts.push(text);
}

const ours = spawnSync(program, {
  input: texts.map(text => JSON.stringify(text) + '\n').join(''),
  maxBuffer: 1 << 28,
  encoding: 'utf8',
});
if (ours.status !== 0) throw new Error(ours.stderr);
const slugs = ours.stdout.trimEnd().split('\n').map(line => JSON.parse(line));
if (slugs.length !== texts.length) throw new Error(`${slugs.length} slugs of ${texts.length} texts`);

let different = 0;
texts.forEach((text, i) => {
  const theirs = slugify(text);
  if (slugs[i] === theirs) return;
  if (++different <= 10) {
    console.error(`${JSON.stringify(text)}: ours ${JSON.stringify(slugs[i])}, ` +
        `theirs ${JSON.stringify(theirs)}`);
  }
});
console.log(`${texts.length} texts, ${different} different`);
process.exitCode = different === 0 ? 0 : 1;
