import { CODE_NAME_BYTES } from '../abi/codes';
import { BLOCK_RECORDS_MAX, POSTGRES_EPOCH_US } from '../abi/limits';
import {
  BATCHES_OFFSET,
  BATCH_AT_DEADS,
  BATCH_AT_DEADS_BYTES,
  BATCH_AT_READINGS,
  BATCH_AT_READINGS_BYTES,
  BATCH_AT_REPLAYED,
  BATCH_AT_RECORDS,
  BATCH_AT_SLOT,
  BATCH_AT_TEXTS,
  BATCH_AT_TEXTS_BYTES,
  BATCH_BYTES,
  BATCH_DEAD_BYTES,
  BATCH_DEAD_RESERVE_BYTES,
  BATCH_HEAD_OFFSET,
  BATCH_READINGS_BYTES,
  BATCH_READINGS_RESERVE_BYTES,
  BATCH_REPLAYED_MAX,
  BATCH_REPLAYED_OFFSET,
  BATCH_REPLAYED_SLOT_BYTES,
  BATCH_SLOTS,
  BATCH_TEXT_BYTES,
  BATCH_TEXT_RESERVE_BYTES,
  READING_ROW_BYTES,
} from '../abi/pipeline';
import { CODE_NAMES_OFFSET } from '../abi/regions';
import { writeI32, writeI32Field, writeI64Field } from './fields';
import { clearReadings, readingCount, writeReadings } from './readings';

// A batch slot holds three streams in PostgreSQL's binary COPY format ("COPY", Binary Format): a header
// of 19 bytes, tuples of (i16 fields, then i32 length and bytes each) in network order, an i16 -1. Rows of texts and
// dead letters are written at once, rows of readings in order when the batch is sealed.

const COPY_HEADER_BYTES: usize = 19;
const COPY_TRAILER_BYTES: usize = 2;

const TEXT_ROW_BYTES: usize = 34; // without the text
/** Length of a field that is null. */
const NULL: u32 = 0xffffffff;

let texts: usize = 0;
let textRows: u32 = 0;
let deads: usize = 0;
let deadRows: u32 = 0;
let slotAt: usize = 0;
let openSlot: u32 = 0;
let records: u32 = 0;
let replayed: u32 = 0;

/** Begins an empty batch in a slot that the store no longer reads. */
export function openBatch(slot: u32): void {
  assert(slot < BATCH_SLOTS, 'no such batch slot');
  assert(slotAt == 0, 'the last batch is not sealed');
  openSlot = slot;
  slotAt = BATCHES_OFFSET + slot * BATCH_BYTES;
  writeHeader(slotAt);
  clearReadings();
  texts = writeHeader(slotAt + BATCH_READINGS_BYTES);
  deads = writeHeader(slotAt + BATCH_READINGS_BYTES + BATCH_TEXT_BYTES);
  textRows = 0;
  deadRows = 0;
  records = 0;
  replayed = 0;
}

/** Ends the batch and describes it at BATCH_HEAD_OFFSET. */
export function sealBatch(): void {
  assert(slotAt != 0, 'no batch is open');
  assert(texts + COPY_TRAILER_BYTES <= slotAt + BATCH_READINGS_BYTES + BATCH_TEXT_BYTES, 'the texts reach into the dead letters');
  assert(deads + COPY_TRAILER_BYTES <= slotAt + BATCH_BYTES, 'the dead letters reach past their slot');
  head(BATCH_AT_SLOT, openSlot);
  head(BATCH_AT_READINGS, readingCount());
  head(BATCH_AT_READINGS_BYTES, writeTrailer(writeReadings(slotAt + COPY_HEADER_BYTES)) - slotAt);
  head(BATCH_AT_TEXTS, textRows);
  head(BATCH_AT_TEXTS_BYTES, writeTrailer(texts) - slotAt - BATCH_READINGS_BYTES);
  head(BATCH_AT_DEADS, deadRows);
  head(BATCH_AT_DEADS_BYTES, writeTrailer(deads) - slotAt - BATCH_READINGS_BYTES - BATCH_TEXT_BYTES);
  head(BATCH_AT_RECORDS, records);
  head(BATCH_AT_REPLAYED, replayed);
  slotAt = 0;
}

