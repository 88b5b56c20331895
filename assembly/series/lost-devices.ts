// Numbers of devices that the log may hold and the database has lost, because it was restored from a backup or replaced by another. No
// registered device has one of these numbers, so they are never found in the state.
//
//   u32 first, u32 last, one pair after another

const RANGES_MAX: u32 = 512;
const RANGES: usize = memory.data(4096);

let ranges: u32 = 0;

/** Makes dead letters of messages of the devices from `first` to `last`; false: there is no room for another range. */
export function loseDevices(first: u32, last: u32): bool {
  if (ranges == RANGES_MAX) return false;
  const range = RANGES + (<usize>ranges << 3);
  store<u32>(range, first);
  store<u32>(range, last, 4);
  ranges++;
  return true;
}

/** Whether the database has lost the device. */
export function isLost(number: u32): bool {
  for (let range = RANGES, end = RANGES + (<usize>ranges << 3); range < end; range += 8) {
    if (number >= load<u32>(range) && number <= load<u32>(range, 4)) return true;
  }
  return false;
}
