import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';
import { CrashPublisher } from './crash-publisher.js';

const KILLS = Number(process.env.CRASH_KILLS ?? 3);
const GATEWAYS = 4;
const DEVICES = 40;
const QOS = [1, 2] as const;
/** At each QoS between two kills, at least; at most about twice that. */
const ACKNOWLEDGED_MIN = 300;
const token = 'a-token-for-the-crash-test';

const CLASS = 'crashing';

/** A schema version by which each message has one more reading, the number of the version. */
function versionOf(number: number) {
  return { mode: 'flexible', schema_definition: { fields: { version: { type: 'number', default: number } } } };
}

/** Two of the gateways use WebSockets: on the port of their own, and on the HTTP port. */
const URLS: readonly ((appliance: Appliance) => string)[] = [
  ({ mqttPort }) => `mqtt://127.0.0.1:${mqttPort}`,
  ({ mqttPort }) => `mqtt://127.0.0.1:${mqttPort}`,
  ({ mqttWsPort }) => `ws://127.0.0.1:${mqttWsPort}/mqtt`,
  ({ http }) => `${http.replace('http', 'ws')}/mqtt`,
];

function startPublishers(): CrashPublisher[] {
  const share = DEVICES / GATEWAYS;
  return Array.from({ length: GATEWAYS }, (_, gateway) => {
    const devices = Array.from({ length: share }, (_, index) => `crash-${gateway * share + index + 1}`);
    const resentBy = gateway % 2 === 0 ? 'application' : 'library';
    // In version 5 the library counts the answer to a PUBREL that outlived its connection as a failure.
    const version = gateway === 0 ? 5 : 4;
    return new CrashPublisher({ gateway: `gw-${gateway + 1}`, devices, token, resentBy, version, urlOf: URLS[gateway]! });
  });
}

test(`kill -9 under load at QoS 1 and 2, ${KILLS} times: every acknowledged message is in the database exactly once`, async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-crash-'));
  const publishers = startPublishers();
  // Often enough that some of the kills come while a checkpoint is written, held back or published.
  const settings = { SPILLWAY_STATE: stateFolder, SPILLWAY_CHECKPOINT_SECONDS: '1', SPILLWAY_MQTT_WS_PORT: '0' };
  let appliance: Appliance = await startAppliance(settings);
  let underWay = 0;
  try {
    const schema = await call<{ schema_id: string }>(appliance, 'POST', '/v1/schemas', {
      device_class: CLASS,
      format: 'json',
      ...versionOf(0),
    });
    await call(appliance, 'POST', '/v1/devices/bulk', {
      device_class: CLASS,
      count: DEVICES,
      id_format: 'crash-%d',
      token,
      via_format: 'gw-%d',
      per_gateway: DEVICES / GATEWAYS,
    });
    for (let kill = 0; kill <= KILLS; kill++) {
      const running = Promise.all(publishers.map((publisher) => publisher.run(appliance)));
      const more = ACKNOWLEDGED_MIN * (1 + Math.random());
      const enough = QOS.map((qos) => acknowledged(publishers, qos) + more);
      await until('there is load', () => QOS.every((qos, at) => acknowledged(publishers, qos) > (enough[at] as number)));
      underWay += publishers.reduce((sum, publisher) => sum + publisher.underWay, 0);
      // The last round ends in a clean stop, after which nothing may be missing either.
      if (kill < KILLS) await appliance.kill();
      else await appliance.stop();
      await running;
      appliance = await startAppliance(settings);
      // A version that is new since the checkpoint, and messages of both in the log at the next kill.
      await call(appliance, 'POST', `/v1/schemas/${schema.schema_id}/versions`, versionOf(kill + 1));
    }
    await committed(appliance);
    const figures = await verify(appliance, publishers);
    console.log(`${KILLS} kills, ${underWay} messages under way at them: ${figures}; 0 lost, 0 doubled`);
  } finally {
    for (const publisher of publishers) publisher.end();
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});

function acknowledged(publishers: readonly CrashPublisher[], qos: 1 | 2): number {
  return publishers.reduce((sum, publisher) => sum + publisher.count(qos), 0);
}

async function verify(appliance: Appliance, publishers: CrashPublisher[]): Promise<string> {
  const sql = postgres(appliance.databaseUrl, { max: 1 });
  const total = { messages: 0, stored: 0, acknowledged: { 1: 0, 2: 0 } };
  try {
    for (const publisher of publishers) {
      for (const [device, last] of publisher.last) {
        const numbers = await stored(sql, device);
        total.messages += last;
        total.stored += numbers.size;
        for (const seq of numbers) assert.ok(seq >= 1 && seq <= last, `${device} ${seq} is stored and was never sent`);
        for (const qos of QOS) {
          const known = publisher.acknowledged[qos].get(device) ?? [];
          total.acknowledged[qos] += known.length;
          for (const seq of known) assert.ok(numbers.has(seq), `${device} ${seq} was acknowledged at QoS ${qos} and is not stored`);
        }
      }
    }
  } finally {
    await sql.end();
  }
  const { messages, stored: storedCount } = total;
  const sent = publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
  const answered = `${total.acknowledged[1]} at QoS 1 and ${total.acknowledged[2]} at QoS 2 acknowledged`;
  return `${messages} messages, published ${sent} times by the application, ${answered}, ${storedCount} stored`;
}

/** The numbers of the device's messages that are stored; each has two metrics that must both be there, once, and what its schema adds. */
async function stored(sql: postgres.Sql, device: string): Promise<Set<number>> {
  const rows = await sql<{ metric_name: string; values: number[] }[]>`
    select metric_name, array_agg(value) as values from raw_metrics where device_id = ${device} group by 1`;
  const versions = rows.find((row) => row.metric_name === 'version')?.values ?? [];
  const [n, twin] = ['n', 'twin'].map((metric) => {
    const values = rows.find((row) => row.metric_name === metric)?.values ?? [];
    const distinct = new Set(values);
    assert.equal(distinct.size, values.length, `${device} ${metric}: ${values.length - distinct.size} values are stored twice`);
    return distinct;
  }) as [Set<number>, Set<number>];
  assert.equal(n.size, twin.size, `${device}: a message is stored in part`);
  for (const seq of n) assert.ok(twin.has(-seq), `${device} ${seq} is stored in part`);
  assert.equal(versions.length, n.size, `${device}: a message was not read by its schema, or twice`);
  assert.ok(versions.every((version) => version >= 0 && version <= KILLS + 1));
  return n;
}
