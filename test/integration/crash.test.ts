import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';

const KILLS = Number(process.env.CRASH_KILLS ?? 3);
const GATEWAYS = 3;
const DEVICES = 30;
const IN_FLIGHT = 64;
const token = 'a-token-for-the-crash-test';

/** Publishes for a share of the devices at QoS 1 and knows what was acknowledged. */
class Publisher {
  readonly acknowledged = new Map<string, Set<number>>();
  readonly #unacknowledged = new Map<string, { device: string; seq: number; payload: string }>();
  readonly #next = new Map<string, number>();
  readonly #gateway: string;
  readonly #devices: string[];
  sent = 0;

  constructor(gateway: string, devices: string[]) {
    this.#gateway = gateway;
    this.#devices = devices;
    for (const device of devices) this.acknowledged.set(device, new Set());
  }

  /** Publishes until the connection breaks: first again what had no answer, then new messages. */
  async run(port: number): Promise<void> {
    const options = { clientId: this.#gateway, username: 'default', password: token, reconnectPeriod: 0, queueQoSZero: false };
    // The kill may come while it connects; that there was load is asserted at the end.
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options, false).catch(() => undefined);
    if (!client) return;
    client.on('error', () => {});
    const broken = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const lane = async (first: number) => {
      for (let index = first; client.connected; index += IN_FLIGHT) await this.#publish(client, index);
    };
    const resend = [...this.#unacknowledged.values()].map((message) => this.#send(client, message));
    const lanes = Array.from({ length: IN_FLIGHT }, (_, index) => lane(index));
    await broken;
    client.end(true);
    await Promise.race([Promise.allSettled([...resend, ...lanes]), new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  #publish(client: mqtt.MqttClient, index: number): Promise<void> {
    const device = this.#devices[index % this.#devices.length] as string;
    const seq = this.#next.get(device) ?? 1;
    this.#next.set(device, seq + 1);
    const message = { device, seq, payload: JSON.stringify({ ts: Date.now(), metrics: { n: seq, twin: -seq }, seq }) };
    this.#unacknowledged.set(`${device}/${seq}`, message);
    return this.#send(client, message);
  }

  async #send(client: mqtt.MqttClient, message: { device: string; seq: number; payload: string }): Promise<void> {
    this.sent++;
    await new Promise<void>((resolve) => {
      client.publish(`devices/${message.device}/telemetry`, message.payload, { qos: 1 }, (error, packet) => {
        const refused = ((packet as { reasonCode?: number } | undefined)?.reasonCode ?? 0) >= 0x80;
        if (!error && !refused && packet) {
          this.acknowledged.get(message.device)?.add(message.seq);
          this.#unacknowledged.delete(`${message.device}/${message.seq}`);
        }
        resolve();
      });
    });
  }
}

test(`kill -9 under load, ${KILLS} times: every acknowledged message is in the database exactly once`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-crash-'));
  const publishers = Array.from({ length: GATEWAYS }, (_, gateway) => {
    const share = DEVICES / GATEWAYS;
    const devices = Array.from({ length: share }, (_, index) => `crash-${gateway * share + index + 1}`);
    return new Publisher(`gw-${gateway + 1}`, devices);
  });
  // Often enough that some of the kills come while a checkpoint is written, held back or published.
  const settings = { SPILLWAY_STATE: stateFolder, SPILLWAY_CHECKPOINT_SECONDS: '1' };
  let appliance: Appliance = await startAppliance(settings);
  try {
    await call(appliance, 'POST', '/v1/devices/bulk', {
      count: DEVICES,
      id_format: 'crash-%d',
      token,
      via_format: 'gw-%d',
      per_gateway: DEVICES / GATEWAYS,
    });
    for (let kill = 0; kill <= KILLS; kill++) {
      const running = Promise.all(publishers.map((publisher) => publisher.run(appliance.mqttPort)));
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1500));
      // The last round ends in a clean stop, after which nothing may be missing either.
      if (kill < KILLS) await appliance.kill();
      else await appliance.stop();
      await running;
      appliance = await startAppliance(settings);
    }
    await committed(appliance);
    await verify(appliance, publishers);
  } finally {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});

async function verify(appliance: Appliance, publishers: Publisher[]): Promise<void> {
  const sql = postgres(appliance.databaseUrl, { max: 1 });
  const rows = await sql<{ device_id: string; metric_name: string; value: number; rows: number }[]>`
    select device_id, metric_name, value, count(*)::int as rows from raw_metrics group by 1, 2, 3`;
  await sql.end();
  const stored = new Set<string>();
  for (const { device_id, metric_name, value, rows: copies } of rows) {
    assert.equal(copies, 1, `${device_id} ${metric_name} ${value} is stored ${copies} times`);
    stored.add(`${device_id}/${metric_name}/${value}`);
  }
  let acknowledged = 0;
  for (const publisher of publishers) {
    for (const [device, numbers] of publisher.acknowledged) {
      acknowledged += numbers.size;
      for (const seq of numbers) {
        assert.ok(stored.has(`${device}/n/${seq}`), `${device} ${seq} was acknowledged and is not stored`);
        assert.ok(stored.has(`${device}/twin/${-seq}`), `${device} ${seq} is stored in part`);
      }
    }
  }
  const sent = publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
  console.log(`${KILLS} kills: ${sent} sent, ${acknowledged} acknowledged, ${stored.size / 2} stored, 0 lost, 0 doubled`);
  assert.ok(acknowledged > 1000, 'there was load');
}
