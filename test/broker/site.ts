import { Broker } from '../../src/broker/broker.js';
import type { Clock } from '../../src/broker/clock.js';
import { noStore, type Store } from '../../src/broker/store/store.js';
import type { BrokerLimits } from '../../src/contract/broker/session-views.js';
import {
  TRAFFIC_ANSWER,
  TRAFFIC_BODY,
  TRAFFIC_DELIVER,
  TRAFFIC_PUBLISH,
  TRAFFIC_PUBREL,
  TRAFFIC_RELEASED,
  TRAFFIC_TAKEN,
  TrafficReader,
  TrafficWriter,
} from '../../src/contract/broker/traffic.js';
import type { IdentityNews } from '../../src/contract/identity/news.js';
import type {
  BrokerAnswer,
  BrokerQuestion,
  BrokerToGateway,
  ClientName,
  GatewayToBroker,
  Subscription,
} from '../../src/contract/threads/broker.js';

const allowsSystem = { id: 2, subject: 'all', action: 'subscribe', filter: '$SYS/#', effect: 'allow' } as const;

export const limits: BrokerLimits = {
  sessionsMax: 1000,
  expirySecondsMax: 86_400,
  subscriptionsPerClientMax: 100,
  queuedPerClientMax: 1000,
  queuedBytesPerClientMax: 1 << 20,
  queuedBytesPerTenantMax: 1 << 24,
  inFlightPerClientMax: 100,
  retainedPerTenantMax: 100,
  retainedBytesPerTenantMax: 1 << 20,
};

/** Service client 1 and devices may do everything in all tenants of these tests. */
export const everything: readonly IdentityNews[] = ['acme', 'other', 'umbrella'].flatMap((tenant) => [
  { subject: 'services', tenant, services: [{ id: 1, name: 'app', secretHash: new Uint8Array(32) }] },
  { subject: 'acl', tenant, rules: [{ id: 1, subject: 'all', action: 'both', filter: '#', effect: 'allow' }, allowsSystem] },
]);

/** Two clocks that a test sets. */
export class TestClock implements Clock {
  wall = 1_790_000_000_000;
  steady = 5000;

  wallMs(): number {
    return this.wall;
  }

  steadyMs(): number {
    return this.steady;
  }

