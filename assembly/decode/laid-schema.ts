import { FORMAT_BY_SHAPE, FORMAT_SPARKPLUG } from '../abi/block';
import { SCHEMAS_OFFSET, WANTED_SCHEMAS_OFFSET } from '../abi/pipeline';
import {
  SCHEMA_AT_FLAGS,
  SCHEMA_AT_FORMAT,
  SCHEMA_AT_MEMBERS,
  SCHEMA_AT_PLAN,
  SCHEMA_REFUSES_OTHERS,
  SCHEMA_SKIPS_OTHERS,
  SCHEMA_SLOT_AT_OFFSET,
  SCHEMA_SLOT_BYTES,
  SCHEMA_SLOTS,
  SCHEMAS_AT,
  WANTED_SCHEMAS_MAX,
} from '../abi/schemas';

// The schema versions that the host has laid, and the one of the message at hand.

/** Image of the schema version of the message at hand; 0: it has none. */
export let laid: usize = 0;

/** Answers of openSchema. */
export const SCHEMA_OPEN: u32 = 0;
/** The host has not laid it. */
export const SCHEMA_WANTED: u32 = 1;
/** There is no such version. */
export const SCHEMA_ABSENT: u32 = 2;

// A version never changes, so the image that was found last stays valid until the host begins the region anew.
let lastNumber: u32 = 0;
let lastImage: usize = 0;

@inline
export function closeSchema(): void {
  laid = 0;
}

/** Makes the version `number`, which is not 0, that of the message at hand. */
@inline
export function openSchema(number: u32): u32 {
  if (number != lastNumber) {
    const answer = search(number);
    if (answer != SCHEMA_OPEN) return answer;
  }
  laid = lastImage;
  return SCHEMA_OPEN;
}

function slotAt(slot: u32): usize {
  return <usize>(SCHEMAS_OFFSET + (slot & (SCHEMA_SLOTS - 1)) * SCHEMA_SLOT_BYTES);
}

function search(number: u32): u32 {
  for (let slot = number; ; slot++) {
    const at = slotAt(slot);
    const held = load<u32>(at);
    if (held == 0) return SCHEMA_WANTED;
    if (held != number) continue;
    const offset = load<u32>(at, SCHEMA_SLOT_AT_OFFSET);
    if (offset == 0) return SCHEMA_ABSENT;
    assert(offset >= SCHEMAS_AT, 'a schema lies among the slots');
    lastNumber = number;
    lastImage = <usize>(SCHEMAS_OFFSET + offset);
    return SCHEMA_OPEN;
  }
}

/** Forgets the image that was found last: the host begins the region anew. */
export function forgetSchemas(): void {
  lastNumber = 0;
}

/** Lists a version that is not laid, unless it is listed or there is no room. */
export function wantSchema(number: u32): void {
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

/** Plan of its Protobuf messages, or 0. */
export function laidPlan(): usize {
  return laid == 0 ? 0 : inLaid(load<u32>(laid, SCHEMA_AT_PLAN));
}

/** Node of its whole documents, or 0: they have the members of the plain profile. */
export function laidMembers(): usize {
  return laid == 0 ? 0 : inLaid(load<u32>(laid, SCHEMA_AT_MEMBERS));
}

@inline
function inLaid(offset: u32): usize {
  return offset == 0 ? 0 : laid + offset;
}

/**
 * The content format of a payload whose record says `format`. What its sender named comes first, then what the schema names, then what a
 * topic rule does. Topics of Sparkplug have no other format than theirs.
 */
export function formatInSchema(format: u32, isOfRule: bool): u32 {
  const own = load<u32>(laid, SCHEMA_AT_FORMAT);
  return own != FORMAT_BY_SHAPE && (format == FORMAT_BY_SHAPE || (isOfRule && format != FORMAT_SPARKPLUG)) ? own : format;
}

/** Whether metrics that the schema does not name are not stored, so that they need no number. */
export function hasClosedFields(): bool {
  return laid != 0 && (load<u32>(laid, SCHEMA_AT_FLAGS) & (SCHEMA_SKIPS_OTHERS | SCHEMA_REFUSES_OTHERS)) != 0;
}
