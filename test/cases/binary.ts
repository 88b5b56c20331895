/** One item as the value of a metric `a`: its hexadecimal bytes, and what becomes of it. */
export type ItemCase = readonly [hex: string, outcome: ItemOutcome, note?: 'rounded'];

/** A reading of `a`, readings below it, null; or the code for which the value alone is left out, or the whole message refused. */
export type ItemOutcome = number | string | null | Readonly<Record<string, number | string>> | { code: number } | { refused: number };

/** A payload of a binary format: its bytes, and the samples that it holds or the code for which it is refused. */
export interface BinaryCase {
  readonly name: string;
  /** Spaces do not count. */
  readonly hex: string;
  readonly code?: number;
  readonly samples?: readonly { readings: Readonly<Record<string, number | string>>; tsUs?: number; seq?: number }[];
  readonly nulls?: number;
  readonly skipped?: number;
}

export function bytesOf(hex: string): Buffer {
  const digits = hex.replaceAll(' ', '');
  const bytes = Buffer.from(digits, 'hex');
  if (bytes.length * 2 !== digits.length) throw new Error(`${hex} is no whole number of bytes in hexadecimal`);
  return bytes;
}
