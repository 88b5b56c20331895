/** One COPY (FORMAT binary) stream, as the pipeline's kernel writes it. PostgreSQL documentation, COPY, "Binary Format". */
export function copyStream(rows: readonly (readonly (Buffer | null)[])[]): Buffer {
  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  const encoded = rows.map((fields) =>
    Buffer.concat([int16(fields.length), ...fields.map((field) => (field ? Buffer.concat([int32(field.length), field]) : int32(-1)))]),
  );
  return Buffer.concat([header, ...encoded, int16(-1)]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

export function float64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** A timestamptz field: µs since 2000-01-01. */
export function timestamp(time: Date): Buffer {
  return int64((BigInt(time.getTime()) - 946_684_800_000n) * 1000n);
}
