import assert from 'node:assert/strict';
import type { Random } from '../support/random.js';

export interface Message {
  readonly device: number;
  readonly seq: number;
  /** What becomes of it: readings, readings and a text, or a dead letter. */
  readonly kind: 'readings' | 'text' | 'malformed';
  readonly payload: string;
  /** When the device sent it first, µs. */
  readonly sentUs: number;
}

/** How far a device lets numbers overtake one another. */
const UNANSWERED_MAX = 6;
const REPEATABLE_MAX = 20;

/** A device that sends until it is answered, out of order at times, and repeats what it was answered already. */
class Device {
  readonly number: number;
  readonly acknowledged = new Set<number>();
  readonly sent = new Map<number, Message>();
  #unanswered: Message[] = [];
  #answered: Message[] = [];
  #next = 1;

  constructor(number: number) {
    this.number = number;
  }

  get unanswered(): readonly Message[] {
    return this.#unanswered;
  }

  /** `forgottenUs`: what was sent before it must not be repeated, as nobody can know it any more. */
  send(random: Random, nowUs: number, forgottenUs: number): Message | undefined {
    if (random.chance(0.1)) return random.pick(this.#answered.filter(({ sentUs }) => sentUs > forgottenUs));
    const repeats = this.#unanswered.length > 0 && (random.chance(0.3) || this.#unanswered.length >= UNANSWERED_MAX);
    return repeats ? random.pick(this.#unanswered) : this.#make(random, nowUs);
  }

  acknowledge(message: Message): void {
    this.acknowledged.add(message.seq);
    this.#unanswered = this.#unanswered.filter((other) => other !== message);
    this.#answered = [...this.#answered.slice(1 - REPEATABLE_MAX), message];
  }

  #make(random: Random, nowUs: number): Message {
    const seq = this.#next++;
    const ts = Math.floor(nowUs / 1000);
    const kind = random.chance(0.08) ? 'malformed' : random.chance(0.15) ? 'text' : 'readings';
    const metrics = { n: seq, twin: -seq, ...(kind === 'text' ? { label: `t${seq}` } : {}) };
    const whole = JSON.stringify({ ts, metrics, seq });
    const payload = kind === 'malformed' ? whole.slice(0, -1) : whole;
    const message: Message = { device: this.number, seq, kind, payload, sentUs: nowUs };
    this.sent.set(seq, message);
    this.#unanswered.push(message);
    return message;
  }
}

/** What the devices know: what they sent and what was acknowledged. It outlives every crash of the appliance. */
export class Fleet {
  readonly devices: readonly Device[];

  constructor(count: number) {
    this.devices = Array.from({ length: count }, (_, index) => new Device(index + 1));
  }

  get unanswered(): Message[] {
    return this.devices.flatMap((device) => device.unanswered);
  }

  send(random: Random, nowUs: number, forgottenUs: number): Message | undefined {
    return random.pick(this.devices).send(random, nowUs, forgottenUs);
  }

  acknowledge(message: Message): void {
    const device = this.devices[message.device - 1];
    assert.ok(device);
    device.acknowledge(message);
  }
}
