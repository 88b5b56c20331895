/** Series whose start is remembered; beyond this all are forgotten, and said once more. */
const SERIES_MAX = 65_536;

/** Knows when counts began, to say it when that changes: a count that began anew is smaller without anything having been undone. */
export class StartTimes {
  readonly #starts = new Map<string, string>();

  /** Whether the series is not known to have begun then. */
  isNew(device: number, series: string, startNs: string): boolean {
    return this.#starts.get(`${device}/${series}`) !== startNs;
  }

  /** The start is durable. */
  note(device: number, series: string, startNs: string): void {
    if (this.#starts.size >= SERIES_MAX) this.#starts.clear();
    this.#starts.set(`${device}/${series}`, startNs);
  }
}

/** Nanoseconds as seconds, to the digit. */
export function secondsOf(ns: string): string {
  const digits = ns.padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
