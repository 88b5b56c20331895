/**
 * Noise that is a pure function of (seed, device, channel, place): any process that knows the seed
 * computes the same series, in any order and without state.
 */

/** An even number in [0, 1). The mixing is MurmurHash3's fmix32 over the four inputs in turn. */
export function evenNoise(seed: number, device: number, channel: number, place: number): number {
  let hash = mix(seed | 0);
  hash = mix(hash ^ Math.imul(device + 1, 0x9e3779b1));
  hash = mix(hash ^ Math.imul(channel + 1, 0x85ebca77));
  hash = mix(hash ^ (place | 0) ^ Math.imul(Math.floor(place / 4294967296), 0xc2b2ae3d));
  return (hash >>> 0) / 4294967296;
}

/** About normal with mean 0 and deviation 1: the sum of twelve even numbers less six (Irwin-Hall). */
export function normalNoise(seed: number, device: number, channel: number, place: number): number {
  let sum = -6;
  for (let part = 0; part < 12; part++) sum += evenNoise(seed, device, channel * 16 + part, place);
  return sum;
}

/** Smooth noise in (-1, 1) that turns about once in `period`, in the unit of `at`. */
export function driftNoise(seed: number, device: number, channel: number, at: number, period: number): number {
  const place = Math.floor(at / period);
  const share = at / period - place;
  const eased = share * share * (3 - 2 * share);
  const from = evenNoise(seed, device, channel, place) * 2 - 1;
  const to = evenNoise(seed, device, channel, place + 1) * 2 - 1;
  return from + (to - from) * eased;
}

function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
