import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { MessageExchange } from '../contract/broker/exchange.js';
import { type BrokerCounts, type BrokerLimits, NOTHING_COUNTED } from '../contract/broker/session-views.js';
import type { IdentityNews } from '../contract/identity/news.js';
import { StartFailure } from '../contract/start-failure.js';
import type { BrokerAnswer, BrokerQuestion, BrokerStart, FromBroker, ToBroker } from '../contract/threads/broker.js';
import type { ThreadEvent } from '../contract/threads/shared.js';
import { type Stoppable, stopThread, type ThreadRoster } from './thread-roster.js';
import type { Thread } from './worker.js';

export interface BrokerOptions {
  readonly entry: URL;
  /** Gateway threads of this process. */
  readonly gateways: number;
  /** Where sessions outlive the process; undefined: they end with it. */
  readonly folder: string | undefined;
  readonly limits: BrokerLimits;
  /** The way to other processes; undefined: this one is alone. */
  readonly exchange: MessageExchange | undefined;
  event(thread: string, event: ThreadEvent): void;
}

/** The broker thread as the main thread sees it. */
export class Broker {
  /** The gateways' ends of their ports, in their order. */
  readonly ports: readonly MessagePort[];
  readonly #options: BrokerOptions;
  readonly #ends: readonly MessagePort[];
  readonly #asked = new Map<number, (answer: BrokerAnswer) => void>();
  #wasRead: () => void = () => {};
  readonly #published = new Map<number, () => void>();
  #thread: Thread<ToBroker, FromBroker> | undefined;
  #refusal: StartFailure | undefined;
  #token = 0;
  counts: BrokerCounts = NOTHING_COUNTED;

  constructor(options: BrokerOptions) {
    this.#options = options;
    const channels = Array.from({ length: options.gateways }, () => new MessageChannel());
    this.ports = channels.map(({ port1 }) => port1);
    this.#ends = channels.map(({ port2 }) => port2);
  }

  async start(roster: ThreadRoster): Promise<void> {
    const { entry, folder, limits, exchange } = this.#options;
    const start: BrokerStart = { folder, gateways: this.#ends, limits, isShared: exchange !== undefined };
    this.#thread = roster.add('broker', entry, start, this.#ends, (message: FromBroker) => this.#receive(message));
    await this.#thread.ready.catch((error: unknown) => {
      throw this.#refusal ?? error;
    });
  }

  /** The kind of the answer is that of the question. */
  ask(question: BrokerQuestion): Promise<BrokerAnswer> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#asked.set(token, resolve);
      this.#thread?.post({ kind: 'ask', token, question });
    });
  }

  /** Resolves when nothing that it revokes is handed on any more. `isWhole`: all that was known at the start has come. */
  publishIdentity(news: readonly IdentityNews[], isWhole: boolean): Promise<void> {
    const thread = this.#thread;
    // What devices show to be let in is of gateways alone.
    const shared = news.filter(({ subject }) => subject !== 'credentials');
    if (!thread || (shared.length === 0 && !isWhole)) return Promise.resolve();
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#published.set(token, resolve);
      thread.post({ kind: 'identity', token, news: shared, isWhole });
    });
  }

  devicesDeleted(numbers: readonly number[]): void {
    this.#thread?.post({ kind: 'devices-deleted', numbers });
  }

  /** Ends the thread after its gateways; false: it did not come to its end in time. */
  async stop(deadlineMs: number): Promise<boolean> {
    const isAtEnd = this.#thread === undefined || (await stopThread(this.#thread as unknown as Stoppable, deadlineMs));
    await this.#options.exchange?.close();
    return isAtEnd;
  }

  #receive(message: FromBroker): void {
    if (message.kind === 'refused') this.#refusal = new StartFailure(message.code, message.message, message.wayOut);
    else if (message.kind === 'event') this.#options.event('broker', message);
    else if (message.kind === 'counts') this.counts = message.counts;
    else if (message.kind === 'exchange-begin') this.#beginExchange(message.from);
    else if (message.kind === 'exchange-send') this.#send(message.bytes);
    else if (message.kind === 'exchange-read') this.#wasRead();
    else if (message.kind === 'identity-known') {
      this.#published.get(message.token)?.();
      this.#published.delete(message.token);
    } else if (message.kind === 'answer') {
      this.#asked.get(message.token)?.(message.answer);
      this.#asked.delete(message.token);
    }
  }

  #beginExchange(from: number): void {
    const thread = this.#thread;
    this.#options.exchange?.read(
      from,
      (records) =>
        new Promise((resolve) => {
          this.#wasRead = resolve;
          thread?.post({ kind: 'exchange-records', records });
        }),
      () => thread?.post({ kind: 'exchange-current' }),
    );
  }

  #send(bytes: Uint8Array): void {
    // It is rejected where the process ends before: the broker has what must not be lost in its store.
    this.#options.exchange?.send(bytes).then(
      () => this.#thread?.post({ kind: 'exchange-sent' }),
      () => {},
    );
  }
}
