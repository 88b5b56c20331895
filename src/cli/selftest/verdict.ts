/** How what is stored of one device's messages differs from what it must be. */
export interface Difference {
  /** Distinct messages that are stored. */
  readonly stored: number;
  /** Acknowledged and not stored. */
  readonly lost: number;
  /** Stored once too often. */
  readonly doubled: number;
  /** Stored and never sent. */
  readonly strange: number;
}

/** Compares the numbers of messages; a device numbers its messages from 1 to `last`. */
export function differenceOf(acknowledged: readonly number[], stored: readonly number[], last: number): Difference {
  const numbers = new Set(stored);
  return {
    stored: numbers.size,
    lost: acknowledged.filter((seq) => !numbers.has(seq)).length,
    doubled: stored.length - numbers.size,
    strange: [...numbers].filter((seq) => !(Number.isInteger(seq) && seq >= 1 && seq <= last)).length,
  };
}
