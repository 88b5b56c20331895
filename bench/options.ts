import { parseArgs } from 'node:util';

/** The command line of a bench: options with a value each, and switches. Throws what is wrong in words. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(argv: readonly string[], names: readonly string[], switches: readonly string[]) {
    const texts = names.map((name) => [name, { type: 'string' as const }] as const);
    const flags = switches.map((name) => [name, { type: 'boolean' as const }] as const);
    this.#values = parseArgs({ args: [...argv], options: Object.fromEntries([...texts, ...flags]) }).values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  whole(name: string, fallback: number, lowest: number, highest: number): number {
    const number = Number(this.#values[name] ?? fallback);
    if (!Number.isInteger(number) || number < lowest || number > highest)
      throw new Error(`--${name} must be a whole number from ${lowest} to ${highest}`);
    return number;
  }

  above(name: string, fallback: number): number {
    const number = Number(this.#values[name] ?? fallback);
    if (!(number > 0 && number <= 1e9)) throw new Error(`--${name} must be a number above 0`);
    return number;
  }

  choice<T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    const value = (this.#values[name] ?? fallback) as T;
    const listed = choices.length < 3 ? choices.join(' or ') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
    if (!choices.includes(value)) throw new Error(`--${name} must be ${listed}`);
    return value;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  /** Names with commas between; none when the option is absent. */
  list<T extends string>(name: string, choices: readonly T[]): T[] {
    const names = String(this.#values[name] ?? '').split(',');
    const wanted = names.filter((one) => one !== '') as T[];
    if (!wanted.every((one) => choices.includes(one))) throw new Error(`--${name} takes ${choices.join(', ')}`);
    return wanted;
  }
}
