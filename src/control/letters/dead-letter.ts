import type { PendingQuery, Row, Sql } from 'postgres';
import { formatName } from '../../contract/content-types.js';
import { decodeContext } from '../../contract/record-context.js';

export interface DeadLetter {
  readonly id: string;
  readonly device: number | null;
  readonly receivedAtMs: number;
  readonly reason: string;
  readonly payload: Uint8Array;
  readonly partition: number;
  readonly logOffset: string;
  /** Of one row that the database refused; null when a message could not be decoded. */
  readonly metric: number | null;
  readonly sqlstate: string | null;
  readonly message: string | null;
  /** FORMAT_… of its payload; null: another version wrote it, or it is of a row. */
  readonly format: number | null;
  readonly context: Uint8Array | null;
  readonly replayedAtMs: number | null;
}

/** As the database has it. */
export interface LetterRow {
  readonly id: string;
  readonly device_id: number | null;
  readonly received_at: Date;
  readonly reason: string;
  readonly payload: Uint8Array;
  readonly partition_id: number;
  readonly log_offset: string;
  readonly metric_id: number | null;
  readonly sqlstate: string | null;
  readonly message: string | null;
  readonly format: number | null;
  readonly context: Uint8Array | null;
  readonly replayed_at: Date | null;
}

export function letterColumns(sql: Sql): PendingQuery<Row[]> {
  return sql`id::text, device_id, received_at, reason, payload, partition_id, log_offset::text, metric_id, sqlstate, message, format, context, replayed_at`;
}

export function letterOf(row: LetterRow): DeadLetter {
  return {
    id: row.id,
    device: row.device_id,
    receivedAtMs: row.received_at.getTime(),
    reason: row.reason,
    payload: row.payload,
    partition: row.partition_id,
    logOffset: row.log_offset,
    metric: row.metric_id,
    sqlstate: row.sqlstate,
    message: row.message,
    format: row.format,
    context: row.context,
    replayedAtMs: row.replayed_at?.getTime() ?? null,
  };
}

export interface Names {
  readonly device: (number: number) => { readonly id: string; readonly tenant: string } | undefined;
  readonly metric: (number: number) => string | undefined;
}

/** Finds the byte for which the payload of a letter is refused, or the field that its schema refuses. */
export interface Faults {
  position(letter: DeadLetter): number | undefined;
  field(letter: DeadLetter): string | undefined;
}

/** The document of a dead letter, in the API and in the topic. */
export function describeLetter(letter: DeadLetter, { device, metric }: Names, faults: Faults) {
  const of = letter.device === null ? undefined : device(letter.device);
  return {
    id: letter.id,
    device_id: of?.id ?? null,
    tenant: of?.tenant ?? null,
    received_at: new Date(letter.receivedAtMs).toISOString(),
    reason: letter.reason,
    // In the payload, from 0 on; null: the reason is not at a byte.
    position: faults.position(letter) ?? null,
    // As the payload names it; null: no field is the reason, or the schema version is not known here.
    field: faults.field(letter) ?? null,
    topic: (letter.context && decodeContext(Buffer.from(letter.context))?.topic) || null,
    format: letter.format === null ? null : formatName(letter.format),
    replayed_at: letter.replayedAtMs === null ? null : new Date(letter.replayedAtMs).toISOString(),
    payload_base64: Buffer.from(letter.payload).toString('base64'),
    partition: letter.partition,
    log_offset: letter.logOffset,
    // Of a row that the database refused: its metric, and the database's own words.
    metric: letter.metric === null ? null : (metric(letter.metric) ?? null),
    sqlstate: letter.sqlstate,
    message: letter.message,
  };
}
