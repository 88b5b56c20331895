import { plainFilter } from '../share-group.js';
import type { BrokerState } from '../state.js';
import { INTERESTS } from '../store/store.js';
import type { Taps } from '../taps.js';
import { type Interest, Interests } from './interests.js';

/** A process that said nothing for so long gives no message to a group while another one can. */
const SILENT_MS = 30_000;
const FORGET_SECONDS_MIN = 3600;
const NONE: readonly string[] = [];

/** The other processes: which filters their clients have, and when each was last heard of. */
export class Others {
  readonly #state: BrokerState;
  readonly #taps: Taps;
  readonly #interests = new Interests();
  /** Keys of the store by filter, tenant and process. */
  readonly #keys = new Map<string, Map<string, number>>();
  /** By its own clock. */
  readonly #heardMs = new Map<string, number>();
  /** When something was read of it. */
  readonly #knownSeconds = new Map<string, number>();
  #turn = 0;

  constructor(state: BrokerState, taps: Taps) {
    this.#state = state;
    this.#taps = taps;
    for (const [key, record] of state.store.entries(INTERESTS)) {
      state.seenKey(key);
      const [process, tenant, filter] = JSON.parse(Buffer.from(record).toString()) as [string, string, string];
      this.#knownSeconds.set(process, state.steadySeconds);
      this.#keep(key, process, tenant, filter);
    }
  }

  /** Those from which this process has heard lately. */
  get count(): number {
    const sinceMs = this.#state.clock.wallMs() - SILENT_MS;
    return [...this.#heardMs.values()].filter((atMs) => atMs >= sinceMs).length;
  }

  has(tenant: string, plain: string): boolean {
    return this.#interests.has(tenant, plain);
  }

  of(tenant: string, topic: string): Interest {
    return this.#interests.of(tenant, topic);
  }

  heard(process: string, atMs: number): void {
    this.#heardMs.set(process, atMs);
    this.#knownSeconds.set(process, this.#state.steadySeconds);
  }

  /** The process of a group whose turn it is; undefined: none of them has said anything lately. */
  pick(processes: readonly string[]): string | undefined {
    const sinceMs = this.#state.clock.wallMs() - SILENT_MS;
    const live = processes.filter((process) => (this.#heardMs.get(process) ?? 0) >= sinceMs);
    return live[this.#turn++ % live.length];
  }

  add(process: string, tenant: string, filter: string): void {
    if (this.#keys.get(process)?.has(keyOf(tenant, filter))) return;
    const key = this.#state.newKey();
    this.#keep(key, process, tenant, filter);
    this.#state.journal.need();
    this.#state.journal.create(INTERESTS, key, { record: () => Buffer.from(JSON.stringify([process, tenant, filter])) });
  }

  delete(process: string, tenant: string, filter: string): void {
    const keys = this.#keys.get(process);
    const key = keys?.get(keyOf(tenant, filter));
    if (key === undefined) return;
    keys?.delete(keyOf(tenant, filter));
    this.#state.journal.need();
    this.#state.journal.remove(INTERESTS, key);
    const plain = plainFilter(filter);
    const isLast = this.#interests.delete(process, tenant, filter);
    if (isLast && !this.#state.tenant(tenant).routes.has(plain)) this.#taps.remove(tenant, plain);
  }

  /** The process has no filters any more. */
  clear(process: string): void {
    for (const one of [...(this.#keys.get(process)?.keys() ?? NONE)]) this.delete(process, ...(JSON.parse(one) as [string, string]));
  }

  /** Of a process that is away for longer than any session can be, no session is left: it says its filters again when it is back. */
  forget(): void {
    const { steadySeconds, limits, report } = this.#state;
    const sinceSeconds = steadySeconds - Math.max(limits.expirySecondsMax, FORGET_SECONDS_MIN);
    for (const [process, atSeconds] of this.#knownSeconds) {
      if (atSeconds >= sinceSeconds) continue;
      this.#knownSeconds.delete(process);
      this.#heardMs.delete(process);
      const filters = this.#keys.get(process)?.size ?? 0;
      this.clear(process);
      this.#keys.delete(process);
      report('warn', 'mqtt-process-forgotten', { process, filters });
    }
  }

  #keep(key: number, process: string, tenant: string, filter: string): void {
    const keys = this.#keys.get(process) ?? new Map<string, number>();
    this.#keys.set(process, keys);
    keys.set(keyOf(tenant, filter), key);
    const plain = plainFilter(filter);
    const isFirst = this.#interests.add(process, tenant, filter);
    if (isFirst && !this.#state.tenant(tenant).routes.has(plain)) this.#taps.add(tenant, plain);
  }
}

function keyOf(tenant: string, filter: string): string {
  return JSON.stringify([tenant, filter]);
}
