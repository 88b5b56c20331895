import type { ExchangeRecord } from '../contract/broker/exchange.js';
import type { BrokerLimits } from '../contract/broker/session-views.js';
import { FLAG_QOS_SHIFT, FLAG_RETAIN } from '../contract/broker/traffic.js';
import type { IdentityNews } from '../contract/identity/news.js';
import type { BrokerAnswer, BrokerQuestion, GatewayToBroker } from '../contract/threads/broker.js';
import type { Report } from '../telemetry/report.js';
import type { Clock } from './clock.js';
import { Deliveries } from './deliveries.js';
import type { brokerEvents } from './events.js';
import { Exchange } from './exchange/exchange.js';
import { Journal } from './journal.js';
import { load } from './loading.js';
import { type GatewayPort, Outbox } from './outbox.js';
import { Publishing } from './publishing.js';
import { Questions } from './questions.js';
import { Revoking } from './revoking.js';
import { Sessions } from './sessions.js';
import { BrokerState } from './state.js';
import type { Store } from './store/store.js';
import { Subscribing } from './subscribing.js';
import { SystemTopics } from './system-topics.js';
import { Taps } from './taps.js';
import { readTraffic } from './traffic.js';
import { Wills } from './wills.js';

export interface BrokerOptions {
  readonly store: Store;
  readonly gateways: readonly GatewayPort[];
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  readonly report: Report<keyof typeof brokerEvents>;
  /** Answers of questions. */
  readonly answer: (token: number, answer: BrokerAnswer) => void;
  readonly residentBytesMax?: number;
  /** Sends a record to all processes of the deployment, this one included; `exchangeSent` says that it was. Undefined: this process is alone. */
  readonly exchange?: ((record: Uint8Array<ArrayBuffer>) => void) | undefined;
  /** How long a batch waits that the disk has refused, ms. */
  readonly retryMs?: number;
}

/** All MQTT sessions of a process. It does what its ports say; `tick` is called every second. */
export class Broker {
  readonly #state: BrokerState;
  readonly #outboxes: readonly Outbox[];
  readonly #deliveries: Deliveries;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;
  readonly #revoking: Revoking;
  readonly #wills: Wills;
  readonly #sessions: Sessions;
  readonly #system: SystemTopics;
  readonly #questions: Questions;
  readonly #taps = new Taps();
  readonly #answer: BrokerOptions['answer'];
  /** What gateways say before all rules are known. */
  readonly #early: { readonly gateway: number; readonly message: GatewayToBroker }[] = [];
  #exchange: Exchange | undefined;
  #isTurnDue = false;

