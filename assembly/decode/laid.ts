import { SCHEMAS_OFFSET, WANTED_SCHEMAS_OFFSET } from '../abi/pipeline';
import { SCHEMA_SLOT_AT_OFFSET, SCHEMA_SLOT_BYTES, SCHEMA_SLOTS, SCHEMAS_AT, WANTED_SCHEMAS_MAX } from '../abi/schemas';

// What the host has laid between two blocks: schema versions and time zones, each under its number.

/** Answers of search. */
export const LAID: u32 = 0;
/** The host has not laid it. */
export const NOT_LAID: u32 = 1;
/** There is none of this number. */
export const ABSENT: u32 = 2;

/** Image of what the last search found. */
export let found: usize = 0;

function slotAt(slot: u32): usize {
  return <usize>(SCHEMAS_OFFSET + (slot & (SCHEMA_SLOTS - 1)) * SCHEMA_SLOT_BYTES);
}

/** Looks for the image of this number, which is not 0. */
export function search(number: u32): u32 {
  for (let slot = number; ; slot++) {
    const at = slotAt(slot);
    const held = load<u32>(at);
    if (held == 0) return NOT_LAID;
    if (held != number) continue;
    const offset = load<u32>(at, SCHEMA_SLOT_AT_OFFSET);
    if (offset == 0) return ABSENT;
    assert(offset >= SCHEMAS_AT, 'an image lies among the slots');
    found = <usize>(SCHEMAS_OFFSET + offset);
    return LAID;
  }
}

/** Lists a number that is not laid, unless it is listed or there is no room. */
export function want(number: u32): void {
  const wanted = load<u32>(WANTED_SCHEMAS_OFFSET);
  for (let i: u32 = 0; i < wanted; i++) {
    if (load<u32>(<usize>(WANTED_SCHEMAS_OFFSET + 4 + (i << 2))) == number) return;
  }
  if (wanted == WANTED_SCHEMAS_MAX) return;
  store<u32>(<usize>(WANTED_SCHEMAS_OFFSET + 4 + (wanted << 2)), number);
  store<u32>(WANTED_SCHEMAS_OFFSET, wanted + 1);
}

export function clearWanted(): void {
  store<u32>(WANTED_SCHEMAS_OFFSET, 0);
}
