/** The partition that owns a device: a 32-bit integer finalizer (MurmurHash3 fmix32), modulo `partitions`. */
export function partitionOf(deviceNumber: number, partitions: number): number {
  let hash = deviceNumber | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) % partitions;
}
