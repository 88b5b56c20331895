import { DEVICE_AT_PREDICTED, DEVICE_AT_NAME_OFFSET } from '../abi/gateway';

// A connection that speaks for many devices does so in the same order again and again, and they do not fit
// the processor's caches. So a device remembers which one its connection spoke for DISTANCE messages later.
// After so many messages the next ones are foretold, and their entries are loaded, then their names: all of
// one kind at a time, because such loads do not wait for one another.

const DISTANCE: u32 = 16;

/** Devices of the last messages, and of the next as far as they are foretold; addresses or 0, by message modulo DISTANCE. */
const last = memory.data(DISTANCE * 4, 16);
const predicted = memory.data(DISTANCE * 4, 16);
let message: u32 = 0;
/** Keeps the loads from being optimized away. */
export let loaded: u32 = 0;

/** What follows are messages of another connection. */
@inline
export function forgetOrder(): void {
  for (let at: usize = 0; at < DISTANCE * 4; at += 16) {
    v128.store(last + at, i32x4.splat(0));
    v128.store(predicted + at, i32x4.splat(0));
  }
}

/** The connection's next message is for `device`. */
@inline
export function prefetchDevices(device: usize): void {
  const place = (message & (DISTANCE - 1)) << 2;
  const earlier = <usize>load<u32>(last + place);
  if (earlier != 0 && load<u32>(earlier, DEVICE_AT_PREDICTED) != <u32>device) store<u32>(earlier, <u32>device, DEVICE_AT_PREDICTED);
  store<u32>(last + place, <u32>device);
  store<u32>(predicted + place, load<u32>(device, DEVICE_AT_PREDICTED));
  if ((++message & (DISTANCE - 1)) == 0) loadPredicted();
}

function loadPredicted(): void {
  let sum: u32 = 0;
  for (let at = predicted; at < predicted + DISTANCE * 4; at += 4) {
    const device = load<u32>(at);
    if (device != 0) sum += load<u32>(device, DEVICE_AT_NAME_OFFSET);
  }
  for (let at = predicted; at < predicted + DISTANCE * 4; at += 4) {
    const device = load<u32>(at);
    if (device != 0) sum += load<u8>(load<u32>(device, DEVICE_AT_NAME_OFFSET));
  }
  loaded = sum;
}
