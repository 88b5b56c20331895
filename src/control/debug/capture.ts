import { KIB, MIB } from '../../../assembly/abi/limits.js';
import type { CapturedMessage, TurnedAway } from '../../contract/captures.js';
import type { Device } from '../registry/device.js';

/** Messages of one capture a second; with more, some are skipped. */
const RATE_MAX = 50;
/** Payloads and texts that one capture keeps. */
const BYTES_MAX = 2 * MIB;
/** What an entry costs beside its payload, roughly. */
const ENTRY_BYTES = KIB;

/** Whose messages are captured. */
export type CaptureTarget =
  | { readonly kind: 'device'; readonly device: Pick<Device, 'number' | 'tenant' | 'id'> }
  /** Clients that did not prove who they are; of any tenant where none is named. */
  | { readonly kind: 'unknown'; readonly tenant: string | undefined };

export type CaptureEnd = 'time' | 'asked' | 'shutdown';

export type CapturedEntry = { readonly number: number } & (
  | { readonly message: CapturedMessage; readonly turnedAway?: undefined }
  | { readonly turnedAway: TurnedAway; readonly message?: undefined }
);

export interface CaptureOptions {
  readonly id: number;
  readonly target: CaptureTarget;
  readonly messagesMax: number;
  readonly beganMs: number;
  readonly endsMs: number;
}

/** The last messages of a target, in memory alone, and bounded in number, bytes and rate. */
export class Capture {
  readonly id: number;
  readonly target: CaptureTarget;
  readonly messagesMax: number;
  readonly beganMs: number;
  #entries: CapturedEntry[] = [];
  #bytes = 0;
  #seen = 0;
  #skipped = 0;
  #endsMs: number;
  #ended: CaptureEnd | undefined;
  #second = 0;
  #inSecond = 0;

  constructor({ id, target, messagesMax, beganMs, endsMs }: CaptureOptions) {
    this.id = id;
    this.target = target;
    this.messagesMax = messagesMax;
    this.beganMs = beganMs;
    this.#endsMs = endsMs;
  }

  get ended(): CaptureEnd | undefined {
    return this.#ended;
  }

  /** When it ends, or ended. */
  get endsMs(): number {
    return this.#endsMs;
  }

  get seen(): number {
    return this.#seen;
  }

  /** Older ones that had to make room. */
  get dropped(): number {
    return this.#seen - this.#entries.length;
  }

  get skipped(): number {
    return this.#skipped;
  }

  /** Those after the entry of this number, oldest first. */
  after(number: number, limit: number): CapturedEntry[] {
    const from = this.#entries.findIndex((entry) => entry.number > number);
    return from < 0 ? [] : this.#entries.slice(from, from + limit);
  }

  message(message: CapturedMessage, nowMs: number): void {
    this.#add(nowMs, bytesOf(message), (number) => ({ number, message }));
  }

  turnedAway(turnedAway: TurnedAway, nowMs: number): void {
    this.#add(nowMs, ENTRY_BYTES, (number) => ({ number, turnedAway }));
  }

  /** Messages that a thread had no room for. */
  skip(messages: number): void {
    this.#skipped += messages;
  }

  end(because: CaptureEnd, nowMs: number): void {
    this.#ended = because;
    this.#endsMs = nowMs;
  }

  #add(nowMs: number, bytes: number, entryOf: (number: number) => CapturedEntry): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) [this.#second, this.#inSecond] = [second, 0];
    if (++this.#inSecond > RATE_MAX) {
      this.#skipped++;
      return;
    }
    this.#entries.push(entryOf(++this.#seen));
    this.#bytes += bytes;
    while (this.#entries.length > this.messagesMax || this.#bytes > BYTES_MAX) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#entries.shift();
    this.#bytes -= oldest?.message ? bytesOf(oldest.message) : ENTRY_BYTES;
  }
}

function bytesOf({ payload, readings }: CapturedMessage): number {
  const texts = readings.reduce((sum, { value }) => sum + (typeof value === 'string' ? 2 * value.length : 0), 0);
  return ENTRY_BYTES + payload.length + 64 * readings.length + texts;
}
