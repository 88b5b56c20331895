import {
  REPLAY_SLOTS,
  REPLAYS_AT_GENERATION,
  REPLAYS_AT_OLDER_USED,
  REPLAYS_AT_USED,
  REPLAYS_BYTES,
  REPLAYS_HEADER_BYTES,
  REPLAYS_MAX,
  REPLAYS_OFFSET,
} from '../abi/state';

// Ids of the dead letters that were tried again last. One that comes twice was put into the log twice, as happens when a process ends
// between the log and the database: it counts once. Both tables and their counts lie in the state, so a checkpoint has them as they are.

@inline
function tableOf(generation: u32): usize {
  return <usize>(REPLAYS_OFFSET + REPLAYS_HEADER_BYTES + generation * (REPLAY_SLOTS << 3));
}

/** The slot that holds the id, or the free one where it belongs. */
function slotOf(table: usize, id: u64): usize {
  let slot = <u32>((id * 0x9e3779b97f4a7c15) >> 48) & (REPLAY_SLOTS - 1);
  while (true) {
    const at = table + (<usize>slot << 3);
    const held = load<u64>(at);
    if (held == 0 || held == id) return at;
    slot = (slot + 1) & (REPLAY_SLOTS - 1);
  }
}

/** Whether the letter was tried again before; remembers it. The last REPLAYS_MAX letters are known. */
export function sawReplay(id: u64): bool {
  assert(id != 0, 'no letter has the id 0');
  let generation = load<u32>(REPLAYS_OFFSET, REPLAYS_AT_GENERATION);
  if (load<u32>(REPLAYS_OFFSET, REPLAYS_AT_USED) == REPLAYS_MAX) {
    generation = 1 - generation;
    memory.fill(tableOf(generation), 0, REPLAY_SLOTS << 3);
    store<u32>(REPLAYS_OFFSET, generation, REPLAYS_AT_GENERATION);
    store<u32>(REPLAYS_OFFSET, REPLAYS_MAX, REPLAYS_AT_OLDER_USED);
    store<u32>(REPLAYS_OFFSET, 0, REPLAYS_AT_USED);
  }
  if (load<u64>(slotOf(tableOf(1 - generation), id)) == id) return true;
  const at = slotOf(tableOf(generation), id);
  if (load<u64>(at) == id) return true;
  store<u64>(at, id);
  store<u32>(REPLAYS_OFFSET, load<u32>(REPLAYS_OFFSET, REPLAYS_AT_USED) + 1, REPLAYS_AT_USED);
  return false;
}

/** Bytes of the tables; 0 while no letter was tried again. */
export function replaysBytes(): u32 {
  const used = load<u32>(REPLAYS_OFFSET, REPLAYS_AT_USED) + load<u32>(REPLAYS_OFFSET, REPLAYS_AT_OLDER_USED);
  return used == 0 ? 0 : REPLAYS_BYTES;
}

/** Whether the tables of a checkpoint can be searched. */
export function adoptReplays(): bool {
  return (
    load<u32>(REPLAYS_OFFSET, REPLAYS_AT_GENERATION) <= 1 &&
    load<u32>(REPLAYS_OFFSET, REPLAYS_AT_USED) <= REPLAYS_MAX &&
    load<u32>(REPLAYS_OFFSET, REPLAYS_AT_OLDER_USED) <= REPLAYS_MAX
  );
}
