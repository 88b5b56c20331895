import type { DataPlane } from '../../contract/data-plane.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { type Imbalance, imbalances } from './balance.js';
import { type Counts, merge, total } from './counts.js';
import { DoorRefusals } from './door-refusals.js';
import { missingRanges, type Sequence } from './missing-ranges.js';
import { sumTenants, type TenantBook } from './tenant-books.js';

const CHECK_EVERY_MS = 1000;

export interface LedgerOptions {
  readonly plane: Pick<DataPlane, 'account' | 'audits' | 'counters' | 'deviceTotals' | 'intake' | 'lag' | 'refusedMessages'>;
  readonly registry: Pick<Registry, 'byNumber' | 'count'>;
  event(level: 'error' | 'info', name: string, fields: Record<string, string | number>): void;
  readonly nowMs?: () => number;
}

export interface DeviceLedger extends Counts {
  /** Since when stored, duplicate and dead count, ms; undefined: nothing came yet. */
  readonly sinceMs: number | undefined;
  readonly balanced: boolean;
  readonly sequence: Sequence;
  readonly reboots: number;
  readonly rebootMs: number | undefined;
  readonly runsForgotten: number;
}

export interface TenantLedger extends Counts {
  readonly tenant: string;
  /** Devices that have sent something. */
  readonly devices: number;
  /** Undefined: this process alone cannot tell, because others take messages in or judge them, or it still replays what was there. */
  readonly balanced: boolean | undefined;
}

/** The books of all messages: what came in, what became of it, and whether the two agree. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #door = new DoorRefusals();
  readonly #timer: NodeJS.Timeout;
  readonly #nowMs: () => number;
  /** Since when received and rejected count, ms. */
  readonly sinceMs: number;
  #imbalances: readonly Imbalance[] = [];
  #told = '';
  #checkedMs: number | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.sinceMs = this.#nowMs();
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Compares the last audits; a change is told once. */
  check(): void {
    const audits = this.#options.plane.audits();
    if (audits.gateways.length + audits.partitions.length === 0) return;
    this.#checkedMs = this.#nowMs();
    this.#imbalances = imbalances(audits);
    const found = this.#imbalances.map(({ at, between, missing }) => `${at}: ${missing} between ${between}`).join('; ');
    if (found === this.#told) return;
    this.#told = found;
    const numbers = this.messages;
    if (found === '') this.#options.event('info', 'ledger-balanced', numbers);
    else this.#options.event('error', 'ledger-unbalanced', { imbalance: this.imbalance, found, ...numbers });
  }

  /** Messages that the books do not account for, or account for twice; 0: balanced. */
  get imbalance(): number {
    return this.#imbalances.reduce((sum, { missing }) => sum + Math.abs(missing), 0);
  }

  get imbalances(): readonly Imbalance[] {
    return this.#imbalances;
  }

  get checkedMs(): number | undefined {
    return this.#checkedMs;
  }

  /** A message that the HTTP server refused itself; `device` has proved who it is. */
  refused(code: string, tenant: string, device: Device | undefined): void {
    const isTenant = device !== undefined || this.#options.registry.count(tenant) > 0;
    this.#door.count(code, isTenant ? tenant : undefined, device?.number);
  }

  /** The node's counts by state, as operators read them. */
  get messages(): Record<string, number> {
    const { received, recovered, stored, duplicate, dead, rejected, lost, inFlight } = this.node();
    return { received, recovered, stored, duplicate, dead: total(dead), rejected: total(rejected), lost, in_flight: inFlight };
  }

  /** The pipelines are read before the gateways: in flight is never below 0 for what arrived in between. */
  node(): Counts {
    const { plane } = this.#options;
    const { partitions } = plane.audits();
    const counters = plane.counters();
    const { stored, duplicate } = counters;
    const dead = merge(counters.deadByCode);
    const lost = partitions.reduce((sum, audit) => sum + audit.lost, 0);
    const ended = stored + duplicate + total(dead) + lost;
    const { accepted } = counters;
    const endedNew = partitions.reduce((sum, audit) => sum + audit.run + audit.lost - audit.recovered, 0);
    const recovered = this.#isOpen() ? partitions.reduce((sum, audit) => sum + audit.recovered, 0) : ended - endedNew;
    const rejected = merge(counters.refusedByCode, this.#door.node());
    const received = accepted + total(rejected);
    return { received, recovered, stored, duplicate, dead, rejected, lost, inFlight: accepted + recovered - ended };
  }

  async tenants(): Promise<TenantLedger[]> {
    const { plane, registry } = this.#options;
    const isJudge = this.#isOpen() && plane.intake().gateways > 0 && plane.lag().every(({ isHere }) => isHere);
    const before = this.node();
    const books = await sumTenants(plane, registry, this.#door);
    const isQuiet = isStill(before, this.node());
    return books.map((book) => ({
      ...countsOf(book, isQuiet ? before.lost : 0),
      balanced: isJudge ? !book.isOverdrawn && !(isQuiet && book.inFlight !== 0) : undefined,
    }));
  }

  async device({ number }: Pick<Device, 'number'>): Promise<DeviceLedger> {
    const before = this.node();
    const account = await this.#options.plane.account(number);
    const after = this.node();
    const { stored, duplicate, dead, reboots, rebootMs, runsForgotten, sinceMs } = account;
    const rejected = merge(account.refused, this.#door.ofDevice(number));
    const isQuiet = isStill(before, after);
    const { lost, inFlight } = lostOf(account.inFlight, isQuiet ? after.lost : 0);
    return {
      received: stored + duplicate + total(dead) + total(rejected) + lost + inFlight,
      recovered: 0,
      stored,
      duplicate,
      dead,
      rejected,
      lost,
      inFlight,
      sinceMs,
      balanced: inFlight >= 0 && lost === 0 && !(isQuiet && inFlight !== 0),
      sequence: missingRanges(account.runs),
      reboots,
      rebootMs,
      runsForgotten,
    };
  }

  /** Until every partition is where its log stood at the start, what is not known to be new is an earlier process's. */
  #isOpen(): boolean {
    const { plane } = this.#options;
    return plane.audits().partitions.length === plane.lag().filter(({ isHere }) => isHere).length;
  }
}

/** Nothing at all was in flight from one moment to the other: then nothing of a device or a tenant may be. */
function isStill(before: Counts, after: Counts): boolean {
  return before.inFlight === 0 && after.inFlight === 0 && before.received === after.received;
}

function countsOf({ tenant, devices, stored, duplicate, dead, rejected, inFlight: notRun }: TenantBook, nodeLost: number) {
  const { lost, inFlight } = lostOf(notRun, nodeLost);
  const received = stored + duplicate + total(dead) + total(rejected) + lost + inFlight;
  return { tenant, devices, received, recovered: 0, stored, duplicate, dead, rejected, lost, inFlight };
}

/**
 * Nobody can say whose the messages in a gap were. But while nothing of the node is in flight, what was taken in and never
 * run is among those that the node has lost (`nodeLost`; 0: something is in flight, or nothing is lost).
 */
function lostOf(notRun: number, nodeLost: number): { lost: number; inFlight: number } {
  const lost = Math.min(Math.max(0, notRun), nodeLost);
  return { lost, inFlight: notRun - lost };
}
