/** Messages that were handed in together, until each is durable or refused. */
class Handed {
  readonly codes: number[];
  #left: number;
  readonly #first: number;
  readonly #done: (codes: readonly number[]) => void;

  constructor(first: number, count: number, done: (codes: readonly number[]) => void) {
    this.codes = new Array<number>(count).fill(0);
    this.#left = count;
    this.#first = first;
    this.#done = done;
  }

  settle(token: number, code: number): void {
    this.codes[token - this.#first] = code;
    if (--this.#left === 0) this.#done(this.codes);
  }
}

/** Who waits for messages that gateways took over HTTP, by the tokens of the messages. */
export class HandedMessages {
  readonly #waiting = new Map<number, Handed>();

  /** Waits for `count` messages with the tokens from `first` on; resolves to the code of each: 0, or why it was refused. */
  expect(first: number, count: number): Promise<readonly number[]> {
    if (count === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const handed = new Handed(first, count, resolve);
      for (let token = first; token < first + count; token++) this.#waiting.set(token, handed);
    });
  }

  settle(token: number, code: number): void {
    const handed = this.#waiting.get(token);
    this.#waiting.delete(token);
    handed?.settle(token, code);
  }

  /** Answers all that wait. */
  settleAll(code: number): void {
    for (const token of [...this.#waiting.keys()]) this.settle(token, code);
  }
}
