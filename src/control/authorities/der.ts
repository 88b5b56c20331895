/** One value of DER, X.690 §8.1: its tag, its content, and the whole of it with tag and length. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

export const DER_SEQUENCE = 0x30;
export const DER_INTEGER = 0x02;
export const DER_BIT_STRING = 0x03;
export const DER_OID = 0x06;
export const DER_UTC_TIME = 0x17;
export const DER_GENERALIZED_TIME = 0x18;

/** The values that follow one another in these bytes. Throws where they are malformed, or longer than four bytes can say. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = derValue(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

function derValue(bytes: Buffer, at: number): DerValue {
  const tag = byteAt(bytes, at);
  let length = byteAt(bytes, at + 1);
  let start = at + 2;
  if (length >= 0x80) {
    const count = length - 0x80;
    if (count === 0 || count > 4 || start + count > bytes.length) throw new Error('a length is malformed');
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  if (start + length > bytes.length) throw new Error('a value is cut off');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('a value is cut off');
  return byte;
}

/** UTCTime and GeneralizedTime as certificates have them (RFC 5280 §4.1.2.5), ms of the Unix epoch. */
export function derTime({ tag, content }: DerValue): number {
  const text = content.toString('latin1');
  const century = Number(text.slice(0, 2)) >= 50 ? '19' : '20';
  const digits = tag === DER_UTC_TIME ? century + text : text;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) throw new Error('a time is malformed');
  return ms;
}
