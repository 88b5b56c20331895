import type { Header } from './client.js';

// Headers of a record in telemetry.raw. `format` is that of the value: a sealed block of assembly/abi.ts. `source` names
// one run of one producer, and `number` counts its blocks of this partition from 1 on: a block that was written again
// because the answer to the first time was lost has the same two.

const FORMAT = '1';

export interface Mark {
  readonly source: string;
  readonly number: number;
}

export function markHeaders({ source, number }: Mark): Header[] {
  return [{ format: FORMAT }, { source }, { number: String(number) }];
}

/** Undefined when the record is none of ours, or of a newer format. */
export function readMark(headers: readonly Header[] | undefined): Mark | undefined {
  const text = (name: string) => String(headers?.find((header) => name in header)?.[name] ?? '');
  const number = Number(text('number'));
  if (text('format') !== FORMAT || !Number.isSafeInteger(number) || number < 1) return undefined;
  return { source: text('source'), number };
}

/** The newest number of each source in one partition: what is not above it has come before. */
export class SeenMarks {
  readonly #newest = new Map<string, number>();

  /** False when the block has come before. */
  admit({ source, number }: Mark): boolean {
    if (number <= (this.#newest.get(source) ?? 0)) return false;
    this.#newest.set(source, number);
    return true;
  }
}
