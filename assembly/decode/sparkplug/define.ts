import {
  BIRTH_AT_ALIASED,
  BIRTH_AT_DEFINITIONS,
  DEFINITION_AT_ALIAS,
  DEFINITION_AT_DATATYPE,
  DEFINITION_AT_HAS_ALIAS,
  DEFINITION_AT_NAME,
  DEFINITION_AT_NAME_BYTES,
  DEFINITION_BYTES,
} from '../../abi/sparkplug';
import { bytesAt, bytesEnd, fieldNumber, readField, WIRE_BYTES, wireType } from '../protobuf/wire';
import { takeBlock } from './births';
import { alias, datatype, hasAlias, hasName, nameAt, nameBytes, readMetric } from './metric';

const NAME_BYTES_MAX: u32 = 65535;
const definition = memory.data(DEFINITION_BYTES, 8);

/** Defines the metrics of a birth's payload, which was read before, in place of those that it had. False: there is no room for them. */
export function define(birth: usize, at: usize, end: usize): bool {
  let definitions: u32 = 0;
  let namesBytes: u32 = 0;
  for (let next = at; next < end; ) {
    next = readField(next, end);
    if (!isDefinition()) continue;
    definitions++;
    namesBytes += nameBytes;
  }
  if (definitions == 0) return true;
  const block = takeBlock(birth, definitions * DEFINITION_BYTES + namesBytes);
  if (block == 0) return false;
  let name = definitions * DEFINITION_BYTES;
  let aliased: u32 = 0;
  let slot = block;
  while (at < end) {
    at = readField(at, end);
    if (!isDefinition()) continue;
    store<u64>(slot, hasAlias ? alias : u64.MAX_VALUE, DEFINITION_AT_ALIAS);
    store<u32>(slot, name, DEFINITION_AT_NAME);
    store<u16>(slot, <u16>nameBytes, DEFINITION_AT_NAME_BYTES);
    store<u8>(slot, <u8>min<u32>(datatype, 255), DEFINITION_AT_DATATYPE);
    store<u8>(slot, <u8>hasAlias, DEFINITION_AT_HAS_ALIAS);
    memory.copy(block + name, nameAt, nameBytes);
    name += nameBytes;
    if (hasAlias) aliased++;
    slot += DEFINITION_BYTES;
  }
  sort(block, definitions);
  store<u32>(birth, definitions, BIRTH_AT_DEFINITIONS);
  store<u32>(birth, aliased, BIRTH_AT_ALIASED);
  return true;
}

/** Whether the field that was read last is a metric with a name. */
function isDefinition(): bool {
  return fieldNumber == 2 && wireType == WIRE_BYTES && readMetric(bytesAt, bytesEnd) && hasName && nameBytes <= NAME_BYTES_MAX;
}

/** Whether the definition at `a` comes after the one at `b`: those with an alias ascend by it, and come before the others. */
@inline
function isAfter(a: usize, b: usize): bool {
  const first = load<u64>(a, DEFINITION_AT_ALIAS);
  const second = load<u64>(b, DEFINITION_AT_ALIAS);
  return first > second || (first == second && load<u8>(a, DEFINITION_AT_HAS_ALIAS) < load<u8>(b, DEFINITION_AT_HAS_ALIAS));
}

/** Shellsort: births list their metrics by alias as a rule, and then nothing moves. */
function sort(block: usize, definitions: u32): void {
  let gap: u32 = 1;
  while (gap < definitions / 3) gap = gap * 3 + 1;
  for (; gap > 0; gap /= 3) {
    const step = gap * DEFINITION_BYTES;
    for (let index = gap; index < definitions; index++) {
      let at = block + index * DEFINITION_BYTES;
      if (!isAfter(at - step, at)) continue;
      memory.copy(definition, at, DEFINITION_BYTES);
      while (at >= block + step && isAfter(at - step, definition)) {
        memory.copy(at, at - step, DEFINITION_BYTES);
        at -= step;
      }
      memory.copy(at, definition, DEFINITION_BYTES);
    }
  }
}
