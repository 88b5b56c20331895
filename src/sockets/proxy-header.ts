import { isIP, isIPv4 } from 'node:net';
import { addressBytes, addressOf } from './address-bytes.js';

/**
 * The bytes at the beginning of a connection that a proxy passes on, by the PROXY protocol, versions 1 and 2. `peer` is absent where the
 * proxy speaks for itself, or for a peer without an address.
 */
export type ProxyHeader = 'incomplete' | 'malformed' | { readonly bytes: number; readonly peer?: string };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Before the addresses of version 2. */
const FIXED_BYTES = 16;
/** Of version 2, with its extensions: what a proxy adds of a client's certificate has room. */
const HEADER_BYTES_MAX = 8 * 1024;
const LINE_START = Buffer.from('PROXY ');
/** Of version 1, with its end of line. */
const LINE_BYTES_MAX = 107;
const LOCAL = 0x20;
const PROXY = 0x21;
/** By family and kind of socket. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, 17: 12, 18: 12, 33: 36, 34: 36, 49: 216, 50: 216 };

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (isStartOf(bytes, SIGNATURE)) return bytes.length < FIXED_BYTES ? 'incomplete' : parseBinary(bytes);
  return isStartOf(bytes, LINE_START) ? parseLine(bytes) : 'malformed';
}

/** A header of version 2 for a peer with this address; its ports are left out. */
export function proxyHeaderOf(address: string): Buffer {
  const isV4 = isIPv4(address);
  const own = isIP(address) === 0 ? undefined : addressBytes(address);
  if (!own) return Buffer.concat([SIGNATURE, Buffer.from([LOCAL, 0, 0, 0])]);
  const body = Buffer.alloc(2 * own.length + 4);
  body.set(own);
  return Buffer.concat([SIGNATURE, Buffer.from([PROXY, isV4 ? 0x11 : 0x21, 0, body.length]), body]);
}

/** Whether the two are the same as far as both go. */
function isStartOf(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

// Version 2, after the signature:
//
//   12  version (2) and command     13  family and kind of socket     14  u16 bytes that follow     16  addresses, ports, extensions
function parseBinary(bytes: Buffer): ProxyHeader {
  const [command, family] = [bytes[12] as number, bytes[13] as number];
  const length = bytes.readUInt16BE(14);
  const end = FIXED_BYTES + length;
  const addressBytesMin = ADDRESS_BYTES[family];
  const isLocal = command === LOCAL;
  if (addressBytesMin === undefined || (!isLocal && command !== PROXY) || end > HEADER_BYTES_MAX) return 'malformed';
  if (!isLocal && length < addressBytesMin) return 'malformed';
  if (bytes.length < end) return 'incomplete';
  const own = addressBytesMin === 12 ? 4 : addressBytesMin === 36 ? 16 : 0;
  return isLocal || own === 0 ? { bytes: end } : { bytes: end, peer: addressOf(bytes.subarray(FIXED_BYTES, FIXED_BYTES + own)) };
}

function parseLine(bytes: Buffer): ProxyHeader {
  const at = bytes.subarray(0, LINE_BYTES_MAX).indexOf('\n');
  if (at < 0) return bytes.length < LINE_BYTES_MAX ? 'incomplete' : 'malformed';
  if (bytes[at - 1] !== 0x0d) return 'malformed';
  const words = bytes
    .subarray(0, at - 1)
    .toString('latin1')
    .split(' ');
  if (words[1] === 'UNKNOWN') return { bytes: at + 1 };
  const [, family, from = '', to = '', ...ports] = words;
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  const isRight = version !== undefined && isIP(from) === version && isIP(to) === version && ports.length === 2 && ports.every(isPort);
  return isRight && !from.includes('%') ? { bytes: at + 1, peer: from } : 'malformed';
}

function isPort(word: string): boolean {
  return /^\d{1,5}$/.test(word) && Number(word) < 65_536;
}
