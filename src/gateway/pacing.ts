import { CODE_DEVICE_OVER_RATE } from '../../assembly/abi/codes.js';
import { refusalCode } from '../contract/codes.js';
import type { OverRate } from '../contract/limits/over-rate.js';
import type { FromGateway } from '../contract/threads/gateway.js';

/** Connections are read again at this interval: so long a resumed one may wait beyond its time. */
const TICK_MS = 50;
/** An excess is over when a device had nothing over its rate for so long. */
const BREAK_MS = 1000;
/** One event for a device in this time, and so many for all. */
const REPORT_AGAIN_MS = 60_000;
const REPORTS_MAX = 20;

interface Excess {
  readonly sinceMs: number;
  /** When the connection is, or was, read again. */
  untilMs: number;
}

/** Notes that a message of the device `entry` was over the rate of `code`, and may come again in `delayMs`. */
export type NoteOverRate = (entry: number, code: number, delayMs: number) => OverRate;

export interface PacingOptions {
  /** The reactor reads the connection again. */
  readonly again: (connection: number) => void;
  /** Ends the connection. */
  readonly refuse: (connection: number, code: number) => void;
  /** The entry of the connection's device; undefined: it is no longer connected. */
  readonly entryOf: (connection: number) => number | undefined;
  readonly nameOf: (entry: number) => { readonly tenant: string; readonly id: string };
  readonly numberOf: (entry: number) => number;
  readonly post: (message: FromGateway) => void;
  /** A device that has been over its rate for so long is disconnected; 0: none is. */
  readonly excessMs: number;
}

/** Connections that are not read because their devices sent more than they may, and the reports of devices that did. */
export class Pacing {
  readonly #options: PacingOptions;
  readonly #dueMs = new Map<number, number>();
  readonly #excesses = new Map<number, Excess>();
  /** By entry: over which rate it was, and until when, since the last report. */
  readonly #over = new Map<number, OverRate>();
  /** By entry: when there was an event. */
  readonly #reported = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PacingOptions) {
    this.#options = options;
  }

  /** The kernel has a message of the connection that may be taken in `delayMs`. */
  paused(connection: number, code: number, delayMs: number, nowMs: number): void {
    const entry = this.#options.entryOf(connection);
    if (entry === undefined) return; // It is ending.
    this.noted(entry, code, delayMs, nowMs);
    if (code === CODE_DEVICE_OVER_RATE && this.#isExcessive(connection, nowMs, nowMs + delayMs)) {
      this.closed(connection);
      this.#options.refuse(connection, code);
      return;
    }
    this.#dueMs.set(connection, nowMs + delayMs);
    this.#timer ??= setInterval(() => this.resume(performance.now()), TICK_MS);
  }

  /** A message of the device was over a rate, and may come again in `delayMs`. */
  noted(entry: number, code: number, delayMs: number, nowMs: number): OverRate {
    const over = { device: this.#options.numberOf(entry), code, untilMs: Date.now() + Math.ceil(delayMs) };
    this.#over.set(entry, over);
    if (nowMs - (this.#reported.get(entry) ?? Number.NEGATIVE_INFINITY) < REPORT_AGAIN_MS || this.#reported.size >= REPORTS_MAX)
      return over;
    this.#reported.set(entry, nowMs);
    const { tenant, id } = this.#options.nameOf(entry);
    const fields = { tenant, device: id, code: refusalCode(code).name };
    this.#options.post({ kind: 'event', level: 'warn', name: 'device-over-rate', fields });
    return over;
  }

  /** Has the connections read again that have waited for long enough. */
  resume(nowMs: number): void {
    for (const [connection, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) continue;
      this.#dueMs.delete(connection);
      this.#options.again(connection);
    }
    if (this.#dueMs.size === 0) this.stop();
  }

  /** Reports who was over a rate since the last time. Once a second. */
  sweep(nowMs: number): void {
    if (this.#over.size > 0) this.#options.post({ kind: 'over-rate', devices: [...this.#over.values()] });
    this.#over.clear();
    for (const [entry, atMs] of this.#reported) if (nowMs - atMs >= REPORT_AGAIN_MS) this.#reported.delete(entry);
  }

  closed(connection: number): void {
    this.#dueMs.delete(connection);
    this.#excesses.delete(connection);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #isExcessive(connection: number, nowMs: number, untilMs: number): boolean {
    const { excessMs } = this.#options;
    const known = this.#excesses.get(connection);
    if (!known || nowMs - known.untilMs > BREAK_MS) {
      this.#excesses.set(connection, { sinceMs: nowMs, untilMs });
      return false;
    }
    known.untilMs = untilMs;
    return excessMs > 0 && nowMs - known.sinceMs >= excessMs;
  }
}
