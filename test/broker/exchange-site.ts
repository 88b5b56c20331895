import { MemoryStore } from './memory-store.js';
import { Site, TestClock } from './site.js';

/** What processes of a test hand to one another: a list that all of them read, as far as the test lets them. */
export class Topic {
  readonly records: { readonly offset: number; readonly bytes: Uint8Array }[] = [];

  append(bytes: Uint8Array): void {
    this.records.push({ offset: this.records.length, bytes });
  }
}

/** A process of a deployment: its broker ends and begins again with the store that a crash leaves. */
export class Process {
  readonly #topic: Topic;
  readonly clock: TestClock;
  store = new MemoryStore();
  site: Site;
  /** A record that its broker sends and the topic has not taken. */
  #sending: Uint8Array | undefined;
  #read = 0;
  #life = 0;

  constructor(topic: Topic, clock = new TestClock()) {
    this.#topic = topic;
    this.clock = clock;
    this.site = this.#begin();
  }

  /** The topic takes what is sent; `isKnown`: its sender is told so. */
  take(isKnown = true): boolean {
    const bytes = this.#sending;
    if (!bytes) return false;
    this.#topic.append(bytes);
    if (!isKnown) return true;
    this.#sending = undefined;
    this.site.broker.exchangeSent();
    return true;
  }

  /** Reads some records more. */
  read(count = Number.POSITIVE_INFINITY): boolean {
    const records = this.#topic.records.slice(this.#read, this.#read + count);
    this.#read += records.length;
    if (records.length > 0) this.site.broker.exchangeRecords(records);
    return records.length > 0;
  }

  crash(): void {
    this.store = this.store.crashed();
    this.site = this.#begin();
  }

  #begin(): Site {
    const life = ++this.#life;
    this.#sending = undefined;
    const exchange = (bytes: Uint8Array) => {
      // A broker that has crashed still runs in the test, and says nothing any more.
      if (life === this.#life) this.#sending = bytes;
    };
    const site = new Site({ store: this.store, clock: this.clock, exchange });
    this.#read = site.broker.exchangeNext;
    this.site = site;
    this.read();
    site.broker.exchangeCurrent();
    return site;
  }
}

/** Until no process has anything to send or to read. */
export async function rest(processes: readonly Process[]): Promise<void> {
  for (;;) {
    for (const { site } of processes) await site.rest();
    let isDone = true;
    for (const one of processes) if (one.take() || one.read()) isDone = false;
    if (isDone) return;
  }
}
