// index.html?service=http://127.0.0.1:3001&user=nina

import { Dismissals } from './dismissals.js';

const settings = new URLSearchParams(location.search);
const user = settings.get('user') ?? 'nina';
const dismissals = new Dismissals(settings.get('service') ?? 'http://127.0.0.1:3001', user);

const element = (id) => document.getElementById(id);
const articles = new Map([...document.querySelectorAll('[data-item]')].map((each) => [each.dataset.item, each]));

function tell(trouble) {
  element('trouble').textContent = trouble;
  element('trouble').hidden = trouble === '';
}

function closedLine({ itemId, dismissedAt }) {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.dateTime = dismissedAt;
  time.textContent = new Date(dismissedAt).toLocaleString();
  const again = document.createElement('button');
  again.type = 'button';
  again.textContent = 'Show again';
  again.addEventListener('click', () => change(again, () => dismissals.restore(itemId)));
  line.append(articles.get(itemId).querySelector('h2').textContent, time, again);
  return line;
}

function show(items) {
  const closed = [...items.values()].filter((item) => item.dismissedAt);
  for (const [id, article] of articles) article.hidden = !items.has(id) || Boolean(items.get(id).dismissedAt);
  element('closed').replaceChildren(...closed.map(closedLine));
  element('none').hidden = closed.length > 0;
}

// The service has the say: what is shown is what it holds, also if the change came too late.
async function load() {
  try {
    show(await dismissals.load([...articles.keys()]));
    tell('');
  } catch (error) {
    tell(`Cannot tell which banners you closed: ${error.message}.`);
  }
  element('banners').setAttribute('aria-busy', 'false');
}

async function change(button, ask) {
  button.disabled = true;
  await ask().catch(() => {}); // it was so already, or load() will say what is wrong
  await load();
  button.disabled = false;
}

for (const [id, article] of articles) {
  const button = article.querySelector('button');
  button.addEventListener('click', () => change(button, () => dismissals.dismiss(id)));
}
element('user').textContent = user;
// Another tab may have changed something.
document.addEventListener('visibilitychange', () => document.hidden || load());
await load();
