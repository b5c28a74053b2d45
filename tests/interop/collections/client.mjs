// dynamodb-mini's client (0.2.4) as its behaviour is on record: the same functions, the same
// requests through the same HTTP library, the same objects and errors. The package itself is not to
// be had from the registry; this is written from what it did, oddities included.

import axios from 'axios';

const plainError = error => new Error(error);  // the answer is lost, its message is kept

const asked = async request => {
  try {
    return await request();
  } catch (error) {
    throw plainError(error);
  }
};

class Entry {
  constructor(api, collectionPath, { meta, name, value }) {
    this.api = api;
    this.deletedAt = null;
    this.meta = { entry: meta.entry };
    this.path = `${collectionPath}/entry/${meta.entry}`;
    this.name = name;
    this.value = value;
  }

  update({ name, value }) {
    if (name !== undefined) this.name = name;
    if (value !== undefined) this.value = value;
    return asked(() => this.api.put(this.path, { name, value }));
  }

  destroy() {
    this.deletedAt = new Date().toISOString();
    return asked(() => this.api.delete(this.path));
  }
}

class Collection {
  constructor(api, { meta, name }) {
    this.api = api;
    this.deletedAt = null;
    this.meta = {
      application: meta.application,
      collection: meta.collection,
      user: meta.user,
      version: meta.version,
    };
    this.path = `/user/${meta.user}/collection/${meta.collection}`;
    this.name = name;
  }

  entries(answer) {
    return answer.data.map(each => new Entry(this.api, this.path, each));
  }

  getEntries({ filter = 'latest' } = {}) {
    return asked(async () => this.entries(await this.api.get(`${this.path}/entry?filter=${filter}`)));
  }

  // Alone of all, it passes the library's own error on.
  async getEntry({ entry, filter = 'latest' }) {
    return this.entries(await this.api.get(`${this.path}/entry/${entry}?filter=${filter}`));
  }

  createEntry(body) {
    return asked(() => this.api.post(`${this.path}/entry`, body));
  }

  async addEntry({ name, value }) {
    const named = async () => (await this.getEntries()).find(each => each.name === name);
    const found = await named();
    if (found) return found;
    await this.createEntry({ name, value });
    return named();
  }

  update({ name }) {
    this.name = name;
    return asked(() => this.api.put(this.path, { name }));
  }

  destroy() {
    this.deletedAt = new Date().toISOString();
    return asked(() => this.api.delete(this.path));
  }
}

export default function dynamomini({ apiSecret, baseURL, axiosOptions } = {}) {
  for (const [name, value] of Object.entries({ apiSecret, baseURL })) {
    if (!value) throw new Error(`Missing a required parameter '${name}'`);
  }
  const api = axios.create({
    ...axiosOptions,
    baseURL: new URL('api', baseURL).href,
    headers: { 'x-api-key': apiSecret },
  });

  return {
    getCollections({ user, filter = 'latest' } = {}) {
      const path = user ? `/user/${user}/collection` : '/collection';
      return asked(async () => {
        try {
          return (await api.get(`${path}?filter=${filter}`)).data.map(each => new Collection(api, each));
        } catch (error) {
          if (error.response && error.response.status === 404) return null;
          throw error;
        }
      });
    },

    async addCollection({ user, name }) {
      const named = async () => (await this.getCollections({ user })).find(each => each.name === name);
      const found = await named();
      if (found) return found;
      await asked(() => api.post(`/user/${user}/collection`, { name }));
      return named();
    },
  };
}
