import { VERDICTS_OFFSET } from '../abi/pipeline';
import {
  VERDICT_AT_CODE,
  VERDICT_AT_DEVICE,
  VERDICT_AT_DUPLICATE,
  VERDICT_AT_HASH,
  VERDICT_AT_SKIPPED,
  VERDICT_AT_SKIPPED_CODE,
  VERDICT_AT_STORED,
  VERDICT_BYTES,
  VERDICTS_HEADER_BYTES,
  VERDICTS_MAX,
} from '../abi/verdicts';
import { xxh64 } from '../memory';

// What became of messages whose senders wait for it. A message is known by its payload: a device's messages keep their order, so those
// of one payload get their verdicts in the order in which they came, and no number of theirs has to travel through the log.

/** The entry of a message whose payload lies at `at`, with everything but its fate; 0: there is no room. */
function obtainEntry(device: u32, at: usize, bytes: u32): usize {
  const entries = load<u32>(VERDICTS_OFFSET);
  if (entries == VERDICTS_MAX) return 0;
  store<u32>(VERDICTS_OFFSET, entries + 1);
  const entry = <usize>(VERDICTS_OFFSET + VERDICTS_HEADER_BYTES + entries * VERDICT_BYTES);
  memory.fill(entry, 0, VERDICT_BYTES);
  store<u64>(entry, xxh64(at, bytes, <u64>device), VERDICT_AT_HASH);
  store<u32>(entry, device, VERDICT_AT_DEVICE);
  return entry;
}

export function reportDead(device: u32, at: usize, bytes: u32, code: u32): void {
  const entry = obtainEntry(device, at, bytes);
  if (entry != 0) store<u32>(entry, code, VERDICT_AT_CODE);
}

/** `kept` of the message's samples are stored, the others are duplicates; `skipped` of its values were left out, the first for `code`. */
export function reportKept(device: u32, at: usize, bytes: u32, kept: u32, samples: u32, skipped: u32, code: u32): void {
  const entry = obtainEntry(device, at, bytes);
  if (entry == 0) return;
  store<u32>(entry, kept, VERDICT_AT_STORED);
  store<u32>(entry, samples - kept, VERDICT_AT_DUPLICATE);
  store<u32>(entry, skipped, VERDICT_AT_SKIPPED);
  store<u32>(entry, skipped == 0 ? 0 : code, VERDICT_AT_SKIPPED_CODE);
}
