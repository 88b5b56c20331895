import type { ApiFailure } from '../contract/api-errors.js';

const SECONDS_MAX = 60;
/** So that clients that were refused together do not come back together. */
const SPREAD = 0.5;

interface Episode {
  beganMs: number;
  lastMs: number;
}

/**
 * How long clients that were refused should wait. Nobody knows how long a trouble lasts, so the advice is half of what it has lasted
 * already: a short one is over for everybody within seconds, and a long one is not made worse by retries.
 */
export class RetryAdvice {
  readonly #episodes = new Map<string, Episode>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Whole seconds for the Retry-After of this failure, RFC 9110 §10.2.3; undefined: trying again does not help. */
  seconds({ error: { status, code }, retrySeconds }: ApiFailure, nowMs = performance.now()): number | undefined {
    if (retrySeconds !== undefined) return retrySeconds;
    if (status !== 503 && status !== 429) return undefined;
    const episode = this.#episodes.get(code);
    // A client that was told the longest wait is back by then: after a longer silence the trouble is another one.
    const isSame = episode !== undefined && nowMs - episode.lastMs <= 2 * SECONDS_MAX * 1000;
    const beganMs = isSame ? episode.beganMs : nowMs;
    this.#episodes.set(code, { beganMs, lastMs: nowMs });
    const seconds = (nowMs - beganMs) / 2000;
    return Math.min(SECONDS_MAX, Math.max(1, Math.ceil(seconds * (1 - SPREAD * this.#random()))));
  }
}
