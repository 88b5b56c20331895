// Names of metrics that were denied to a device of late: its readings of them are left out at once, and nobody is asked again, until
// the messages are a minute newer. A slot is a hash of device and name, or 0; a name whose slot is taken away is asked for again.

const SLOTS: u32 = 4096;
const AGE_US: u64 = 60000000;

const slots = memory.data(<i32>SLOTS * 8, 8);
/** Receive time of the block in which the first of them was denied; 0: there is none. */
let sinceUs: u64 = 0;
let blockUs: u64 = 0;

/** Messages from here on were received at or after this time, µs. */
@inline
export function ageDenied(us: u64): void {
  blockUs = us;
  if (sinceUs != 0 && us - sinceUs > AGE_US) forgetDenied();
}

function forgetDenied(): void {
  memory.fill(slots, 0, SLOTS * 8);
  sinceUs = 0;
}

export function noteDenied(device: u32, nameHash: u64): void {
  const hash = hashOf(device, nameHash);
  store<u64>(slotOf(hash), hash);
  if (sinceUs == 0) sinceUs = max(blockUs, 1);
}

@inline
export function isDenied(device: u32, nameHash: u64): bool {
  if (sinceUs == 0) return false;
  const hash = hashOf(device, nameHash);
  return load<u64>(slotOf(hash)) == hash;
}

@inline
function slotOf(hash: u64): usize {
  return slots + ((<usize>hash & (SLOTS - 1)) << 3);
}

@inline
function hashOf(device: u32, nameHash: u64): u64 {
  return max(nameHash ^ (<u64>device * 0x9e3779b185ebca87), 1);
}
