import { CODE_ROW_REFUSED } from '../../../assembly/abi/codes.js';
import { refusalCode } from '../../contract/codes.js';
import type { RowBatch } from '../../contract/threads/store.js';
import { SIGNATURE } from '../write/copy-rows.js';
import type { Refusal } from './bisection.js';

/** Bytes of the server's words that are kept: a trigger may quote anything. */
const MESSAGE_BYTES_MAX = 2048;
const POSTGRES_EPOCH_MS = 946_684_800_000;

const HEADER = Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

export const COPY_REFUSED =
  'copy dead_letters (partition_id, log_offset, device_id, received_at, reason, payload, metric_id, sqlstate, message) from stdin (format binary)';

/**
 * A row that the server refused as a row of `dead_letters`, in the order of COPY_REFUSED. Its offset is that of the batch's first
 * block and its receive time that of the batch's last message: which message a row came from is no longer known here.
 */
export function letterOf(table: 'readings' | 'texts', fields: readonly (Uint8Array | undefined)[], batch: RowBatch, why: Refusal): Buffer {
  const [device, metric, ts, value] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return row([
    int32(batch.partition),
    int64(batch.from),
    Buffer.from(device),
    int64(BigInt(Math.round(batch.lastReceiveUs)) - BigInt(POSTGRES_EPOCH_MS) * 1000n),
    Buffer.from(refusalCode(CODE_ROW_REFUSED).name),
    Buffer.from(payloadOf(table, device, metric, ts, value)),
    Buffer.from(metric),
    Buffer.from(why.sqlstate),
    cutText(why.message),
  ]);
}

/** A whole stream of such rows. */
export function lettersStream(letters: readonly Buffer[]): Buffer {
  return Buffer.concat([HEADER, ...letters, TRAILER]);
}

/** Numbers as the registry has them; `value` is text where JSON has no such number. */
function payloadOf(table: 'readings' | 'texts', device: Uint8Array, metric: Uint8Array, ts: Uint8Array, value: Uint8Array): string {
  const text = table === 'texts' ? Buffer.from(value).toString('utf8') : undefined;
  const number = table === 'readings' ? viewOf(value).getFloat64(0) : 0;
  return JSON.stringify({
    table: table === 'texts' ? 'text_readings' : 'readings',
    device: viewOf(device).getInt32(0),
    metric: viewOf(metric).getInt32(0),
    ts: isoMicros(viewOf(ts).getBigInt64(0)),
    value: text ?? (Number.isFinite(number) ? number : String(number)),
  });
}

/** Of microseconds since 2000, as PostgreSQL counts. */
function isoMicros(us: bigint): string {
  const micros = ((us % 1000n) + 1000n) % 1000n;
  const date = new Date(Number((us - micros) / 1000n) + POSTGRES_EPOCH_MS);
  return Number.isNaN(date.getTime())
    ? `${us} µs after 2000-01-01`
    : date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** Cut between characters; PostgreSQL has no text with NUL. */
function cutText(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('\0', ''));
  let end = Math.min(bytes.length, MESSAGE_BYTES_MAX);
  while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function row(fields: readonly Buffer[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  return Buffer.concat([count, ...fields.flatMap((field) => [int32(field.length), field])]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
