import {
  STATED_UNIT_BYTES,
  STATED_UNITS_MAX,
  STATED_UNITS_OFFSET,
  UNIT_BYTES_MAX,
  UNIT_ENTRY_AT_BYTES,
  UNIT_ENTRY_AT_DEVICE,
  UNIT_ENTRY_AT_METRIC,
  UNIT_ENTRY_BYTES,
  UNIT_HASH_SLOTS,
  UNIT_HASHES_OFFSET,
  UNIT_TEXTS_BYTES,
  UNIT_TEXTS_OFFSET,
  UNITS_AT_ENTRIES,
  UNITS_BYTES,
  UNITS_OFFSET,
} from '../abi/pipeline';
import { xxh64 } from '../memory';
import { UNKNOWN } from './metrics';

// Units that payloads state of their metrics. The decoder notes those of the message at hand, and once it is stored the host is given each that it was
// not given before. What was given is not part of the state: after a restart the host is given each once more.

// A stated unit: u32 metric, u32 place of its text, u32 bytes.

/** How many the message at hand states. */
export let statedUnits: u32 = 0;
let textsEnd: usize = UNIT_TEXTS_OFFSET;

@inline
export function clearUnits(): void {
  statedUnits = 0;
}

/** A message whose units are kept; what is kept lasts until the next one. */
export function beginUnits(): void {
  statedUnits = 0;
  textsEnd = UNIT_TEXTS_OFFSET;
}

/** Keeps the text of a unit for the rest of the message; 0: it is none, or has no room. */
export function keepUnit(at: usize, bytes: u32): usize {
  if (bytes == 0 || bytes > UNIT_BYTES_MAX || textsEnd + bytes > <usize>(UNIT_TEXTS_OFFSET + UNIT_TEXTS_BYTES)) return 0;
  const to = textsEnd;
  memory.copy(to, at, bytes);
  textsEnd += bytes;
  return to;
}

/** The metric of a reading is in the unit whose text was kept. */
export function stateUnit(metric: u32, text: usize, bytes: u32): void {
  if (metric == UNKNOWN || text == 0 || statedUnits == STATED_UNITS_MAX) return;
  const at = <usize>(STATED_UNITS_OFFSET + statedUnits++ * STATED_UNIT_BYTES);
  store<u32>(at, metric);
  store<u32>(at, <u32>text, 4);
  store<u32>(at, bytes, 8);
}

/** Gives the host the units of the message that was stored as one of the device `number`. */
export function reportUnits(number: u32): void {
  for (let index: u32 = 0; index < statedUnits; index++) {
    const at = <usize>(STATED_UNITS_OFFSET + index * STATED_UNIT_BYTES);
    report(number, load<u32>(at), load<u32>(at, 4), load<u32>(at, 8));
  }
}

function report(number: u32, metric: u32, text: usize, bytes: u32): void {
  const series = (<u64>number << 32) | metric;
  const hash = xxh64(text, bytes, series);
  const slot = <u32>((series * 0x9e3779b97f4a7c15) >> 40) & (UNIT_HASH_SLOTS - 1);
  const known = <usize>(UNIT_HASHES_OFFSET + (slot << 3));
  if (load<u64>(known) == hash) return;
  const room = UNIT_ENTRY_BYTES + ((bytes + 3) & ~3);
  const used = load<u32>(UNITS_OFFSET);
  // Without room the next message that states it does it.
  if (used + room > UNITS_BYTES - UNITS_AT_ENTRIES) return;
  const entry = <usize>(UNITS_OFFSET + UNITS_AT_ENTRIES + used);
  store<u32>(entry, number, UNIT_ENTRY_AT_DEVICE);
  store<u32>(entry, metric, UNIT_ENTRY_AT_METRIC);
  store<u32>(entry, bytes, UNIT_ENTRY_AT_BYTES);
  memory.copy(entry + UNIT_ENTRY_BYTES, text, bytes);
  store<u32>(UNITS_OFFSET, used + room);
  store<u64>(known, hash);
}
