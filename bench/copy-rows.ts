import { BATCH_READINGS_BYTES } from '../assembly/abi.js';
import { hundredths, metricNames, type Sent, turnsOf } from './load/messages.js';

export const rowBytes = 42;
/** A batch is what the pipeline commits in one transaction at full speed. */
const rowsABatch = Math.floor(BATCH_READINGS_BYTES / rowBytes);
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
  const batches: Buffer[] = [];
  for (let batch = 0, rows = 0; batch < count && rows < rowsMax; batch++) {
    const bytes = sortedRows(sent, numbers, batch / count, (batch + 1) / count);
    batches.push(bytes);
    rows += bytes.length / rowBytes;
  }
  return batches;
}

/** Rows of the messages that each connection sent between two shares of its time. */
function sortedRows(sent: readonly Sent[], numbers: Numbers, fromShare: number, toShare: number): Buffer {
  const devices = sent.flatMap((one) => {
    const [from, to] = [Math.floor(one.messages * fromShare), Math.floor(one.messages * toShare)];
    return Array.from({ length: one.devices }, (_, index) => {
      const device = one.firstDevice + index;
      const number = numbers.devices[device] ?? 0;
      return { device, number, baseMs: one.baseMs, fromTurn: turnsOf(one, index, from), toTurn: turnsOf(one, index, to) };
    });
  });
  devices.sort((a, b) => a.number - b.number);
  const turns = devices.reduce((sum, { fromTurn, toTurn }) => sum + toTurn - fromTurn, 0);
  const bytes = Buffer.allocUnsafe(turns * metricNames.length * rowBytes);
  const metrics = numbers.metrics.map((number, metric) => ({ number, metric })).sort((a, b) => a.number - b.number);
  let at = 0;
  for (const { device, number, baseMs, fromTurn, toTurn } of devices) {
    for (const { number: metricNumber, metric } of metrics) {
      for (let turn = fromTurn; turn < toTurn; turn++) {
        at = writeRow(bytes, at, number, metricNumber, baseMs + turn, hundredths(device, turn, metric) / 100);
      }
    }
  }
  return bytes;
}

function writeRow(bytes: Buffer, at: number, device: number, metric: number, tsMs: number, value: number): number {
  const us = (tsMs - postgresEpochMs) * 1000;
  bytes.writeInt16BE(4, at);
  bytes.writeInt32BE(4, at + 2);
  bytes.writeInt32BE(device, at + 6);
  bytes.writeInt32BE(4, at + 10);
  bytes.writeInt32BE(metric, at + 14);
  bytes.writeInt32BE(8, at + 18);
  bytes.writeInt32BE(Math.floor(us / 4294967296), at + 22);
  bytes.writeUInt32BE(us % 4294967296, at + 26);
  bytes.writeInt32BE(8, at + 30);
  bytes.writeDoubleBE(value, at + 34);
  return at + rowBytes;
}
