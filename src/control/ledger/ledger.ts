import type { DataPlane } from '../../contract/data-plane.js';
import { partitionOf } from '../../contract/partition.js';
import type { Report } from '../../telemetry/report.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { type Imbalance, imbalances } from './balance.js';
import { type Counts, merge, total } from './counts.js';
import { DeploymentBooks } from './deployment-books.js';
import { type DeviceLedger, ledgerOf, type NotRunning, refusedOf } from './device-ledger.js';
import { DeviceRejections, type Rejection } from './device-rejections.js';
import { DoorRefusals } from './door-refusals.js';
import type { ledgerEvents } from './events.js';
import type { DeviceShare, OtherLedgers, ProcessBooks, TenantCounts } from './shares.js';
import { sumTenants, type TenantBook } from './tenant-books.js';

const CHECK_EVERY_MS = 1000;

export interface LedgerOptions {
  readonly plane: Pick<
    DataPlane,
    'account' | 'audits' | 'counters' | 'deviceTotals' | 'intake' | 'lag' | 'refusedMessages' | 'refusedTopics' | 'noteTurnedAway'
  >;
  readonly registry: Pick<Registry, 'byNumber' | 'count' | 'tenantOf'>;
  readonly event: Report<keyof typeof ledgerEvents>;
  /** Absent: there can be no other process. */
  readonly others?: OtherLedgers | undefined;
  readonly nowMs?: () => number;
}

export interface TenantLedger extends TenantCounts {
  /** Undefined: this process alone cannot tell, because others take messages in or judge them, or it still replays what was there. */
  readonly balanced: boolean | undefined;
}

/** The ledger of all messages: counts of messages received and of messages in each final state, and whether they agree. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #door = new DoorRefusals();
  readonly #rejections: DeviceRejections;
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
    this.#rejections = new DeviceRejections({
      tenantAndId: (device) => options.registry.byNumber(device),
      event: options.event,
      nowMs: this.#nowMs,
    });
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Compares the last audits, and reports a change once. */
  check(): void {
    this.#rejections.noteAll(this.#options.plane.refusedTopics());
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

  /** A message that the HTTP server refused itself; `device` has proved who it is, else `tried` is the name that was tried. */
  refused(code: string, tenant: string, device: Device | undefined, tried = ''): void {
    const isTenant = device !== undefined || this.#options.registry.count(tenant) > 0;
    if (device) this.#rejections.note(device.number, code, undefined);
    const who = device ? { device: device.number } : { claim: { tenant, id: tried } };
    this.#options.plane.noteTurnedAway({ atMs: this.#nowMs(), transport: 'http', ...who, code });
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
    const { stored, duplicate, extraSamples } = counters;
    const dead = merge(counters.deadByCode);
    const lost = partitions.reduce((sum, audit) => sum + audit.lost, 0);
    const ended = stored + duplicate + total(dead) + lost - extraSamples;
    const { accepted } = counters;
    const endedNew = partitions.reduce((sum, audit) => sum + audit.run + audit.lost - audit.recovered, 0);
    const recovered = this.#isOpen() ? partitions.reduce((sum, audit) => sum + audit.recovered, 0) : ended - endedNew;
    const rejected = merge(counters.refusedByCode, this.#door.node());
    const received = accepted + extraSamples + total(rejected);
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

  async device({ number }: Pick<Device, 'number'>): Promise<DeviceLedger | NotRunning> {
    const { others } = this.#options;
    const before = this.node();
    const share = await this.share(number);
    if (others && (others.met || !share.account)) return this.#deviceOfAll(number, share, others);
    if (!share.account) return this.#notRunning(number);
    const isQuiet = isStill(before, this.node());
    const rest = lostOf(share.account.inFlight, isQuiet ? before.lost : 0);
    const balanced = rest.inFlight >= 0 && rest.lost === 0 && !(isQuiet && rest.inFlight !== 0);
    return { ...ledgerOf(share.account, share.rejected, rest), balanced, silent: [], lastRejection: this.lastRejection(number) };
  }

  /** The message of a device that this process rejected last. */
  lastRejection(device: number): Rejection | undefined {
    return this.#rejections.of(device);
  }

  /** What this process knows of a device. */
  async share(number: number): Promise<DeviceShare> {
    const { plane } = this.#options;
    const account = await plane.account(number);
    const refused = account?.refused ?? refusedOf(plane.refusedMessages(), number);
    return { account, rejected: merge(refused, this.#door.ofDevice(number)) };
  }

  /** What this process alone has in its books. */
  async books(): Promise<ProcessBooks> {
    const { sinceMs, checkedMs, imbalance, imbalances } = this;
    const partitions = this.#options.plane.lag().flatMap(({ partition, isHere }) => (isHere ? [partition] : []));
    const tenants = (await this.tenants()).map(({ balanced, ...counts }) => counts);
    return { sinceMs, checkedMs, imbalance, imbalances, partitions, node: this.node(), tenants };
  }

  /** The books of all processes; undefined: there is but this one. */
  async deployment(): Promise<DeploymentBooks | undefined> {
    const { others, plane } = this.#options;
    if (!others?.met) return undefined;
    const [own, { answers, silent }] = await Promise.all([this.books(), others.books()]);
    return new DeploymentBooks([[others.name, own], ...answers], silent, plane.lag().length);
  }

  async #deviceOfAll(number: number, own: DeviceShare, others: OtherLedgers): Promise<DeviceLedger | NotRunning> {
    const { answers, silent } = await others.shares(number, own.account === undefined);
    const shares = [own, ...answers.map(([, share]) => share)];
    // Two may think that they run the partition: one of them is asked, they are never added up.
    const account = shares.find((share) => share.account !== undefined)?.account;
    if (!account) return this.#notRunning(number);
    const rejected = merge(...shares.map((share) => share.rejected));
    return {
      ...ledgerOf(account, rejected, { lost: 0, inFlight: undefined }),
      balanced: undefined,
      silent,
      lastRejection: this.lastRejection(number),
    };
  }

  #notRunning(number: number): NotRunning {
    return { notRunning: partitionOf(number, this.#options.plane.lag().length) };
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
