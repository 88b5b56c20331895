import { FORMAT_BY_SHAPE, FORMAT_SPARKPLUG } from '../abi/block';
import {
  SCHEMA_AT_FLAGS,
  SCHEMA_AT_FORMAT,
  SCHEMA_AT_MEMBERS,
  SCHEMA_AT_PLAN,
  SCHEMA_REFUSES_OTHERS,
  SCHEMA_SKIPS_OTHERS,
} from '../abi/schemas';
import { found, LAID, search } from './laid';

// The schema version of the message at hand.

/** Its image; 0: it has none. */
export let laid: usize = 0;

// A version never changes, so the image that was found last stays valid until the host begins the region anew.
let lastNumber: u32 = 0;
let lastImage: usize = 0;

@inline
export function closeSchema(): void {
  laid = 0;
}

/** Makes the version `number`, which is not 0, that of the message at hand; answers as search does. */
@inline
export function openSchema(number: u32): u32 {
  if (number != lastNumber) {
    const answer = search(number);
    if (answer != LAID) return answer;
    lastNumber = number;
    lastImage = found;
  }
  laid = lastImage;
  return LAID;
}

/** Forgets the image that was found last: the host begins the region anew. */
export function forgetSchema(): void {
  lastNumber = 0;
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
