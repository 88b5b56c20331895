import {
  PLAN_AT_FLAGS,
  PLAN_FIELD_AT_NUMBER,
  PLAN_FIELD_BYTES,
  PLAN_HEAD_BYTES,
  PLAN_TYPE_AT_FIELDS,
  PLAN_TYPE_AT_FIELD_COUNT,
  PLAN_TYPE_AT_ONEOFS,
  PLAN_TYPE_BYTES,
  PLAN_VALUE_AT_NUMBER,
  PLAN_VALUE_BYTES,
} from '../../abi/plans';
import { laidPlan } from '../laid-schema';

/** The plan of the message at hand. */
export let plan: usize = 0;

/** Finds the plan by which the message at hand is read; false: its schema has none, or it has no schema. */
export function openPlan(): bool {
  plan = laidPlan();
  return plan != 0;
}

export function planHas(flag: u32): bool {
  return (load<u32>(plan, PLAN_AT_FLAGS) & flag) != 0;
}

@inline
export function typeAt(type: u32): usize {
  return plan + PLAN_HEAD_BYTES + type * PLAN_TYPE_BYTES;
}

@inline
export function fieldsOf(type: usize): usize {
  return plan + load<u32>(type, PLAN_TYPE_AT_FIELDS);
}

@inline
export function fieldCount(type: usize): u32 {
  return load<u16>(type, PLAN_TYPE_AT_FIELD_COUNT);
}

@inline
export function oneofCount(type: usize): u32 {
  return load<u8>(type, PLAN_TYPE_AT_ONEOFS);
}

/**
 * Index of the field with this number among the `count` at `fields`, or `count`. Encoders write fields in order, and a repeated one
 * again and again, so the one at `expected` and the one before it are tried first.
 */
@inline
export function findField(fields: usize, count: u32, number: u32, expected: u32): u32 {
  if (expected < count && load<u32>(fields + expected * PLAN_FIELD_BYTES, PLAN_FIELD_AT_NUMBER) == number) return expected;
  if (expected > 0 && load<u32>(fields + (expected - 1) * PLAN_FIELD_BYTES, PLAN_FIELD_AT_NUMBER) == number) return expected - 1;
  return searchField(fields, count, number);
}

function searchField(fields: usize, count: u32, number: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = load<u32>(fields + middle * PLAN_FIELD_BYTES, PLAN_FIELD_AT_NUMBER);
    if (found == number) return middle;
    if (found < number) low = middle + 1;
    else high = middle;
  }
  return count;
}

/** The value of an enum whose values lie at offset `values`, or 0 if it has no name. */
export function findValue(values: u32, number: i32): usize {
  const at = plan + values;
  let low: u32 = 0;
  let high = load<u32>(at);
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = at + 4 + middle * PLAN_VALUE_BYTES;
    const found = load<i32>(value, PLAN_VALUE_AT_NUMBER);
    if (found == number) return value;
    if (found < number) low = middle + 1;
    else high = middle;
  }
  return 0;
}
