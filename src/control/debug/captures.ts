import { ApiFailure } from '../../contract/api-errors.js';
import type { CapturedMessage, MessageCaptures, TurnedAway } from '../../contract/captures.js';
import type { Report } from '../../telemetry/report.js';
import type { Registry } from '../registry/registry.js';
import { Capture, type CaptureEnd, type CaptureTarget } from './capture.js';
import type { debugEvents } from './events.js';

/** Captures that run at a time: each holds messages in memory, and a partition captures 16 devices at most. */
const RUNNING_MAX = 8;
/** Captures that are kept, those that have ended included. */
const KEPT_MAX = 16;
/** How long a capture that has ended can still be read, ms. */
const READABLE_MS = 600_000;

export interface CapturesOptions {
  readonly views: MessageCaptures;
  readonly registry: Pick<Registry, 'get' | 'unknown' | 'byNumber' | 'count'>;
  readonly event: Report<keyof typeof debugEvents>;
  readonly nowMs?: () => number;
}

/** What is asked for; `deviceId` undefined: those that are turned away. */
export interface CaptureWish {
  readonly tenant: string | undefined;
  readonly deviceId: string | undefined;
  readonly seconds: number;
  readonly messagesMax: number;
  /** Number of the admin key that asks. */
  readonly key: number | undefined;
}

/** The captures of this process: begun by operators, ended by time, and gone with the process. */
export class Captures {
  readonly #options: CapturesOptions;
  readonly #nowMs: () => number;
  readonly #captures = new Map<number, Capture>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #last = 0;

  constructor(options: CapturesOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    options.views.onCaptured((messages, skipped) => this.#captured(messages, skipped));
    options.views.onTurnedAway((turnedAway) => this.#turnedAway(turnedAway));
  }

  get all(): readonly Capture[] {
    return [...this.#captures.values()];
  }

  get(id: number): Capture | undefined {
    return this.#captures.get(id);
  }

  begin({ tenant, deviceId, seconds, messagesMax, key }: CaptureWish): Capture | ApiFailure {
    const attempt = deviceId === undefined ? 'capture unknown devices' : `capture messages of device ${deviceId}`;
    const target = this.#targetOf(tenant, deviceId, attempt);
    if (target instanceof ApiFailure) return target;
    if (this.#running().length >= RUNNING_MAX) return new ApiFailure('captures_exhausted', attempt);
    const beganMs = this.#nowMs();
    const capture = new Capture({ id: ++this.#last, target, messagesMax, beganMs, endsMs: beganMs + seconds * 1000 });
    this.#captures.set(capture.id, capture);
    this.#forgetOldest();
    this.#timers.set(
      capture.id,
      setTimeout(() => this.#end(capture, 'time'), seconds * 1000),
    );
    this.#watch(target, true);
    this.#options.event('info', 'debug-capture-began', {
      capture: capture.id,
      ...fieldsOf(target),
      seconds,
      ...(key !== undefined && { key }),
    });
    return capture;
  }

  /** Ends a capture, which can still be read for a while. */
  end(id: number): Capture | undefined {
    const capture = this.#captures.get(id);
    if (capture && capture.ended === undefined) this.#end(capture, 'asked');
    return capture;
  }

  close(): void {
    for (const capture of this.#running()) this.#end(capture, 'shutdown');
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #targetOf(tenant: string | undefined, deviceId: string | undefined, attempt: string): CaptureTarget | ApiFailure {
    if (deviceId === undefined) return { kind: 'unknown', tenant };
    const { registry } = this.#options;
    const device = registry.get(tenant ?? '', deviceId) ?? registry.unknown('device_unknown', attempt);
    return device instanceof ApiFailure ? device : { kind: 'device', device };
  }

  #running(): Capture[] {
    return this.all.filter(({ ended }) => ended === undefined);
  }

  #end(capture: Capture, because: CaptureEnd): void {
    clearTimeout(this.#timers.get(capture.id));
    capture.end(because, this.#nowMs());
    this.#watch(capture.target, false);
    this.#timers.set(
      capture.id,
      setTimeout(() => this.#forget(capture.id), READABLE_MS),
    );
    const { id, seen, skipped, target } = capture;
    this.#options.event('info', 'debug-capture-ended', { capture: id, ...fieldsOf(target), because, messages: seen, skipped });
  }

  #watch(target: CaptureTarget, on: boolean): void {
    const { views } = this.#options;
    if (target.kind === 'device') views.capture(target.device.number, on);
    views.watchDoor(on);
  }

  #forgetOldest(): void {
    for (const { id, ended } of this.all) if (this.#captures.size > KEPT_MAX && ended !== undefined) this.#forget(id);
  }

  #forget(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#captures.delete(id);
  }

  #captured(messages: readonly CapturedMessage[], skipped: number): void {
    const nowMs = this.#nowMs();
    for (const capture of this.#running()) {
      const { target } = capture;
      if (target.kind !== 'device') continue;
      const own = messages.filter(({ device }) => device === target.device.number);
      for (const message of own) capture.message(message, nowMs);
      // Which device they were of nobody knows: they came beside these.
      if (own.length > 0) capture.skip(skipped);
    }
  }

  #turnedAway(turnedAway: readonly TurnedAway[]): void {
    const nowMs = this.#nowMs();
    for (const capture of this.#running()) {
      for (const one of turnedAway) if (this.#isOf(capture.target, one)) capture.turnedAway(one, nowMs);
    }
  }

  #isOf(target: CaptureTarget, { device, claim }: TurnedAway): boolean {
    if (target.kind === 'unknown') return claim !== undefined && (target.tenant === undefined || claim.tenant === target.tenant);
    if (device !== undefined) return device === target.device.number;
    return claim?.tenant === target.device.tenant && claim.id === target.device.id;
  }
}

function fieldsOf(target: CaptureTarget): Record<string, string> {
  if (target.kind === 'unknown') return target.tenant === undefined ? {} : { tenant: target.tenant };
  return { tenant: target.device.tenant, device: target.device.id };
}
