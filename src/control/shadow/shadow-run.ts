import { refusalCode } from '../../contract/codes.js';
import type { LoggedMessage, LogTail } from '../../contract/recent-log.js';
import { decodeContext } from '../../contract/record-context.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import type { SchemaSource } from '../../contract/schemas/schema-port.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { type Trial, TrialDecoder } from '../topic-rules/trial-decoder.js';
import type { Candidate } from './candidate.js';
import { Comparison } from './comparison.js';

/** Messages between two turns of the event loop: each takes some microseconds, and API calls wait for them. */
const TURN_MESSAGES = 32;
const MINUTE_MS = 60_000;
const NO_PLANS: readonly SchemaPlan[] = [];

export interface ShadowWish {
  readonly candidate: Candidate;
  /** Of the messages, spread evenly. */
  readonly percent: number;
  readonly messagesMax: number;
  /** Messages of the log that were received since then count, µs. */
  readonly fromUs: number;
  readonly beganMs: number;
  readonly endsMs: number;
}

/** How much of the log a call asks for. */
export interface ShadowTimes {
  readonly percent: number;
  readonly last_minutes: number;
  readonly live_minutes: number;
  readonly messages_max: number;
}

/** A run that begins now. */
export function wishOf(
  candidate: Candidate,
  { percent, last_minutes: last, live_minutes: live, messages_max: messagesMax }: ShadowTimes,
): ShadowWish {
  const beganMs = Date.now();
  return { candidate, percent, messagesMax, beganMs, fromUs: (beganMs - last * MINUTE_MS) * 1000, endsMs: beganMs + live * MINUTE_MS };
}

export interface ShadowSources {
  readonly registry: Pick<Registry, 'byNumber'>;
  readonly schemas: SchemaSource;
}

/** One candidate beside what is active, over the messages of the log. */
export class ShadowRun {
  readonly id: number;
  readonly wish: ShadowWish;
  readonly comparison = new Comparison();
  state: 'running' | 'done' | 'failed' | 'activated' = 'running';
  cause: string | undefined;
  readonly #sources: ShadowSources;
  readonly #before = new TrialDecoder();
  readonly #after = new TrialDecoder();
  /** By number of the version: decoders lay the plans of one list once. */
  readonly #plans = new Map<number, readonly SchemaPlan[]>();
  /** The candidate's plans with another one. */
  readonly #laid = new Map<number, readonly SchemaPlan[]>();
  #share = 0;

  constructor(id: number, wish: ShadowWish, sources: ShadowSources) {
    this.id = id;
    this.wish = wish;
    this.#sources = sources;
  }

  /** Whether it has looked at as many messages as it may. */
  get isFull(): boolean {
    return this.comparison.messages >= this.wish.messagesMax;
  }

  /** Runs what the tail has now; whether there was something. */
  async take(tail: LogTail): Promise<boolean> {
    const messages = tail.next();
    let turn = 0;
    for (const message of messages) {
      if (this.isFull || this.state !== 'running') break;
      await this.#compare(message);
      if (++turn % TURN_MESSAGES === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return messages.length > 0;
  }

  async #compare(message: LoggedMessage): Promise<void> {
    const { candidate, percent, fromUs } = this.wish;
    if (message.receiveUs < fromUs) return;
    const device = this.#sources.registry.byNumber(message.device);
    if (device?.tenant !== candidate.tenant) return;
    const said = decodeContext(Buffer.from(message.context));
    // It was compared when it came first.
    if (said?.letter) return;
    const made = candidate.of(message, device as Device);
    if (made === undefined) return;
    this.#share += percent;
    if (this.#share < 100) return;
    this.#share -= 100;
    const { device: number, receiveUs } = message;
    const before = this.#before.decode([{ ...message, device: number }], receiveUs, await this.#plansOf(said?.schema ?? 0));
    const after = typeof made === 'number' ? refused(made) : this.#after.decode(made, receiveUs, await this.#laidFor(made));
    this.comparison.add((device as Device).id, receiveUs, before, after);
  }

  /** Plans of the candidate, or of the version by which a message of it is read already. */
  async #laidFor(messages: readonly { readonly context: Uint8Array }[]): Promise<readonly SchemaPlan[]> {
    const { plans } = this.wish.candidate;
    const numbers = messages.map(({ context }) => decodeContext(Buffer.from(context))?.schema ?? 0);
    const other = numbers.find((number) => number > 0 && !plans.some((plan) => plan.number === number));
    if (other === undefined) return plans;
    const known = this.#laid.get(other) ?? [...plans, ...(await this.#plansOf(other))];
    this.#laid.set(other, known);
    return known;
  }

  async #plansOf(number: number): Promise<readonly SchemaPlan[]> {
    if (number === 0) return NO_PLANS;
    const known = this.#plans.get(number);
    if (known) return known;
    const plan = await this.#sources.schemas.planOf(number);
    const plans = plan ? [plan] : NO_PLANS;
    this.#plans.set(number, plans);
    return plans;
  }
}

function refused(code: number): Trial {
  return { readings: [], reasons: [refusalCode(code).name], fuelUsed: 0 };
}
