/** Number of the device whose message is decoded. */
export let device: u32 = 0;

/** What is decoded from here on is of this device. */
@inline
export function decodeFor(number: u32): void {
  device = number;
}
