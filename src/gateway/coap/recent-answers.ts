import { COAP_EXCHANGE_MS } from '../../../assembly/abi/coap.js';

/** Beyond this the oldest is forgotten: a request that comes again then is answered anew, which changes nothing but the work. */
const ANSWERS_MAX = 16_384;

interface Recent {
  readonly untilMs: number;
  /** Undefined: it is not answered yet. */
  answer: Buffer | undefined;
}

/** Answers that this side of the gateway gave, for requests that come again (RFC 7252 §4.5). */
export class RecentAnswers {
  readonly #recent = new Map<string, Recent>();

  /** Whether the request is new: then it is noted. */
  isNew(key: string, nowMs: number): boolean {
    if (this.#recent.has(key)) return false;
    if (this.#recent.size >= ANSWERS_MAX) this.#recent.delete(this.#recent.keys().next().value!);
    this.#recent.set(key, { untilMs: nowMs + COAP_EXCHANGE_MS, answer: undefined });
    return true;
  }

  answered(key: string, answer: Buffer): void {
    const recent = this.#recent.get(key);
    if (recent) recent.answer = answer;
  }

  answerOf(key: string): Buffer | undefined {
    return this.#recent.get(key)?.answer;
  }

  sweep(nowMs: number): void {
    for (const [key, { untilMs }] of this.#recent) {
      if (untilMs > nowMs) return; // They are in the order of their arrival.
      this.#recent.delete(key);
    }
  }
}