  constructor({ store, gateways, limits, clock, report, answer, residentBytesMax, exchange, retryMs }: BrokerOptions) {
    const listener = {
      failing: (cause: string) => report('error', 'mqtt-store-failing', { cause }),
      recovered: () => report('info', 'mqtt-store-recovered', {}),
      durable: () => {
        // The journal begins its next batch at once.
        this.#exchange?.outgoing.seal();
        this.#turnSoon();
      },
    };
    const journal = new Journal(store, listener, retryMs);
    const state = new BrokerState(store, journal, clock, report, limits);
    this.#state = state;
    this.#answer = answer;
    this.#outboxes = gateways.map((port) => new Outbox(port));
    const deliveries = new Deliveries(state, residentBytesMax);
    const publishing = new Publishing(state, deliveries);
    const subscribing = new Subscribing(state, deliveries, publishing, this.#taps, () => this.#flushTaps());
    const revoking = new Revoking(state, deliveries, publishing, subscribing);
    const wills = new Wills(state, publishing, this.#outboxes);
    const system = new SystemTopics(state, publishing);
    const sessions = new Sessions(state, { deliveries, publishing, subscribing, revoking, wills, system });
    [this.#deliveries, this.#publishing, this.#subscribing] = [deliveries, publishing, subscribing];
    [this.#revoking, this.#wills, this.#system, this.#sessions] = [revoking, wills, system, sessions];
    if (exchange) {
      const dropRetained = (tenant: string, topic: string) => void publishing.dropRetained(state.tenant(tenant), topic);
      const retain: Publishing['retain'] = (...message) => publishing.retain(...message);
      this.#exchange = new Exchange(state, this.#taps, { relay: (message) => publishing.relay(message), retain, dropRetained }, exchange);
      state.exchange = this.#exchange;
    }
    this.#questions = new Questions(state, sessions, publishing);
    load({ state, deliveries, publishing, subscribing, sessions, wills });
    this.#exchange?.begin();
    this.#turnSoon();
  }

  /** Offset of the next record of the exchange that this process has to read. */
  get exchangeNext(): number {
    return this.#exchange?.next ?? 0;
  }

  /** The record that was sent last is with all in-sync replicas. */
  exchangeSent(): void {
    this.#turnSoon();
    this.#exchange?.outgoing.wasSent();
  }

  exchangeRecords(records: readonly ExchangeRecord[]): void {
    this.#turnSoon();
    this.#exchange?.read(records);
  }

  /** All records were read that were there at the beginning. */
  exchangeCurrent(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    exchange.isCurrent = true;
    if (this.#isOpen) this.#answerEarly();
  }

  get counts(): BrokerState['counts'] {
    return this.#state.counts;
  }

  setLimits(limits: BrokerLimits): void {
    this.#state.limits = limits;
  }

  /** A message of the gateway with this index. */
  receive(gateway: number, message: GatewayToBroker): void {
    if (!this.#isOpen) {
      this.#early.push({ gateway, message });
      return;
    }
    this.#turnSoon();
    const outbox = this.#outboxes[gateway] as Outbox;
    if (message.kind === 'attach') this.#sessions.attach(outbox, message);
    else if (message.kind === 'traffic') this.#receiveTraffic(outbox, message.number, message.bytes);
    else {
      // Of a session that another connection has taken over nothing counts any more.
      const session = this.#state.connected.get(message.session);
      if (!session) return;
      const tenant = this.#state.tenant(session.tenant.name);
      if (message.kind === 'principal') this.#sessions.changeClass(tenant, session, message.who);
      else if (message.kind === 'detach') this.#sessions.detach(session, message);
      else if (message.kind === 'subscribe') this.#subscribing.subscribe(tenant, session, message.packetId, message.subscriptions);
      else this.#subscribing.unsubscribe(tenant, session, message.packetId, message.filters);
    }
  }

  /** What is new of who may use which topics. `isWhole`: with it, everything that was known at the start has come. */
  setIdentity(news: readonly IdentityNews[], isWhole: boolean): void {
    this.#turnSoon();
    const { rules, tenants } = this.#state;
    for (const one of news) {
      const changed = rules.set(one);
      const tenant = one.subject === 'credentials' ? undefined : tenants.get(one.tenant);
      if (!rules.isWhole || !tenant) continue;
      if (one.subject === 'services') this.#sessions.dropNobodys(tenant);
      else if (changed.length > 0) this.#revoking.checkTenant(tenant, changed);
    }
    if (isWhole && !rules.isWhole) this.#begin();
  }

  ask(token: number, question: BrokerQuestion): void {
    this.#turnSoon();
    const { journal } = this.#state;
    journal.needed = 0;
    const outgoing = this.#exchange?.outgoing;
    if (outgoing) outgoing.needed = 0;
    const answer = this.#questions.answer(question);
    const sequence = outgoing?.needed ?? 0;
    const done = () => this.#answer(token, answer);
    journal.after(journal.needed, outgoing ? () => outgoing.after(sequence, done) : done);
  }

  dropDevices(numbers: readonly number[]): void {
    this.#turnSoon();
    this.#sessions.dropDevices(numbers);
  }

  /** What is due. */
  tick(): void {
    this.#turnSoon();
    // Sessions that end, and clients that are gone, may have wills, and these are judged by rules.
    if (this.#isOpen) {
      this.#sessions.tick();
      this.#wills.tick();
    }
    this.#system.tick();
    this.#exchange?.tick();
  }

  /** Fulfilled once everything is durable and sent. */
  async drain(): Promise<void> {
    this.#exchange?.outgoing.seal();
    await this.#state.journal.drain();
    this.#turn();
  }

  /** All rules are known: what was loaded is judged by them, and then gateways are answered. */
  #begin(): void {
    const { rules, tenants } = this.#state;
    rules.isWhole = true;
    for (const tenant of tenants.values()) {
      this.#sessions.dropNobodys(tenant);
      this.#revoking.checkTenant(tenant);
    }
    if (this.#isOpen) this.#answerEarly();
  }

  /** Gateways are answered: it is known who may do what, and what clients at other processes want. */
  get #isOpen(): boolean {
    return this.#state.rules.isWhole && this.#exchange?.isCurrent !== false;
  }

  #answerEarly(): void {
    for (const { gateway, message } of this.#early.splice(0)) this.receive(gateway, message);
  }

  /** Once all messages that are there have been received. */
  #turnSoon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#turn();
    });
  }

  /** Sends what there is to send, and writes what there is to write. */
  #turn(): void {
    this.#exchange?.outgoing.seal();
    this.#state.journal.turn();
    this.#flushTaps();
    for (const outbox of this.#outboxes) outbox.flush();
    this.#deliveries.trim();
  }

  #flushTaps(): void {
    this.#taps.flush((tenant, added, removed) => {
      for (const outbox of this.#outboxes) outbox.post({ kind: 'taps', tenant, added, removed });
    });
  }

  #receiveTraffic(outbox: Outbox, number: number, bytes: Uint8Array): void {
    const { journal, connected } = this.#state;
    const outgoing = this.#exchange?.outgoing;
    journal.needed = 0;
    if (outgoing) outgoing.needed = 0;
    readTraffic(bytes, {
      publish: (flags, session, tenantName, topic, body) => {
        const publisher = connected.get(session);
        if (session > 0 && !publisher) return;
        const tenant = this.#state.tenant(publisher?.tenant.name ?? tenantName);
        this.#publishing.publish(tenant, topic, body, (flags >> FLAG_QOS_SHIFT) & 3, (flags & FLAG_RETAIN) > 0, publisher);
      },
      answer: (session, type, reason, packetId) => {
        const client = connected.get(session);
        if (client) this.#deliveries.answer(client, type, reason, packetId);
      },
      taken: (session, packetId) => {
        const client = connected.get(session);
        if (client) this.#sessions.taken(client, packetId);
      },
      released: (session, packetId) => {
        const client = connected.get(session);
        if (client) this.#sessions.released(client, packetId);
      },
    });
    if (number > 0) outbox.settle(number, journal, outgoing);
  }
}
