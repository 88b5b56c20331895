import type { DestinationStream } from 'pino';

/** Lines of these levels are written during the start, because an operator may have to act on them. */
const urgent = /"level":"(?:warn|error|fatal)"/;

/**
 * Holds log lines back until `release`, so that a person reads where to go before what happened on the way. A warning or an error
 * releases at once: a start that waits for something says so.
 */
export class HeldLines implements DestinationStream {
  #held: string[] | undefined = [];

  constructor(private readonly to: Pick<NodeJS.WritableStream, 'write'>) {}

  write(line: string): void {
    if (this.#held && urgent.test(line)) this.release();
    if (this.#held) this.#held.push(line);
    else this.to.write(line);
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.to.write(line);
  }
}
