import {
  HEAD_AT_SOURCES,
  SOURCES_BYTES,
  SOURCES_OFFSET,
  SOURCE_AT_NUMBER,
  SOURCE_AT_USED,
  SOURCE_BYTES,
  STATE_HEAD_OFFSET,
} from '../abi/state';

// A producer may write the same block into two records of the log. So each record has a mark: its source (one run of a
// producer) and a number that ascends by one over the source's blocks of the partition. The newest number of each source is
// part of the state, so a repeated block is recognized however many blocks lie between the two.

const SOURCES_MAX: u32 = SOURCES_BYTES / SOURCE_BYTES;

let sources: u32 = 0;
/** Ascends with every block, so the source that was silent for longest has the lowest value. */
let uses: u64 = 0;

/** Whether the block was run before. */
export function isRepeated(source: u64, number: u64): bool {
  const at = find(source);
  return at != 0 && number <= load<u64>(at, SOURCE_AT_NUMBER);
}

/** Notes a block that was run; answers how many blocks of its source between the last one and this one are missing. */
export function noteBlock(source: u64, number: u64): f64 {
  let at = find(source);
  let missing: u64 = 0;
  if (at == 0) {
    at = obtain(source);
  } else {
    const newest = load<u64>(at, SOURCE_AT_NUMBER);
    assert(number > newest, 'the block was run before');
    missing = number - newest - 1;
  }
  store<u64>(at, number, SOURCE_AT_NUMBER);
  store<u64>(at, ++uses, SOURCE_AT_USED);
  return <f64>missing;
}

export function sourcesBytes(): u32 {
  return sources * SOURCE_BYTES;
}

export function describeSources(): void {
  store<u32>(STATE_HEAD_OFFSET, sources, HEAD_AT_SOURCES);
}

export function adoptSources(): bool {
  sources = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_SOURCES);
  if (sources > SOURCES_MAX) return false;
  uses = 0;
  for (let index: u32 = 0; index < sources; index++) uses = max(uses, load<u64>(place(index), SOURCE_AT_USED));
  return true;
}

function find(source: u64): usize {
  for (let index: u32 = 0; index < sources; index++) {
    if (load<u64>(place(index)) == source) return place(index);
  }
  return 0;
}

/** A place for a new source: a free one, or the place of the source that was silent for longest. */
function obtain(source: u64): usize {
  let at = place(0);
  if (sources < SOURCES_MAX) {
    at = place(sources++);
  } else {
    for (let index: u32 = 1; index < SOURCES_MAX; index++) {
      if (load<u64>(place(index), SOURCE_AT_USED) < load<u64>(at, SOURCE_AT_USED)) at = place(index);
    }
  }
  store<u64>(at, source);
  return at;
}

@inline
function place(index: u32): usize {
  return SOURCES_OFFSET + index * SOURCE_BYTES;
}
