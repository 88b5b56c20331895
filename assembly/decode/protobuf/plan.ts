import { PLANS_OFFSET } from '../../abi/pipeline';
import {
  PLANS_AT,
  PLAN_AT_FLAGS,
  PLAN_FIELD_AT_NUMBER,
  PLAN_FIELD_BYTES,
  PLAN_HEAD_BYTES,
  PLAN_SLOTS,
  PLAN_SLOT_AT_OFFSET,
  PLAN_SLOT_BYTES,
  PLAN_TYPE_AT_FIELDS,
  PLAN_TYPE_AT_FIELD_COUNT,
  PLAN_TYPE_BYTES,
  PLAN_VALUE_AT_NUMBER,
  PLAN_VALUE_BYTES,
} from '../../abi/plans';

/** The plan that was found last. */
export let plan: usize = 0;
let planSchema: u32 = 0;

/** Finds the plan of a schema version; false: the host gave none. A version never changes its plan, so the last answer stays valid. */
@inline
export function findPlan(schema: u32): bool {
  return (schema == planSchema && schema != 0) || searchPlan(schema);
}

function searchPlan(schema: u32): bool {
  if (schema == 0) return false;
  let slot = schema & (PLAN_SLOTS - 1);
  while (true) {
    const at = <usize>(PLANS_OFFSET + slot * PLAN_SLOT_BYTES);
    const held = load<u32>(at);
    if (held == 0) return false;
    if (held == schema) {
      const offset = load<u32>(at, PLAN_SLOT_AT_OFFSET);
      assert(offset >= PLANS_AT, 'a plan lies among the slots');
      plan = <usize>(PLANS_OFFSET + offset);
      planSchema = schema;
      return true;
    }
    slot = (slot + 1) & (PLAN_SLOTS - 1);
  }
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
