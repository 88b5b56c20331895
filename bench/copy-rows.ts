import { BATCH_READINGS_BYTES, BATCH_READINGS_RESERVE_BYTES } from '../assembly/abi/pipeline.js';
import { hundredths, metricNames, type Sent, turnsOf } from './load/messages.js';

export const rowBytes = 42;
/** A batch is what the pipeline commits in one transaction at full speed. */
const rowsABatch = Math.floor((BATCH_READINGS_BYTES - BATCH_READINGS_RESERVE_BYTES) / rowBytes);
/** Rows are made before the clock runs, so memory bounds them: 8 M rows are 336 MB. */
const rowsMax = 8_000_000;
const postgresEpochMs = Date.UTC(2000, 0, 1);

/** Signature, flags, header extension length. PostgreSQL, COPY, "Binary Format". */
export const copyHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const copyTrailer = Buffer.from([0xff, 0xff]);

/** Registry numbers by place in the fleet, and of the metrics. */
export interface Numbers {
  readonly devices: readonly number[];
  readonly metrics: readonly number[];
}

/**
 * The rows of all messages in PostgreSQL's binary COPY format, a batch at a time in the order in which they were sent,
 * each batch sorted by device, metric and time:
 * int16 fields = 4, then (int32 length, bytes) for int4 device, int4 metric, int8 µs since 2000, float8.
 */
export function copyBatches(sent: readonly Sent[], numbers: Numbers): Buffer[] {
  const all = sent.reduce((sum, { messages }) => sum + messages, 0) * metricNames.length;
  const count = Math.ceil(all / rowsABatch);
  const sources = sortedSources(sent, numbers);
  const batches: Buffer[] = [];
  for (let batch = 0, rows = 0; batch < count && rows < rowsMax; batch++) {
    const bytes = sortedRows(sources, numbers, batch / count, (batch + 1) / count);
    batches.push(bytes);
    rows += bytes.length / rowBytes;
  }
  return batches;
}

/** A device, and the connection whose `index`-th it is. */
interface Source {
  readonly one: Sent;
  readonly index: number;
  readonly number: number;
}

function sortedSources(sent: readonly Sent[], { devices }: Numbers): Source[] {
  const sources = sent.flatMap((one) =>
    Array.from({ length: one.devices }, (_, index) => ({ one, index, number: devices[one.firstDevice + index] ?? 0 })),
  );
  return sources.sort((a, b) => a.number - b.number);
}

/** Rows of the messages that each connection sent between two shares of its time. */
function sortedRows(sources: readonly Source[], numbers: Numbers, fromShare: number, toShare: number): Buffer {
  const turnsUntil = ({ one, index }: Source, share: number) => turnsOf(one, index, Math.floor(one.messages * share));
  const turns = sources.reduce((sum, source) => sum + turnsUntil(source, toShare) - turnsUntil(source, fromShare), 0);
  const bytes = Buffer.allocUnsafe(turns * metricNames.length * rowBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const metrics = numbers.metrics.map((number, metric) => ({ number, metric })).sort((a, b) => a.number - b.number);
  let at = 0;
  for (const source of sources) {
    const [from, to] = [turnsUntil(source, fromShare), turnsUntil(source, toShare)];
    const { baseMs, firstDevice } = source.one;
    for (const { number, metric } of metrics) {
      for (let turn = from; turn < to; turn++) {
        writeRow(view, at, source.number, number, baseMs + turn, hundredths(firstDevice + source.index, turn, metric) / 100);
        at += rowBytes;
      }
    }
  }
  return bytes;
}

function writeRow(view: DataView, at: number, device: number, metric: number, tsMs: number, value: number): void {
  const us = (tsMs - postgresEpochMs) * 1000;
  view.setInt16(at, 4);
  view.setInt32(at + 2, 4);
  view.setInt32(at + 6, device);
  view.setInt32(at + 10, 4);
  view.setInt32(at + 14, metric);
  view.setInt32(at + 18, 8);
  view.setInt32(at + 22, Math.floor(us / 4294967296));
  view.setUint32(at + 26, us % 4294967296);
  view.setInt32(at + 30, 8);
  view.setFloat64(at + 34, value);
}
