import { COAP_ACK, COAP_HEADER_BYTES, COAP_TOKEN_BYTES_MAX } from '../../../assembly/abi/coap.js';

/** An option; its value in the bytes of the message. */
export interface CoapOption {
  readonly number: number;
  readonly value: Buffer;
}

/** A message of CoAP, RFC 7252 §3. */
export interface CoapMessage {
  /** COAP_CON, COAP_NON, COAP_ACK or COAP_RST. */
  readonly type: number;
  readonly code: number;
  readonly messageId: number;
  readonly token: Buffer;
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
}

const PAYLOAD_MARKER = 0xff;
const EMPTY = Buffer.alloc(0);

/** Reads a message that the kernel has found to be well formed. */
export function readMessage(bytes: Buffer): CoapMessage {
  const first = bytes[0]!;
  const tokenBytes = Math.min(first & 15, COAP_TOKEN_BYTES_MAX);
  const options: CoapOption[] = [];
  let at = COAP_HEADER_BYTES + tokenBytes;
  let number = 0;
  const extended = (nibble: number): number => {
    if (nibble < 13) return nibble;
    if (nibble === 13) return 13 + (bytes[at++] ?? 0);
    const value = 269 + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    at += 2;
    return value;
  };
  while (at < bytes.length && bytes[at] !== PAYLOAD_MARKER) {
    const head = bytes[at++]!;
    number += extended(head >> 4);
    const length = extended(head & 15);
    options.push({ number, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return {
    type: (first >> 4) & 3,
    code: bytes[1]!,
    messageId: bytes.readUInt16BE(2),
    token: bytes.subarray(COAP_HEADER_BYTES, COAP_HEADER_BYTES + tokenBytes),
    options,
    payload: at < bytes.length ? bytes.subarray(at + 1) : EMPTY,
  };
}

/** Writes a message; its options are put into their order. */
export function writeMessage({ type, code, messageId, token, options, payload }: CoapMessage): Buffer {
  const head = Buffer.from([0x40 | (type << 4) | token.length, code, messageId >> 8, messageId & 0xff]);
  const parts = [head, token];
  let before = 0;
  for (const { number, value } of [...options].sort((a, b) => a.number - b.number)) {
    const [delta, length] = [extension(number - before), extension(value.length)];
    parts.push(Buffer.from([(delta.nibble << 4) | length.nibble, ...delta.bytes, ...length.bytes]), value);
    before = number;
  }
  if (payload.length > 0) parts.push(Buffer.from([PAYLOAD_MARKER]), payload);
  return Buffer.concat(parts);
}

/** Nibble and further bytes of an option's delta or length, RFC 7252 §3.1. */
function extension(value: number): { readonly nibble: number; readonly bytes: readonly number[] } {
  if (value < 13) return { nibble: value, bytes: [] };
  if (value < 269) return { nibble: 13, bytes: [value - 13] };
  return { nibble: 14, bytes: [(value - 269) >> 8, (value - 269) & 0xff] };
}

/** A number without leading bytes of 0, RFC 7252 §3.2. */
export function uint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from(bytes);
}

/** The number of the first such option, or undefined. */
export function uintOf({ options }: CoapMessage, wanted: number): number | undefined {
  const option = options.find(({ number }) => number === wanted);
  return option?.value.reduce((value, byte) => value * 256 + byte, 0);
}

/** The first such option's value. */
export function optionOf({ options }: CoapMessage, wanted: number): Buffer | undefined {
  return options.find(({ number }) => number === wanted)?.value;
}

/** An empty acknowledgement, or an RST. */
export function emptyMessage(messageId: number, type: number = COAP_ACK): CoapMessage {
  return { type, code: 0, messageId, token: EMPTY, options: [], payload: EMPTY };
}
