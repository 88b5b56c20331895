/** Devices that several want something of: each is there until every `true` was followed by a `false`. */
export class CountedDevices {
  readonly #counts = new Map<number, number>();
  readonly #changed: (device: number, on: boolean) => void;

  /** `changed` is called when the first wants a device, and when the last no longer does. */
  constructor(changed: (device: number, on: boolean) => void) {
    this.#changed = changed;
  }

  get all(): number[] {
    return [...this.#counts.keys()];
  }

  has(device: number): boolean {
    return this.#counts.has(device);
  }

  want(device: number, on: boolean): void {
    const count = (this.#counts.get(device) ?? 0) + (on ? 1 : -1);
    if (count > 0) this.#counts.set(device, count);
    else this.#counts.delete(device);
    if (on ? count === 1 : count === 0) this.#changed(device, on);
  }
}
