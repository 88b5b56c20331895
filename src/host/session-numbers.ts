/** The count from which all gateways of a process number their sessions, so that of two sessions the newer is known. */
export function sessionNumbers(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

/** The next number; from 1 on, each given once. */
export function nextSession(numbers: SharedArrayBuffer): number {
  return Number(Atomics.add(new BigInt64Array(numbers), 0, 1n)) + 1;
}
