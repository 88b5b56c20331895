import type { RefusedTopic } from '../../contract/ledger.js';
import type { Report } from '../../telemetry/report.js';
import type { ledgerEvents } from './events.js';

/** The message of a device that was rejected last. */
export interface Rejection {
  readonly code: string;
  /** Undefined: it came over HTTP. */
  readonly topic: string | undefined;
  readonly atMs: number;
}

export interface RejectionsOptions {
  readonly tenantAndId: (device: number) => { readonly tenant: string; readonly id: string } | undefined;
  readonly event: Report<keyof typeof ledgerEvents>;
  readonly nowMs: () => number;
}

/** Devices whose last rejection is kept: those that were rejected last. */
const DEVICES_MAX = 10_000;
/** One line of the log a device in this time. */
const TOLD_EVERY_MS = 600_000;
/** Log lines a second, over all devices; a device that is left out is reported when it is rejected again. */
const TOLD_A_SECOND_MAX = 10;

/** What was rejected last of each device, for the ledger, the device's page and the log. */
export class DeviceRejections {
  readonly #options: RejectionsOptions;
  readonly #last = new Map<number, Rejection & { readonly reportedMs: number | undefined }>();
  #second = 0;
  #toldInSecond = 0;

  constructor(options: RejectionsOptions) {
    this.#options = options;
  }

  note(device: number, code: string, topic: string | undefined): void {
    const atMs = this.#options.nowMs();
    const known = this.#last.get(device);
    const isDue = known?.reportedMs === undefined || atMs - known.reportedMs >= TOLD_EVERY_MS;
    const reportedMs = isDue && this.#tell(device, code, topic, atMs) ? atMs : known?.reportedMs;
    // Set anew, so that the map is in the order of the last rejections.
    this.#last.delete(device);
    this.#last.set(device, { code, topic, atMs, reportedMs });
    if (this.#last.size > DEVICES_MAX) this.#last.delete(this.#last.keys().next().value!);
  }

  noteAll(refused: Iterable<RefusedTopic>): void {
    for (const { device, code, topic } of refused) this.note(device, code, topic);
  }

  of(device: number): Rejection | undefined {
    return this.#last.get(device);
  }

  #tell(device: number, code: string, topic: string | undefined, atMs: number): boolean {
    const names = this.#options.tenantAndId(device);
    if (!names) return false;
    const second = Math.floor(atMs / 1000);
    if (second !== this.#second) [this.#second, this.#toldInSecond] = [second, 0];
    if (++this.#toldInSecond > TOLD_A_SECOND_MAX) return false;
    this.#options.event('warn', 'device-rejected', {
      tenant: names.tenant,
      device: names.id,
      code,
      ...(topic === undefined ? {} : { topic }),
    });
    return true;
  }
}
