// A client of the service of dismissals, in plain fetch: Dismissible's routes and no more.

const batchMax = 50; // ids that the service takes at once

export class Dismissals {
  // `token`: a bearer token, where the service asks for one.
  constructor(service, user, token) {
    this.items = `${service.replace(/\/$/, '')}/v1/users/${encodeURIComponent(user)}/items`;
    this.headers = token ? { authorization: `Bearer ${token}` } : {};
  }

  // What the user knows of each, by id. Items that nobody has asked for yet begin to exist.
  async load(ids) {
    const batches = [];
    for (let first = 0; first < ids.length; first += batchMax) {
      batches.push(this.#ask('POST', '', { items: ids.slice(first, first + batchMax) }));
    }
    return new Map((await Promise.all(batches)).flat().map((item) => [item.itemId, item]));
  }

  // The item as it is then. Closing what another tab has closed meanwhile is an error.
  dismiss(id) {
    return this.#ask('DELETE', `/${encodeURIComponent(id)}`);
  }

  restore(id) {
    return this.#ask('POST', `/${encodeURIComponent(id)}`);
  }

  async #ask(method, path, body) {
    const request = { method, headers: { ...this.headers } };
    if (body) {
      request.headers['content-type'] = 'application/json';
      request.body = JSON.stringify(body);
    }
    const answer = await fetch(this.items + path, request);
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    return (await answer.json()).data;
  }
}
