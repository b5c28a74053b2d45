// What the AWS SDK for JavaScript, with the packages locked in tests/sdk, would connect to and sign
// with. Reads and writes the same lines as tell_settings.cpp.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../sdk/package.json", import.meta.url));
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
const { defaultProvider } = require("@aws-sdk/credential-provider-node");

// Where it would send a request, and for which region it would sign it.
async function destination() {
  let seen;
  const requestHandler = {
    handle: async (request) => {
      seen = request;
      throw new Error("seen");
    },
  };
  const credentials = { accessKeyId: "AK", secretAccessKey: "S" };
  const client = new DynamoDBClient({ credentials, requestHandler, maxAttempts: 1 });
  try {
    await client.send(new ListTablesCommand({}));
  } catch (error) {
    if (!seen) return { endpoint: "error", region: "error" };
  }
  const port = seen.port ? `:${seen.port}` : "";
  return {
    endpoint: `${seen.protocol}//${seen.hostname}${port}`,
    region: seen.headers.authorization.split("/")[2],
  };
}

// A client hands its region on to who asks STS.
async function credentials(profile, region) {
  try {
    const found = await defaultProvider({
      ...(profile && { profile }),
      ...(region !== "error" && { clientConfig: { region } }),
    })();
    return `${found.accessKeyId} ${found.secretAccessKey} ${found.sessionToken ?? ""}`;
  } catch (error) {
    if (original.EXPLAIN) console.error(error);
    return "error";
  }
}

const original = { ...process.env };
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, { PATH: original.PATH }, task.variables);
  // The client takes its profile for the region and the endpoint from the environment alone.
  const profile = process.env.AWS_PROFILE;
  if (task.profile) process.env.AWS_PROFILE = task.profile;
  const answer = await destination();
  delete process.env.AWS_PROFILE;
  if (profile) process.env.AWS_PROFILE = profile;
  answer.credentials = await credentials(task.profile, answer.region);
  process.stdout.write(JSON.stringify(answer) + "\n");
}
