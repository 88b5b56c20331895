import { PLAN_FIELD_AT_KIND, PLAN_FIELD_AT_ONEOF, PLAN_FIELD_AT_ACTION, PLAN_FIELD_BYTES, PLAN_PASS } from '../../abi/plans';
import { findField } from './plan';
import { wireOf } from './values';
import { fieldNumber, readField, wireType } from './wire';

// Of the members of a oneof only the last that a message sets is set: it unsets those before it
// (protobuf.dev/programming-guides/encoding, Last One Wins). So a message with oneofs is looked through before it is read.

/** Of each oneof of a message: the last member, as its index plus 1, or 0; and where the fields begin that set it and no other after it. */
export const ONEOF_BYTES: u32 = 8;
const AT_MEMBER: u32 = 0;
const AT_BEGIN: u32 = 4;

/** Finds the members that are set, into `oneofs`, which is filled with zeros. False: a field is malformed. */
export function findMembers(at: usize, end: usize, fields: usize, count: u32, oneofs: usize): bool {
  while (at < end) {
    const begin = at;
    at = readField(at, end);
    if (at == 0) return false;
    const index = findField(fields, count, fieldNumber, 0);
    if (index == count) continue;
    const field = fields + index * PLAN_FIELD_BYTES;
    const oneof = <u32>load<u8>(field, PLAN_FIELD_AT_ONEOF);
    if (oneof == 0 || wireType != wireOf(<u32>load<u8>(field, PLAN_FIELD_AT_KIND))) continue;
    const entry = oneofs + (oneof - 1) * ONEOF_BYTES;
    if (load<u32>(entry, AT_MEMBER) == index + 1) continue;
    store<u32>(entry, index + 1, AT_MEMBER);
    store<u32>(entry, <u32>begin, AT_BEGIN);
  }
  return true;
}

/** Whether the field that begins at `begin` is not read, as a member after it is set, or as it says nothing. */
@inline
export function isUnset(field: usize, begin: usize, oneofs: usize): bool {
  const oneof = <u32>load<u8>(field, PLAN_FIELD_AT_ONEOF);
  if (oneof == 0) return false;
  return begin < load<u32>(oneofs + (oneof - 1) * ONEOF_BYTES, AT_BEGIN) || <u32>load<u8>(field, PLAN_FIELD_AT_ACTION) == PLAN_PASS;
}
