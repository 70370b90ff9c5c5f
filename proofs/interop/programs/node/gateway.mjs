// A gateway with MQTT.js; `version` 4 is MQTT 3.1.1, 5 is MQTT 5.
import { createInterface } from "node:readline";
import mqtt from "mqtt";

const asked = JSON.parse(process.argv[2]);
const tell = (text) => process.stdout.write(text + "\n");
const lines = createInterface({ input: process.stdin });
const client = mqtt.connect({
  host: asked.host,
  port: asked.port,
  protocolVersion: asked.version,
  clientId: asked.client_id,
  username: asked.user,
  password: asked.password,
  clean: false,
  reconnectPeriod: 500,
  properties: asked.version === 5 ? { sessionExpiryInterval: 3600 } : undefined,
  will: { topic: asked.will_topic, payload: "gone", qos: 1, retain: false },
});
const publish = (number) => {
  const [text, qos, retain] = asked.payloads[number];
  return client.publishAsync(asked.topic, text, { qos, retain });
};
const range = (first, end) => Array.from({ length: end - first }, (_, n) => first + n);

client.once("connect", async () => {
  await client.subscribeAsync(asked.commands, { qos: 1 });
  tell("subscribed");
  const half = asked.count / 2;
  await Promise.all(range(0, half).map(publish));
  const again = new Promise((resolve) => client.once("connect", resolve));
  tell("half");
  const waiting = range(half, half + asked.over).map(publish);
  await again;
  tell("again");
  await new Promise((resolve) => lines.once("line", resolve));
  waiting.push(...range(half + asked.over, asked.count).map(publish));
  await Promise.all(waiting);
  await client.endAsync();
  tell("done");
  process.exit(0);
});
