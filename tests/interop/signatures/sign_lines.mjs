// Signs as the AWS SDK for JavaScript does, with the packages locked in tests/sdk. Reads and writes
// the same lines as sign_lines.cpp; of a presigned request, the query is written.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../sdk/package.json", import.meta.url));
const { SignatureV4 } = require("@smithy/signature-v4");
const { Hash } = require("@smithy/hash-node");
const { buildQueryString } = require("@smithy/querystring-builder");

for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  const signer = new SignatureV4({
    region: task.region,
    service: task.service,
    sha256: Hash.bind(null, "sha256"),
    applyChecksum: false,
    credentials: {
      accessKeyId: task.access_key_id,
      secretAccessKey: task.secret_access_key,
      sessionToken: task.session_token || undefined,
    },
  });
  const query = {};
  for (const [name, value] of task.query) {
    query[name] = name in query ? [query[name], value].flat() : value;
  }
  const request = {
    method: task.method,
    path: task.path,
    query,
    headers: Object.fromEntries(task.headers),
    body: Buffer.from(task.body, "base64"),
  };
  const signingDate = new Date(task.time * 1000);
  if (task.expires > 0) {
    // Else it would move the X-Amz-… headers of the request into the query.
    const unhoistableHeaders = new Set(Object.keys(request.headers).map((name) => name.toLowerCase()));
    const done = await signer.presign(request, { signingDate, expiresIn: task.expires, unhoistableHeaders });
    console.log(`${task.path}?${buildQueryString(done.query)}`);
  } else {
    const done = await signer.sign(request, { signingDate });
    console.log(done.headers.authorization);
  }
}
