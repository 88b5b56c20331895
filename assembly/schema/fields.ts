import {
  FIELD_AT_METRIC,
  FIELD_AT_NEXT,
  FIELD_AT_SAMPLE,
  SCHEMA_AT_FIRST,
  SCHEMA_AT_INDEX,
  SCHEMA_AT_INDEX_MASK,
  SCHEMA_HASH,
  SCHEMA_HASH_SHIFT,
} from '../abi/schemas';

// Fields of a laid schema, and which of them the sample at hand has had. A new image names no sample, so `sample` only grows.

let sample: u64 = 0;

/** Fields that are met from here on are those of another sample. */
@inline
export function beginSample(): void {
  sample++;
}

/** Notes that the sample has the field. False: it had it before. */
@inline
export function noteField(field: usize): bool {
  if (load<u64>(field, FIELD_AT_SAMPLE) == sample) return false;
  store<u64>(field, sample, FIELD_AT_SAMPLE);
  return true;
}

@inline
export function wasMet(field: usize): bool {
  return load<u64>(field, FIELD_AT_SAMPLE) == sample;
}

/** Where the offset of the field lies that comes first, or after `field`, if samples have their metrics in the order of the last one. */
@inline
export function firstLink(schema: usize): usize {
  return schema + SCHEMA_AT_FIRST;
}

@inline
export function linkAfter(field: usize): usize {
  return field + FIELD_AT_NEXT;
}

/** The field of a metric, or 0. Devices name the same metrics in the same order again and again: the one at `link` is tried first. */
@inline
export function fieldOf(schema: usize, metric: u32, link: usize): usize {
  const expected = load<u32>(link);
  return expected != 0 && load<u32>(schema + expected, FIELD_AT_METRIC) == metric ? schema + expected : search(schema, metric, link);
}

function search(schema: usize, metric: u32, link: usize): usize {
  const index = schema + load<u32>(schema, SCHEMA_AT_INDEX);
  const mask = load<u32>(schema, SCHEMA_AT_INDEX_MASK);
  for (let slot = (metric * SCHEMA_HASH) >> SCHEMA_HASH_SHIFT; ; slot++) {
    const offset = load<u32>(index + (<usize>(slot & mask) << 2));
    if (offset == 0) return 0;
    if (load<u32>(schema + offset, FIELD_AT_METRIC) != metric) continue;
    store<u32>(link, offset);
    return schema + offset;
  }
}
