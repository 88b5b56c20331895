import type { ExchangeRecord } from '../../contract/broker/exchange.js';
import { type Body, expirySecondsIn, withExpirySeconds } from '../message.js';
import { plainFilter, type ShareGroup } from '../share-group.js';
import type { BrokerState } from '../state.js';
import { OUTGOING, PLACE, PLACE_KEY } from '../store/store.js';
import type { Taps } from '../taps.js';
import { Others } from './others.js';
import { Outgoing } from './outgoing.js';
import { batchesIn, openBatch, type Relayed, readOperations, writeDrop, writeFilter, writeHello, writePublish } from './packing.js';
import { Place } from './place.js';
import type { Sharing } from './sharing.js';

/** A process that has nothing to say says so this often. */
const ALIVE_SECONDS = 10;
/** All filters are said again this often, as records of the exchange are removed some time. */
const AGAIN_SECONDS = 1800;
const NO_GROUPS: ReadonlyMap<string, string> = new Map();

/** What the exchange does with messages of other processes. */
export interface ExchangeTarget {
  /** For the subscribers here. */
  relay(message: RelayedMessage): void;
  /** Retains a message that subscribers have got already. */
  retain(tenant: string, topic: string, body: Body, qos: number): void;
  dropRetained(tenant: string, topic: string): void;
}

export interface RelayedMessage extends Omit<Relayed, 'groups'> {
  /** It is retained here, too. */
  readonly isKept: boolean;
  /** Whether a member here of this group, by its shared filter, gets it. */
  readonly isMine: (group: string) => boolean;
}

/** The exchange of messages with other processes, all of which read the same records in the same order. Decision 0039. */
export class Exchange implements Sharing {
  readonly #state: BrokerState;
  readonly #target: ExchangeTarget;
  readonly #place: Place;
  readonly others: Others;
  readonly outgoing: Outgoing;
  /** Filters of clients here, by tenant and filter, with the number of clients. */
  readonly #filters = new Map<string, Map<string, number>>();
  /** Retained messages of this process that it has not read back yet: what others retained before is older. */
  readonly #unread = new Map<string, number>();
  #saidSeconds = 0;
  #saidAllSeconds: number;
  #writtenNext: number;
  #isBegun = false;
  /** Everything has been read that was there at the beginning: until then it is not known who wants which topics. */
  isCurrent = false;

