import type { BatchRow } from '../../contract/batch-row.js';
import type { RowBatch } from '../../contract/threads/store.js';
import type { Names } from '../letters/dead-letter.js';
import { ProtobufWriter } from './protobuf-writer.js';
import { keyOf, type RecordFormat, type TopicRecord } from './topic-record.js';

/** What the rows of one device and metric have in common. */
interface Series {
  readonly device: number;
  readonly metric: number;
  readonly key: string | null;
  readonly tenant: string | null;
  /** The part of the record that is the same for all of them. */
  readonly shared: Buffer | string;
}

/**
 * The rows of one batch as records. A record's id is its row's place: the partition, where the batch begins and ends in the log, and
 * which row of it it is. The batch that a crash left uncommitted is made again as it was, so its records come again under the same ids.
 */
export class ReadingRecords {
  readonly #names: Names;
  readonly #isJson: boolean;
  readonly #place: string;
  readonly #message = new ProtobufWriter();
  #row = 0;
  #series: Series | undefined;

  constructor({ partition, from, to }: Pick<RowBatch, 'partition' | 'from' | 'to'>, names: Names, format: RecordFormat) {
    this.#names = names;
    this.#isJson = format === 'json';
    this.#place = `${partition}-${from}-${to}`;
  }

  /** The record of the batch's next row. */
  next(row: BatchRow): TopicRecord {
    const { device, metric } = row;
    // Rows come in the order of device and metric.
    const known = this.#series;
    const series = known?.device === device && known.metric === metric ? known : this.#begin(device, metric);
    const id = `${this.#place}-${this.#row++}`;
    const value = this.#isJson ? jsonOf(id, series.shared as string, row) : messageOf(this.#message, id, series.shared as Buffer, row);
    return { key: series.key, tenant: series.tenant, value };
  }

  #begin(device: number, metric: number): Series {
    const known = this.#names.device(device);
    const name = this.#names.metric(metric) ?? null;
    const shared = this.#isJson ? jsonShared(known, device, name) : messageShared(this.#message, known, device, name);
    this.#series = { device, metric, key: known ? keyOf(known) : null, tenant: known?.tenant ?? null, shared };
    return this.#series;
  }
}

type Known = ReturnType<Names['device']>;

function jsonShared(known: Known, device: number, metric: string | null): string {
  return JSON.stringify({ tenant: known?.tenant ?? null, device_id: known?.id ?? null, device, metric }).slice(1, -1);
}

/** Digits, dashes and times need no escapes. */
function jsonOf(id: string, shared: string, { tsUs, value }: BatchRow): Buffer {
  return Buffer.from(`{"id":"${id}",${shared},"time":"${isoMicros(tsUs)}","value":${JSON.stringify(value)}}`);
}

function isoMicros(us: number): string {
  const micros = us % 1000;
  return `${new Date((us - micros) / 1000).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

function messageShared(message: ProtobufWriter, known: Known, device: number, metric: string | null): Buffer {
  if (known) message.text(2, known.tenant).text(3, known.id);
  message.varint(4, device);
  if (metric !== null) message.text(5, metric);
  return message.take();
}

function messageOf(message: ProtobufWriter, id: string, shared: Buffer, { tsUs, value }: BatchRow): Buffer {
  message.text(1, id).fields(shared).varint(6, tsUs);
  return (typeof value === 'number' ? message.double(7, value) : message.text(8, value)).take();
}
