import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_BODY_HASH,
  BLOCK_AT_HEADER_BYTES,
  BLOCK_AT_HEADER_HASH,
  BLOCK_AT_MAGIC,
  BLOCK_AT_PARTITION,
  BLOCK_AT_PLACE,
  BLOCK_AT_VERSION,
  BLOCK_DONE,
  BLOCK_HASH_MISMATCH,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_MALFORMED,
  BLOCK_OF_OTHER_PARTITION,
  BLOCK_OF_OTHER_VERSION,
  BLOCK_OUT_OF_PLACE,
  BLOCK_VERSION,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_HEADER_BYTES,
} from '../abi/block';
import { BLOCK_BYTES_MAX } from '../abi/limits';
import { INPUT_BYTES, INPUT_OFFSET } from '../abi/pipeline';
import { xxh64 } from '../memory';

/** Checks a block of which `available` bytes lie at `at`, read from the log at `logOffset`. Answers BLOCK_DONE or the fault (BLOCK_…). */
export function checkBlock(at: usize, available: u32, partition: u32, logOffset: u64): i32 {
  assert(at >= INPUT_OFFSET && at + available <= INPUT_OFFSET + INPUT_BYTES, 'the block lies outside the input region');
  if (available < BLOCK_HEADER_BYTES || load<u32>(at, BLOCK_AT_MAGIC) != BLOCK_MAGIC) return BLOCK_MALFORMED;
  if (load<u64>(at, BLOCK_AT_HEADER_HASH) != xxh64(at, BLOCK_AT_HEADER_HASH)) return BLOCK_HASH_MISMATCH;
  if (load<u16>(at, BLOCK_AT_VERSION) != BLOCK_VERSION) return BLOCK_OF_OTHER_VERSION;
  if (load<u16>(at, BLOCK_AT_HEADER_BYTES) != BLOCK_HEADER_BYTES) return BLOCK_OF_OTHER_VERSION;
  if (load<u32>(at, BLOCK_AT_PARTITION) != partition) return BLOCK_OF_OTHER_PARTITION;
  const place = load<u64>(at, BLOCK_AT_PLACE);
  if (place != 0 && place != logOffset + 1) return BLOCK_OUT_OF_PLACE;
  const body = load<u32>(at, BLOCK_AT_BODY_BYTES);
  if (body > BLOCK_BYTES_MAX - BLOCK_HEADER_BYTES || body > available - BLOCK_HEADER_BYTES) return BLOCK_MALFORMED;
  if (load<u64>(at, BLOCK_AT_BODY_HASH) != xxh64(at + BLOCK_HEADER_BYTES, body)) return BLOCK_HASH_MISMATCH;
  return BLOCK_DONE;
}

/** Bytes of the record at `at`, header included, or 0 when it does not end by `end`. */
@inline
export function recordBytes(at: usize, end: usize): u32 {
  const left = <u32>(end - at);
  if (left < RECORD_HEADER_BYTES) return 0;
  const payload = load<u32>(at, RECORD_AT_PAYLOAD_BYTES);
  return payload > left - RECORD_HEADER_BYTES ? 0 : RECORD_HEADER_BYTES + payload;
}