@inline
function head(at: u32, value: usize): void {
  store<u32>(BATCH_HEAD_OFFSET + at, <u32>value);
}

/** Whether the open batch has room for any block, whatever the block holds. */
export function batchHasRoom(): bool {
  return (
    slotAt != 0 &&
    replayed <= BATCH_REPLAYED_MAX - BLOCK_RECORDS_MAX &&
    readingCount() * READING_ROW_BYTES <= BATCH_READINGS_BYTES - BATCH_READINGS_RESERVE_BYTES - <u32>COPY_HEADER_BYTES &&
    texts - slotAt <= BATCH_READINGS_BYTES + BATCH_TEXT_BYTES - BATCH_TEXT_RESERVE_BYTES &&
    deads - slotAt <= BATCH_READINGS_BYTES + BATCH_TEXT_BYTES + BATCH_DEAD_BYTES - BATCH_DEAD_RESERVE_BYTES
  );
}

/** Rows of the open batch. */
export function batchRows(): u32 {
  return readingCount() + textRows + deadRows;
}

/** A dead letter was tried again: it is marked as such with the rows that it became. */
export function noteReplayed(id: u64): void {
  store<u64>(<usize>(BATCH_REPLAYED_OFFSET + openSlot * BATCH_REPLAYED_SLOT_BYTES + (replayed << 3)), id);
  replayed++;
}

@inline
export function countRecord(): void {
  records++;
}

function writeHeader(at: usize): usize {
  store<u64>(at, 0xff0a59504f434750); // "PGCOPY\n" and 0xff
  store<u32>(at, 0x00000a0d, 8); // "\r\n\0", then the flags
  store<u64>(at, 0, 11);
  return at + COPY_HEADER_BYTES;
}

@inline
function writeTrailer(at: usize): usize {
  store<u16>(at, 0xffff);
  return at + COPY_TRAILER_BYTES;
}

/** text_readings (device_id int4, metric_id int4, ts timestamptz, value text) */
export function appendText(device: u32, metric: u32, tsUs: u64, text: usize, bytes: u32): void {
  const at = texts;
  store<u16>(at, 0x0400);
  writeI32Field(at + 2, device);
  writeI32Field(at + 10, metric);
  writeI64Field(at + 18, tsUs - POSTGRES_EPOCH_US);
  writeI32(at + 30, bytes);
  memory.copy(at + TEXT_ROW_BYTES, text, bytes);
  texts = at + TEXT_ROW_BYTES + bytes;
  textRows++;
}

/**
 * dead_letters (partition_id int4, log_offset int8, device_id int4, received_at timestamptz, reason text, payload bytea, format int2,
 * context bytea). `contextBytes` is 0 for a message without one, which is null.
 */
export function appendDead(
  partition: u32,
  logOffset: u64,
  device: u32,
  receiveUs: u64,
  code: u32,
  payload: usize,
  bytes: u32,
  format: u32,
  context: usize,
  contextBytes: u32,
): void {
  const at = deads;
  store<u16>(at, 0x0800);
  writeI32Field(at + 2, partition);
  writeI64Field(at + 10, logOffset);
  writeI32Field(at + 22, device);
  writeI64Field(at + 30, receiveUs - POSTGRES_EPOCH_US);
  const name = <usize>(CODE_NAMES_OFFSET + code * CODE_NAME_BYTES);
  const nameBytes = <u32>load<u8>(name);
  assert(nameBytes > 0, 'a code has no name');
  writeI32(at + 42, nameBytes);
  memory.copy(at + 46, name + 1, nameBytes);
  writeI32(at + 46 + nameBytes, bytes);
  memory.copy(at + 50 + nameBytes, payload, bytes);
  const after = at + 50 + nameBytes + bytes;
  writeI32(after, 2);
  store<u16>(after, bswap<u16>(<u16>format), 4);
  writeI32(after + 6, contextBytes == 0 ? NULL : contextBytes);
  memory.copy(after + 10, context, contextBytes);
  deads = after + 10 + contextBytes;
  deadRows++;
}
