import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call } from '../api.js';
import type { Appliance } from '../appliance.js';
import { until } from '../until.js';

export const TOKEN = 'a-token-for-the-kafka-tests';
const GATEWAY = 'kafka-gateway-1';

/** Registers the devices of a load, and has them publish, to another process if one is named, until it is stopped. */
export async function startLoad(appliance: Appliance, gateway = appliance): Promise<Load> {
  const load = new Load();
  await load.register(appliance);
  // Another process hears of the devices a little later.
  const devices = async ({ http }: Appliance) => /^spillway_devices .*/m.exec(await (await fetch(`${http}/metrics`)).text())?.[0];
  await until('the gateway knows them', async () => (await devices(gateway)) === (await devices(appliance)));
  load.start(gateway.mqttPort);
  return load;
}

export interface Counts {
  readonly acknowledged: number;
  readonly stored: number;
  /** Device and number of what was acknowledged and is not stored, and of what is stored more than once. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

function said({ acknowledged, stored, lost, doubled }: Counts): string {
  return `${acknowledged} acknowledged, ${stored} stored, ${lost.length} lost, ${doubled.length} doubled`;
}

function keyOf({ device_id, value }: { readonly device_id: string; readonly value: number }): string {
  return `${device_id}/${value}`;
}

/** Devices behind one gateway that publish at QoS 1, send again what was not acknowledged, and know what was. */
export class Load {
  readonly acknowledged = new Set<string>();
  readonly #waiting = new Map<string, string>();
  readonly #devices: number;
  readonly #inFlight: number;
  readonly #everyMs: number;
  #next = 1;
  #client: mqtt.MqttClient | undefined;
  #refusal: string | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `everyMs`: how long each of those in flight waits between two messages. */
  constructor(devices = 20, inFlight = 64, everyMs = 0) {
    this.#devices = devices;
    this.#inFlight = inFlight;
    this.#everyMs = everyMs;
  }

  async register(appliance: Appliance): Promise<void> {
    await call(appliance, 'POST', '/v1/devices/bulk', {
      count: this.#devices,
      id_format: 'kafka-%d',
      token: TOKEN,
      via_format: 'kafka-gateway-%d',
      per_gateway: this.#devices,
    });
  }

  /** Publishes from now on, as `run`; `stop` waits for its end. */
  start(port: number): void {
    this.#running = this.run(port);
  }

  /** Settles when it publishes no more. */
  get ended(): Promise<void> {
    return this.#running;
  }

  /** Why the gateway did not let it in; undefined: it did, or has not answered yet. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Publishes until `stop`, or until the appliance goes away. */
  async run(port: number): Promise<void> {
    const options = { clientId: GATEWAY, username: 'default', password: TOKEN, reconnectPeriod: 0, queueQoSZero: false };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options, false).catch((error: Error) => {
      this.#refusal = error.message;
      return undefined;
    });
    if (!client) return;
    this.#client = client;
    client.on('error', () => {});
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    for (const key of [...this.#waiting.keys()]) void this.#send(client, key);
    for (let sender = 0; sender < this.#inFlight; sender++) void this.#sendAll(client);
    await closed;
    if (this.#client === client) this.#client = undefined;
    client.end(true);
  }

  /** Once something was acknowledged to `run`: waits until all that was sent is, and ends the connection. */
  async stop(): Promise<void> {
    const client = this.#client;
    assert.ok(client, 'a load can be stopped once it has connected');
    this.#client = undefined;
    await client.endAsync();
    await this.#running;
  }

  /** False when the gateway does not know the device yet. */
  async trySendOnce(port: number, payload: string): Promise<boolean> {
    return this.sendOnce(port, payload).then(
      () => true,
      () => false,
    );
  }

  /** One message of the first device, on a connection of its own. */
  async sendOnce(port: number, payload: string): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: GATEWAY, username: 'default', password: TOKEN });
    await client.publishAsync('devices/kafka-1/telemetry', payload, { qos: 1 });
    await client.endAsync();
  }

  async #sendAll(client: mqtt.MqttClient): Promise<void> {
    while (client.connected && this.#client === client) {
      const seq = this.#next++;
      const device = 1 + (seq % this.#devices);
      const key = `kafka-${device}/${seq}`;
      this.#waiting.set(key, JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq }));
      await this.#send(client, key);
      if (this.#everyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#everyMs));
    }
  }

  #send(client: mqtt.MqttClient, key: string): Promise<void> {
    const [device] = key.split('/');
    return new Promise((resolve) => {
      client.publish(`devices/${device}/telemetry`, this.#waiting.get(key) as string, { qos: 1 }, (error, packet) => {
        if (!error && packet) {
          this.acknowledged.add(key);
          this.#waiting.delete(key);
        }
        resolve();
      });
    });
  }

  /** Counts what became of the messages. */
  async count(databaseUrl: string): Promise<Counts> {
    const sql = postgres(databaseUrl, { max: 1 });
    const rows = await sql<{ device_id: string; value: number; copies: number }[]>`
      select device_id, value, count(*)::int as copies from raw_metrics group by 1, 2`;
    await sql.end();
    const stored = new Set(rows.map(keyOf));
    return {
      acknowledged: this.acknowledged.size,
      stored: stored.size,
      lost: [...this.acknowledged].filter((key) => !stored.has(key)),
      doubled: rows.filter(({ copies }) => copies > 1).map(keyOf),
    };
  }

  /** What is acknowledged is stored, and nothing is stored twice; answers how many were stored. */
  async verify(databaseUrl: string): Promise<number> {
    const counts = await this.count(databaseUrl);
    console.log(said(counts));
    assert.deepEqual([counts.lost.slice(0, 5), counts.doubled.slice(0, 5)], [[], []], said(counts));
    return counts.stored;
  }
}