  constructor(state: BrokerState, taps: Taps, target: ExchangeTarget, send: (record: Uint8Array<ArrayBuffer>) => void) {
    this.#state = state;
    this.#target = target;
    this.#place = new Place(state.store);
    this.#writtenNext = this.#place.next;
    this.#saidAllSeconds = state.steadySeconds;
    this.others = new Others(state, taps);
    const { journal, clock, store } = state;
    const options = { journal, process: this.#place.process, wallMs: () => clock.wallMs(), place: this.#place, send };
    this.outgoing = new Outgoing(options, [...store.entries(OUTGOING)], this.#place.sequence());
    this.#place.sequence = () => this.outgoing.lastSequence;
  }

  /** Where to read from. */
  get next(): number {
    return this.#place.next;
  }

  /** Says what the sessions that were loaded have subscribed to. */
  begin(): void {
    this.#isBegun = true;
    this.outgoing.write(true, writeHello);
    this.#sayAll();
    this.outgoing.seal();
  }

  has(tenant: string, plain: string): boolean {
    return this.others.has(tenant, plain);
  }

  subscribed(tenant: string, filter: string): void {
    const filters = this.#filters.get(tenant) ?? new Map<string, number>();
    this.#filters.set(tenant, filters);
    const count = filters.get(filter) ?? 0;
    filters.set(filter, count + 1);
    if (count === 0) this.#say(true, tenant, filter);
  }

  unsubscribed(tenant: string, filter: string): void {
    const filters = this.#filters.get(tenant);
    const count = filters?.get(filter) ?? 0;
    if (count > 1) filters?.set(filter, count - 1);
    else if (filters?.delete(filter)) this.#say(false, tenant, filter);
  }

  publish(
    tenant: string,
    topic: string,
    body: Body,
    qos: number,
    isRetained: boolean,
    here: readonly ShareGroup[],
  ): ReadonlyMap<string, string> {
    // What the broker says of itself is each process's own.
    if (topic.startsWith('$')) return NO_GROUPS;
    const interest = this.others.of(tenant, topic);
    const groups = interest.groups.size === 0 ? NO_GROUPS : this.#assign(interest.groups, here);
    if (this.isCurrent && !interest.isWanted && !isRetained && groups.size === 0) return groups;
    const mustArrive = qos > 0 || isRetained;
    if (!mustArrive && !this.outgoing.hasRoom) {
      this.#state.counts.exchangeDropped++;
      return groups;
    }
    if (isRetained) this.#expect(tenant, topic);
    this.#state.counts.exchangeSent++;
    this.outgoing.write(mustArrive, (writer) => writePublish(writer, { tenant, body, qos, isRetained, groups }));
    return groups;
  }

  dropRetained(tenant: string, topic: string): void {
    this.#expect(tenant, topic);
    this.outgoing.write(true, (writer) => writeDrop(writer, tenant, topic));
  }

  /** Records of all processes, in order. */
  read(records: readonly ExchangeRecord[]): void {
    for (const { offset, bytes } of records) {
      const { next } = this.#place;
      // A process that reads the exchange for the first time begins with the oldest record that the topic still has.
      if (next > 0 && offset > next) this.#state.report('error', 'mqtt-exchange-gap', { from: next, to: offset - 1 });
      this.#state.journal.needed = 0;
      for (const batch of batchesIn(bytes)) this.#batch(batch);
      this.#place.next = offset + 1;
      // With the changes that the record made, so that none of them is made twice or left out.
      if (this.#state.journal.needed > 0) this.#write();
    }
  }

  tick(): void {
    const now = this.#state.steadySeconds;
    if (now - this.#saidAllSeconds >= AGAIN_SECONDS) {
      this.#saidAllSeconds = now;
      this.#sayAll();
    }
    if (now - this.#saidSeconds >= ALIVE_SECONDS) {
      this.#saidSeconds = now;
      // A batch without operations: that it comes is what it says.
      this.outgoing.write(false, () => {});
      this.outgoing.seal();
    }
    if (this.#place.next > this.#writtenNext) this.#write();
    this.others.forget();
    this.#state.counts.processesNow = this.others.count;
  }

  #batch(bytes: Uint8Array): void {
    const opened = openBatch(bytes);
    if (!opened) {
      this.#state.report('error', 'mqtt-exchange-newer', {});
      return;
    }
    const { process, sequence, atMs } = opened.head;
    if (!this.#place.isNew(process, sequence)) return;
    const isOwn = process === this.#place.process;
    if (!isOwn) this.others.heard(process, atMs);
    readOperations(opened.operations, {
      publish: (message) => {
        const isKept = message.isRetained && this.#isNewest(message.tenant, message.topic, isOwn);
        if (isOwn && isKept) this.#target.retain(message.tenant, message.topic, message.body, message.qos);
        else if (!isOwn) this.#relay(message, isKept, atMs);
      },
      drop: (tenant, topic) => {
        if (this.#isNewest(tenant, topic, isOwn)) this.#target.dropRetained(tenant, topic);
      },
      hello: () => {
        if (!isOwn) this.others.clear(process);
      },
      filter: (isAdded, tenant, filter) => {
        if (isOwn) return;
        if (isAdded) this.others.add(process, tenant, filter);
        else this.others.delete(process, tenant, filter);
      },
    });
  }

  /** The time that the message was on its way counts for its expiry. */
  #relay({ groups, ...message }: Relayed, isKept: boolean, atMs: number): void {
    const seconds = expirySecondsIn(message.body);
    const left = seconds === undefined ? 0 : seconds - Math.max(0, Math.floor((this.#state.clock.wallMs() - atMs) / 1000));
    if (seconds !== undefined && left <= 0) {
      this.#state.counts.expired++;
      if (isKept) this.#target.dropRetained(message.tenant, message.topic);
      return;
    }
    this.#state.counts.exchangeReceived++;
    const body = seconds === undefined ? message.body : withExpirySeconds(message.body, left);
    this.#target.relay({ ...message, body, isKept, isMine: (group) => groups.get(group) === this.#place.process });
  }

  /**
   * Of each group one member gets the message: one that is connected here, else one at another process that is alive, else one here that is
   * away, else one at a process that is.
   */
  #assign(elsewhere: ReadonlyMap<string, readonly string[]>, here: readonly ShareGroup[]): ReadonlyMap<string, string> {
    const assigned = new Map<string, string>();
    for (const [filter, processes] of elsewhere) {
      const own = here.find(({ name }) => name === filter);
      if (own?.isAnyConnected) continue;
      const process = this.others.pick(processes) ?? (own ? undefined : processes[0]);
      if (process !== undefined) assigned.set(filter, process);
    }
    return assigned;
  }

  /** This process has just retained or removed the message of the topic. Its change is newer than records of other processes until it is read back. */
  #expect(tenant: string, topic: string): void {
    const key = `${tenant}\n${topic}`;
    this.#unread.set(key, (this.#unread.get(key) ?? 0) + 1);
  }

  /** Whether the change that was read is the newest one of the topic. Changes of this process are known here, unless it has restarted since. */
  #isNewest(tenant: string, topic: string, isOwn: boolean): boolean {
    const key = `${tenant}\n${topic}`;
    const unread = this.#unread.get(key) ?? 0;
    if (isOwn && unread > 1) this.#unread.set(key, unread - 1);
    else if (isOwn) this.#unread.delete(key);
    return unread === 0;
  }

  #say(isAdded: boolean, tenant: string, filter: string): void {
    if (this.#isBegun && !plainFilter(filter).startsWith('$')) {
      this.outgoing.write(true, (writer) => writeFilter(writer, isAdded, tenant, filter));
    }
  }

  #sayAll(): void {
    for (const [tenant, filters] of this.#filters) for (const filter of filters.keys()) this.#say(true, tenant, filter);
  }

  #write(): void {
    this.#writtenNext = this.#place.next;
    this.#state.journal.put(PLACE, PLACE_KEY, this.#place);
  }
}
