/** How many times the usual number of cases the fuzz tests run. */
export const fuzzScale = Number(process.env.FUZZ_SCALE ?? 1);

/** A seeded source of random choices: a failing run, which prints its seed, can be run again with SEED=… */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env.SEED ?? Date.now() % 2 ** 32)) {
    this.seed = seed;
    this.#state = seed;
  }

  /** A whole number from 0 to 2^32 - 1. splitmix32. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** A whole number from 0 to end - 1. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  chance(share: number): boolean {
    return this.word() < share * 2 ** 32;
  }

  digits(count: number): string {
    let text = '';
    while (text.length < count) text += this.below(1e9).toString().padStart(9, '0');
    return text.slice(0, count);
  }
}
