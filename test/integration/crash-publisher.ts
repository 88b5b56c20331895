import mqtt from 'mqtt';
import type { Appliance } from '../support/appliance.js';

/** Enough that each kill finds messages at every step; more would fill the log, which each start reads again. */
const IN_FLIGHT = 16;
/** A client whose connection broke may leave publishes without an answer; they are sent again in the next run. */
const SETTLE_MS_MAX = 1000;

interface Message {
  readonly device: string;
  readonly seq: number;
  readonly qos: 1 | 2;
  readonly payload: string;
}

export interface CrashPublisherOptions {
  readonly gateway: string;
  readonly devices: readonly string[];
  readonly token: string;
  readonly version: 4 | 5;
  /** Where it connects to an appliance. */
  urlOf(appliance: Appliance): string;
  /**
   * Who sends again what had no answer when the connection broke: the application, as new messages of a new client, or
   * the library, which goes on with the exchanges that it has in its store: PUBLISH with DUP, and PUBREL.
   */
  readonly resentBy: 'application' | 'library';
}

/** Publishes for the devices behind one gateway device, at QoS 1 and 2 in turn, and knows what was acknowledged. */
export class CrashPublisher {
  /** Numbers by device. */
  readonly acknowledged = { 1: new Map<string, number[]>(), 2: new Map<string, number[]>() };
  /** The highest number of each device; they begin at 1. */
  readonly last = new Map<string, number>();
  /** Publishes of the application; what the library sends again is not in it. */
  sent = 0;
  readonly #options: CrashPublisherOptions;
  readonly #unacknowledged = new Map<string, Message>();
  readonly #store = new mqtt.Store();
  #client: mqtt.MqttClient | undefined;
  #index = 0;
  #run = 0;

  constructor(options: CrashPublisherOptions) {
    this.#options = options;
    for (const device of options.devices) for (const qos of [1, 2] as const) this.acknowledged[qos].set(device, []);
  }

  /** How many messages were acknowledged at this QoS. */
  count(qos: 1 | 2): number {
    return [...this.acknowledged[qos].values()].reduce((sum, { length }) => sum + length, 0);
  }

  get underWay(): number {
    return this.#unacknowledged.size;
  }

  /** Publishes until the connection breaks: first again what had no answer, then new messages. */
  async run(appliance: Appliance): Promise<void> {
    const client = await this.#connect(this.#options.urlOf(appliance));
    if (!client) return;
    const broken = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const run = ++this.#run;
    const sendNext = async () => {
      while (client.connected && run === this.#run) await this.#send(client, this.#next());
    };
    const again = this.#options.resentBy === 'application' ? [...this.#unacknowledged.values()] : [];
    const sending = [...again.map((message) => this.#send(client, message)), ...Array.from({ length: IN_FLIGHT }, sendNext)];
    await broken;
    if (this.#options.resentBy === 'library') return;
    client.end(true);
    await Promise.race([Promise.allSettled(sending), new Promise((resolve) => setTimeout(resolve, SETTLE_MS_MAX))]);
  }

  end(): void {
    this.#client?.end(true);
  }

  /** Undefined: the kill came while it connected. That there was load is asserted at the end. */
  async #connect(url: string): Promise<mqtt.MqttClient | undefined> {
    const { gateway, token, resentBy, version } = this.#options;
    const old = this.#client;
    if (old && resentBy === 'library') {
      const { host, hostname, port } = new URL(url);
      Object.assign(old.options, { host: old.options.protocol === 'ws' ? host : hostname, hostname, port: Number(port), href: url });
      const connected = new Promise<boolean>((resolve) => {
        old.once('connect', () => resolve(true));
        old.once('close', () => resolve(false));
      });
      old.reconnect({ incomingStore: new mqtt.Store(), outgoingStore: this.#store });
      return (await connected) ? old : undefined;
    }
    const more = resentBy === 'library' ? { outgoingStore: this.#store } : {};
    const client = mqtt.connect(url, {
      clientId: gateway,
      username: 'default',
      password: token,
      protocolVersion: version,
      reconnectPeriod: 0,
      queueQoSZero: false,
      ...more,
    });
    client.on('error', () => {});
    this.#client = client;
    const connected = await new Promise<boolean>((resolve) => {
      client.once('connect', () => resolve(true));
      client.once('close', () => resolve(false));
    });
    return connected ? client : undefined;
  }

  #next(): Message {
    const { devices } = this.#options;
    const index = this.#index++;
    const device = devices[index % devices.length] as string;
    const seq = (this.last.get(device) ?? 0) + 1;
    this.last.set(device, seq);
    const payload = JSON.stringify({ ts: Date.now(), metrics: { n: seq, twin: -seq }, seq });
    const message: Message = { device, seq, qos: Math.floor(index / devices.length) % 2 === 0 ? 1 : 2, payload };
    this.#unacknowledged.set(`${device}/${seq}`, message);
    return message;
  }

  #send(client: mqtt.MqttClient, message: Message): Promise<void> {
    this.sent++;
    return new Promise((resolve) => {
      client.publish(`devices/${message.device}/telemetry`, message.payload, { qos: message.qos }, (error, packet) => {
        const refused = ((packet as { reasonCode?: number } | undefined)?.reasonCode ?? 0) >= 0x80;
        const key = `${message.device}/${message.seq}`;
        if (!error && !refused && packet && this.#unacknowledged.delete(key))
          this.acknowledged[message.qos].get(message.device)?.push(message.seq);
        resolve();
      });
    });
  }
}
