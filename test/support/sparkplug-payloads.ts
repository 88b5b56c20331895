// Payloads of Sparkplug B, put together field by field, so that a test may have what no encoder writes.

export const NINE_MS = Date.UTC(2026, 10, 30, 9);

/** Field of a message of Protobuf: a varint, or bytes. */
export function field(number: number, value: bigint | number | Uint8Array | string): Buffer {
  if (typeof value === 'bigint' || typeof value === 'number')
    return Buffer.from([...varint(BigInt(number << 3)), ...varint(BigInt.asUintN(64, BigInt(value)))]);
  const bytes = Buffer.from(value);
  return Buffer.from([...varint(BigInt((number << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes]);
}

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

/** A metric by its fields, each as it lies on the wire. */
export function metric(...fields: readonly Buffer[]): Buffer {
  return field(2, Buffer.concat(fields));
}

/** A payload of 2026-11-30T09:00Z. */
export function payload(seq: number | undefined, ...metrics: readonly Buffer[]): Buffer {
  return Buffer.concat([field(1, NINE_MS), ...metrics, ...(seq === undefined ? [] : [field(3, seq)])]);
}
