import { BLOCK_SLOTS } from '../../assembly/abi/gateway.js';
import type { FromGateway } from '../contract/threads/gateway.js';
import type { Reactor } from '../reactor/reactor.js';

/** Bytes that the connections of a tenant are read for in a turn while those of others wait. */
const QUANTUM = 64 * 1024;
/**
 * With so many blocks on their way to the log, who sends more than its share waits, for what others send is written after them. They are
 * enough to keep the log busy while it writes.
 */
const BLOCKS_TO_HOLD = 12;
const BLOCKS_TO_RELEASE = 4;
/** A tenant is reported that had to wait in so many turns of a second, but not again for a minute. */
const REPORTED_TURNS = 100;
const REPORT_AGAIN_MS = 60_000;
const COUNTS = 3;

type SharingReactor = Pick<Reactor, 'share' | 'hold' | 'shareCounts'>;

/** Says which connections the reactor reads in turn: each tenant has a share. */
export class Shares {
  readonly #reactor: SharingReactor;
  /** By place: the tenant's share is the number after it, for 0 is nobody's. */
  readonly #tenants: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #partitions: number;
  readonly #post: (message: FromGateway) => void;
  /** By tenant: when there was an event. */
  readonly #reportedMs = new Map<string, number>();
  #isHeld = false;

  constructor(reactor: SharingReactor, partitions: number, post: (message: FromGateway) => void) {
    this.#reactor = reactor;
    this.#partitions = partitions;
    this.#post = post;
  }

  /** The connection is one of the tenant. */
  assign(connection: number, tenant: string): void {
    this.#reactor.share(connection, this.#placeOf(tenant) + 1, QUANTUM);
  }

  /** So many block slots are free. Each partition has one that is being filled. */
  pressure(freeSlots: number): void {
    const blocks = BLOCK_SLOTS - freeSlots - this.#partitions;
    const isHeld = this.#isHeld ? blocks > BLOCKS_TO_RELEASE : blocks > BLOCKS_TO_HOLD;
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#reactor.hold(isHeld);
  }

  /** Reports tenants that had to wait for others. Once a second. */
  sweep(nowMs: number): void {
    const counts = this.#reactor.shareCounts();
    let allBytes = 0;
    for (let at = 1; at < counts.length; at += COUNTS) allBytes += counts[at] as number;
    for (let at = 0; at < counts.length; at += COUNTS) {
      const [share, bytes, turns] = counts.slice(at, at + COUNTS) as [number, number, number];
      const tenant = this.#tenants[share - 1];
      if (tenant === undefined || turns < REPORTED_TURNS || nowMs - this.#reportedMsOf(tenant) < REPORT_AGAIN_MS) continue;
      this.#reportedMs.set(tenant, nowMs);
      const percent = allBytes === 0 ? 0 : Math.round((bytes / allBytes) * 100);
      const fields = { tenant, kib: Math.round(bytes / 1024), percent };
      this.#post({ kind: 'event', level: 'warn', name: 'tenant-held-back', fields });
    }
  }

  #reportedMsOf(tenant: string): number {
    return this.#reportedMs.get(tenant) ?? Number.NEGATIVE_INFINITY;
  }

  #placeOf(tenant: string): number {
    let place = this.#places.get(tenant);
    if (place === undefined) {
      place = this.#tenants.push(tenant) - 1;
      this.#places.set(tenant, place);
    }
    return place;
  }
}
