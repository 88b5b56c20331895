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

/** Nobody is known whom the message could have come from. */
export const OF_NOBODY: u32 = REFUSAL_OF_TENANT;

@inline
export function ofDevice(device: usize): u32 {
  return (<u32>device - DEVICES_OFFSET) / DEVICE_BYTES + 1;
}

/** The message was none of this device, which sent it: only the tenant is sure. */
@inline
export function ofTenant(device: usize): u32 {
  return ofDevice(device) | REFUSAL_OF_TENANT;
}

/** A message came and was refused; the code is counted where the connection ends. */
export function countRefusedMessage(owner: u32, code: u32): void {
  assert(code != CODE_NONE && code < CODES_MAX, 'the code is no reason of a refusal');
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_REFUSED);
  count(COUNTER_GATEWAY_REFUSED_BY_CODE + code);
  const slot = slotOf(owner, code);
  if (load<u32>(slot) == 0) {
    // With the table nearly full it counts for the node alone; for nobody there is always room.
    if (used >= USED_MAX && owner != OF_NOBODY) return countIn(slotOf(OF_NOBODY, code), OF_NOBODY, code);
  }
  countIn(slot, owner, code);
}

/** A message came and was refused, and its connection lives on; the caller answers the client. */
export function refuseMessage(owner: u32, code: u32): void {
  countRefusedMessage(owner, code);
  count(code);
}

/** The host refused a message of which nobody knows whose it was. */
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

/** The slot of (whom, code), or the free one where it belongs. */
function slotOf(owner: u32, code: u32): usize {
  let slot = ((owner * 0x9e3779b1) ^ (code * 0x85ebca6b)) >> 16;
  while (true) {
    const at = <usize>(REFUSALS_OFFSET + (slot & (REFUSAL_SLOTS - 1)) * REFUSAL_BYTES);
    const held = load<u32>(at);
    if (held == 0 || (held == owner && load<u32>(at, REFUSAL_AT_CODE) == code)) return at;
    slot++;
  }
}
