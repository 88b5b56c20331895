import { CODE_NONE, CODES_MAX } from '../abi/codes';
import { COUNTER_GATEWAY_RECEIVED, COUNTER_GATEWAY_REFUSED, COUNTER_GATEWAY_REFUSED_BY_CODE } from '../abi/counters';
import {
  DEVICES_OFFSET,
  DEVICE_BYTES,
  REFUSALS_OFFSET,
  REFUSAL_AT_CODE,
  REFUSAL_AT_COUNT,
  REFUSAL_BYTES,
  REFUSAL_OF_TENANT,
  REFUSAL_SLOTS,
} from '../abi/gateway';
import { count } from '../memory';

const USED_MAX: u32 = REFUSAL_SLOTS / 4 * 3;

let used: u32 = 0;

/** Owner of a message whose sender is unknown. */
export const OF_NOBODY: u32 = REFUSAL_OF_TENANT;

/** The owner of a message that is of this device. */
@inline
export function ofDevice(device: usize): u32 {
  return (<u32>device - DEVICES_OFFSET) / DEVICE_BYTES + 1;
}

/** The owner of a message that this device sent for a device that is unknown or not its own: the tenant. */
@inline
export function ofTenant(device: usize): u32 {
  return ofDevice(device) | REFUSAL_OF_TENANT;
}

/** Counts a refused message; the code itself is counted when the connection ends. */
export function countRefusedMessage(owner: u32, code: u32): void {
  assert(code != CODE_NONE && code < CODES_MAX, 'the code is no reason of a refusal');
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_REFUSED);
  count(COUNTER_GATEWAY_REFUSED_BY_CODE + code);
  const slot = slotOf(owner, code);
  if (load<u32>(slot) == 0) {
    // With the table nearly full the message counts as one of an unknown sender, for which there is always room.
    if (used >= USED_MAX && owner != OF_NOBODY) return countIn(slotOf(OF_NOBODY, code), OF_NOBODY, code);
  }
  countIn(slot, owner, code);
}

/** Counts a refused message whose connection stays open; the caller answers the client. */
export function refuseMessage(owner: u32, code: u32): void {
  countRefusedMessage(owner, code);
  count(code);
}

/** Counts a message of an unknown sender that the host has refused. */
export function countRefused(code: u32): void {
  refuseMessage(OF_NOBODY, code);
}

function countIn(slot: usize, owner: u32, code: u32): void {
  if (load<u32>(slot) == 0) {
    used++;
    store<u32>(slot, owner);
    store<u32>(slot, code, REFUSAL_AT_CODE);
  }
  store<u64>(slot, load<u64>(slot, REFUSAL_AT_COUNT) + 1, REFUSAL_AT_COUNT);
}

/** The slot of (owner, code), or the free slot where it belongs. */
function slotOf(owner: u32, code: u32): usize {
  let slot = ((owner * 0x9e3779b1) ^ (code * 0x85ebca6b)) >> 16;
  while (true) {
    const at = <usize>(REFUSALS_OFFSET + (slot & (REFUSAL_SLOTS - 1)) * REFUSAL_BYTES);
    const held = load<u32>(at);
    if (held == 0 || (held == owner && load<u32>(at, REFUSAL_AT_CODE) == code)) return at;
    slot++;
  }
}
