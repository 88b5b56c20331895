import type { Header } from '../../kafka/client.js';

// Headers of a record in telemetry.raw. `format` is that of the value: a sealed block of assembly/abi/block.ts. `source` names
// one run of one producer, and `number` counts its blocks of this partition from 1 on: a block that was written again
// because the answer to the first time was lost has the same two. `database` is in owner-header.ts.

const FORMAT = '1';
const FORMAT_HEADER: Header = { format: FORMAT };
const SOURCE = /^[0-9a-f]{16}$/;

export interface Mark {
  readonly source: bigint;
  readonly number: bigint;
}

/** `owner` says of which database the record is. */
export function markHeaders({ source, number }: Mark, owner: Header): Header[] {
  return [FORMAT_HEADER, { source: source.toString(16).padStart(16, '0') }, { number: String(number) }, owner];
}

/** Undefined when the record is none of ours, or of a newer format. */
export function readMark(headers: readonly Header[] | undefined): Mark | undefined {
  const text = (name: string) => String(headers?.find((header) => name in header)?.[name] ?? '');
  const [source, number] = [text('source'), text('number')];
  if (text('format') !== FORMAT || !SOURCE.test(source) || !/^[1-9]\d{0,17}$/.test(number)) return undefined;
  return { source: BigInt(`0x${source}`), number: BigInt(number) };
}
