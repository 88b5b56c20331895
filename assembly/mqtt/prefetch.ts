import { DEVICE_AT_PREDICTED, DEVICE_AT_NAME_OFFSET } from '../abi/gateway';

// A connection that publishes for many devices often does so in the same order again and again, and their entries do
// not fit the processor's caches. So a device's entry holds the device that its connection published for DISTANCE messages
// later, the last time. Every DISTANCE messages the devices of the next ones are predicted, and all their entries are
// loaded, then all their names: loads of one kind do not wait for one another.

const DISTANCE: u32 = 16;

/** Devices of the last messages, and the predicted ones of the next messages; addresses or 0, by message modulo DISTANCE. */
const last = memory.data(DISTANCE * 4, 16);
const predicted = memory.data(DISTANCE * 4, 16);
let message: u32 = 0;
/** Keeps the loads from being optimized away. */
export let loaded: u32 = 0;

/** Forgets the order of devices: the next messages are of another connection. */
@inline
export function forgetOrder(): void {
  for (let at: usize = 0; at < DISTANCE * 4; at += 16) {
    v128.store(last + at, i32x4.splat(0));
    v128.store(predicted + at, i32x4.splat(0));
  }
}

/** Notes that the connection's next message is for `device`, and loads the devices that are predicted after it. */
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