  pass(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

export interface Delivered {
  readonly session: number;
  readonly connection: number;
  readonly topic: string;
  readonly payload: string;
  readonly properties: Buffer;
  readonly qos: number;
  readonly isRetained: boolean;
  readonly isAgain: boolean;
  readonly packetId: number;
  readonly identifiers: readonly number[];
}

export interface Publish {
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: Uint8Array;
}

/** A client of service client 1. */
export function ofService(tenant: string, label: string): ClientName {
  return { who: { kind: 'service', tenant, name: 'app' }, key: `s:1:${label}`, label };
}

export function ofDevice(number: number, name: string, deviceClass: string | null = null): ClientName {
  return { who: { kind: 'device', tenant: 'acme', name, deviceClass }, key: `d:${number}`, label: name };
}

type Control = Exclude<BrokerToGateway, { kind: 'traffic' }>;
type Attach = Extract<GatewayToBroker, { kind: 'attach' }>;

/** What one gateway got, taken apart. */
export class GatewayDouble {
  readonly all: (Control | ({ kind: 'message' } & Delivered) | { kind: 'pubrel'; session: number; packetId: number })[] = [];
  number = 0;

  get messages(): Delivered[] {
    return this.all.filter((one) => one.kind === 'message');
  }

  of<Kind extends Control['kind'] | 'pubrel'>(kind: Kind): Extract<GatewayDouble['all'][number], { kind: Kind }>[] {
    return this.all.filter((one): one is Extract<GatewayDouble['all'][number], { kind: Kind }> => one.kind === kind);
  }

  get settled(): number {
    return this.of('settled').at(-1)?.number ?? 0;
  }

  postMessage(message: BrokerToGateway): void {
    if (message.kind !== 'traffic') {
      this.all.push(message);
      return;
    }
    const reader = new TrafficReader(message.bytes);
    let body = { topic: '', properties: Buffer.alloc(0), payload: '' };
    while (!reader.isDone) {
      const kind = reader.u8();
      if (kind === TRAFFIC_BODY) {
        const topic = reader.bytes(reader.u16()).toString();
        const properties = Buffer.from(reader.bytes(reader.u16()));
        body = { topic, properties, payload: reader.bytes(reader.u32()).toString() };
      } else if (kind === TRAFFIC_DELIVER) {
        const flags = reader.u8();
        const [connection, session, packetId] = [reader.u32(), reader.f64(), reader.u16()];
        const identifiers = Array.from({ length: reader.u8() }, () => reader.u32());
        const qos = (flags >> 1) & 3;
        const more = { connection, session, packetId, identifiers, qos, isRetained: (flags & 1) > 0, isAgain: (flags & 8) > 0 };
        this.all.push({ kind: 'message', ...body, ...more });
      } else if (kind === TRAFFIC_PUBREL) {
        reader.u32();
        this.all.push({ kind: 'pubrel', session: reader.f64(), packetId: reader.u16() });
      } else throw new Error(`a gateway gets no operation of kind ${kind}`);
    }
  }
}

/** Gateways and clients before a broker, wherever that runs. */
export abstract class ClientSite {
  readonly clock: TestClock;
  readonly gateways: readonly GatewayDouble[] = [new GatewayDouble(), new GatewayDouble()];
  #session = 0;

  constructor(clock = new TestClock()) {
    this.clock = clock;
  }

  abstract receive(gateway: number, message: GatewayToBroker): void;

  /** Attaches a client; persistent unless the test says otherwise. */
  client(label: string, attach: Partial<Attach> & { tenant?: string; gateway?: number } = {}): Client {
    const { tenant = 'acme', gateway = 0, ...more } = attach;
    const session = more.session ?? ++this.#session;
    const base = { connection: session + 100, level: 5, cleanStart: false, expirySeconds: 3600, receiveMax: 100, atMs: this.clock.wall };
    this.receive(gateway, { kind: 'attach', session, client: ofService(tenant, label), ...base, ...more });
    return new Client(this, gateway, session);
  }

  /** Publishes as over HTTP. */
  publish(topic: string, payload: string, options: Publish = {}, tenant = 'acme'): number {
    return this.traffic(0, (writer) => writePublish(writer, 0, tenant, topic, payload, options));
  }

  traffic(gateway: number, write: (writer: TrafficWriter) => void): number {
    const writer = new TrafficWriter();
    write(writer);
    const double = this.gateways[gateway] as GatewayDouble;
    this.receive(gateway, { kind: 'traffic', number: ++double.number, bytes: writer.take() });
    return double.number;
  }
}

export interface SiteOptions {
  readonly store?: Store;
  readonly clock?: TestClock;
  readonly limits?: Partial<BrokerLimits>;
  readonly residentBytesMax?: number;
  readonly isWhole?: boolean;
  readonly exchange?: (record: Uint8Array<ArrayBuffer>) => void;
}

/** A broker in the test's own thread, with clocks of the test. */
export class Site extends ClientSite {
  readonly broker: Broker;
  readonly events: { name: string; fields: Record<string, unknown> }[] = [];
  readonly #answers = new Map<number, BrokerAnswer>();
  #token = 0;

  constructor(options: SiteOptions = {}, news: readonly IdentityNews[] = everything) {
    super(options.clock);
    this.broker = new Broker({
      store: options.store ?? noStore,
      gateways: this.gateways,
      limits: { ...limits, ...options.limits },
      clock: this.clock,
      report: (_, name, fields) => this.events.push({ name, fields }),
      answer: (token, answer) => this.#answers.set(token, answer),
      retryMs: 1,
      exchange: options.exchange,
      ...(options.residentBytesMax === undefined ? {} : { residentBytesMax: options.residentBytesMax }),
    });
    this.broker.setIdentity(news, options.isWhole ?? true);
  }

  receive(gateway: number, message: GatewayToBroker): void {
    this.broker.receive(gateway, message);
  }

  /** Everything that was begun has been done. */
  async rest(): Promise<void> {
    await this.broker.drain();
  }

  /** The kind of the answer is that of the question, or of what was done. */
  async ask(question: BrokerQuestion): Promise<BrokerAnswer> {
    const token = ++this.#token;
    this.broker.ask(token, question);
    await this.rest();
    return this.#answers.get(token) as BrokerAnswer;
  }

  async second(seconds = 1): Promise<void> {
    this.clock.pass(seconds * 1000);
    this.broker.tick();
    await this.rest();
  }
}

export class Client {
  readonly #site: ClientSite;
  readonly gateway: number;
  readonly session: number;

  constructor(site: ClientSite, gateway: number, session: number) {
    this.#site = site;
    this.gateway = gateway;
    this.session = session;
  }

  get double(): GatewayDouble {
    return this.#site.gateways[this.gateway] as GatewayDouble;
  }

  get messages(): Delivered[] {
    return this.double.messages.filter(({ session }) => session === this.session);
  }

  get texts(): string[] {
    return this.messages.map(({ payload }) => payload);
  }

  get pubrels(): number[] {
    return this.double.of('pubrel').flatMap(({ session, packetId }) => (session === this.session ? packetId : []));
  }

  get attached(): Extract<BrokerToGateway, { kind: 'attached' }> | undefined {
    return this.double.of('attached').find(({ session }) => session === this.session);
  }

  get codes(): (readonly number[])[] {
    return this.double.of('subscribed').flatMap(({ session, codes }) => (session === this.session ? [codes] : []));
  }

  get ended(): number | undefined {
    return this.double.of('end').find(({ session }) => session === this.session)?.code;
  }

  subscribe(filter: string, more: Partial<Subscription> = {}): this {
    const base = { filter, qos: 1 as const, noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    this.#receive({ kind: 'subscribe', session: this.session, packetId: 1, subscriptions: [{ ...base, ...more }] });
    return this;
  }

  unsubscribe(...filters: string[]): this {
    this.#receive({ kind: 'unsubscribe', session: this.session, packetId: 2, filters });
    return this;
  }

  publish(topic: string, payload: string, options: Publish = {}): number {
    return this.#site.traffic(this.gateway, (writer) => writePublish(writer, this.session, '', topic, payload, options));
  }

  /** Acknowledges: 4 PUBACK, 5 PUBREC, 7 PUBCOMP. */
  answer(type: number, packetId: number, reason = 0): void {
    this.#site.traffic(this.gateway, (writer) => {
      writer.u8(TRAFFIC_ANSWER);
      writer.u8(type);
      writer.u8(reason);
      writer.f64(this.session);
      writer.u16(packetId);
    });
  }

  taken(packetId: number): number {
    return this.#site.traffic(this.gateway, (writer) => writeId(writer, TRAFFIC_TAKEN, this.session, packetId));
  }

  released(packetId: number): number {
    return this.#site.traffic(this.gateway, (writer) => writeId(writer, TRAFFIC_RELEASED, this.session, packetId));
  }

  detach(isClean = true, expirySeconds?: number): void {
    this.#receive({ kind: 'detach', session: this.session, isClean, atMs: this.#site.clock.wall, expirySeconds });
  }

  #receive(message: GatewayToBroker): void {
    this.#site.receive(this.gateway, message);
  }
}

export function writeId(writer: TrafficWriter, kind: number, session: number, packetId: number): void {
  writer.u8(kind);
  writer.f64(session);
  writer.u16(packetId);
}

export function writePublish(
  writer: TrafficWriter,
  session: number,
  tenant: string,
  topic: string,
  payload: string,
  options: Publish,
): void {
  const { qos = 0, retain = false, properties = new Uint8Array(0) } = options;
  writer.u8(TRAFFIC_PUBLISH);
  writer.u8((qos << 1) | (retain ? 1 : 0));
  writer.f64(session);
  if (session === 0) {
    writer.u8(Buffer.byteLength(tenant));
    writer.bytes(Buffer.from(tenant));
  }
  writer.u16(Buffer.byteLength(topic));
  writer.bytes(Buffer.from(topic));
  writer.u16(properties.length);
  writer.bytes(properties);
  writer.u32(Buffer.byteLength(payload));
  writer.bytes(Buffer.from(payload));
}
