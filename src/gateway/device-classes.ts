import { DEVICES_MAX } from '../../assembly/abi/limits.js';

const ENTRIES_MIN = 1024;

/** Classes of devices by their entries: a million devices have few classes, so an entry keeps a number. */
export class DeviceClasses {
  readonly #names: (string | null)[] = [null];
  readonly #numbers = new Map<string, number>();
  #ofEntry = new Uint16Array(ENTRIES_MIN);

  set(entry: number, name: string | undefined): void {
    const number = name === undefined ? 0 : this.#numberOf(name);
    if (number === 0 && entry >= this.#ofEntry.length) return;
    if (entry >= this.#ofEntry.length) {
      const grown = new Uint16Array(Math.min(DEVICES_MAX, Math.max(entry + 1, 2 * this.#ofEntry.length)));
      grown.set(this.#ofEntry);
      this.#ofEntry = grown;
    }
    this.#ofEntry[entry] = number;
  }

  of(entry: number): string | null {
    return this.#names[this.#ofEntry[entry] ?? 0] ?? null;
  }

  /** 0 where 65,535 classes are known: rules about a further one match no device. */
  #numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length > 0xffff) return 0;
    this.#numbers.set(name, this.#names.push(name) - 1);
    return this.#names.length - 1;
  }
}
