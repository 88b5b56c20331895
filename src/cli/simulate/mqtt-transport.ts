import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { backoffMs, type Transport, type TransportPlan } from './transport.js';

type Mqtt = typeof import('mqtt').default;

/** Connections opened in one go before the event loop gets a breath. */
const openChunk = 50;
const goodbyeMsMax = 2000;
// mqtt.js keeps what is in flight only while it means to reconnect, so its own timer is set far away
// and this file reconnects instead, with backoff.
const neverMs = 2 ** 31 - 1;

/** One MQTT 5 connection a device, as real fleets have it. */
export async function openMqttTransport(plan: TransportPlan): Promise<Transport> {
  const { default: mqtt } = await import('mqtt');
  return new MqttTransport(mqtt, plan);
}

class MqttTransport implements Transport {
  connected = 0;
  lastTrouble: string | undefined;
  readonly #mqtt: Mqtt;
  readonly #plan: TransportPlan;
  readonly #clients: MqttClient[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #closing = false;

  constructor(mqtt: Mqtt, plan: TransportPlan) {
    this.#mqtt = mqtt;
    this.#plan = plan;
  }

  async open(): Promise<void> {
    const settled: Promise<void>[] = [];
    for (const id of this.#plan.devices) {
      settled.push(this.#connect(id));
      if (settled.length % openChunk === 0) await delay(20);
    }
    await Promise.all(settled);
  }

  publish(device: number, payload: string, done: (refusal?: string) => void): void {
    const client = this.#clients[device];
    if (!client) throw new Error(`device ${device} was not opened`);
    const topic = `devices/${this.#plan.devices[device]}/telemetry`;
    client.publish(topic, payload, { qos: this.#plan.qos }, (error) => done(error?.message));
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const goodbyes = this.#clients.map((client) => client.endAsync(!client.connected));
    // A clean end waits for acknowledgements that may never come.
    await Promise.race([Promise.all(goodbyes), delay(goodbyeMsMax, undefined, { ref: false })]);
    for (const client of this.#clients) client.end(true);
  }

  #connect(id: string): Promise<void> {
    const { host, port, tenant, token } = this.#plan;
    const stores = { incomingStore: new this.#mqtt.Store(), outgoingStore: new this.#mqtt.Store() };
    const client = this.#mqtt.connect({
      ...{ protocol: 'mqtt', host, port, clientId: id, username: tenant, password: token },
      ...{ protocolVersion: 5, keepalive: 60, clean: true, connectTimeout: 10_000, reconnectPeriod: neverMs, ...stores },
    });
    this.#clients.push(client);
    let up = false;
    let failures = 0;
    return new Promise((settled) => {
      client.on('connect', () => {
        up = true;
        failures = 0;
        this.connected++;
        settled();
      });
      client.on('error', (error) => {
        this.lastTrouble = error.message || (error as NodeJS.ErrnoException).code || error.name;
      });
      client.on('close', () => {
        if (up) this.connected--;
        up = false;
        settled();
        if (this.#closing) return;
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          client.reconnect(stores);
        }, backoffMs(failures++));
        this.#timers.add(timer);
      });
    });
  }
}
