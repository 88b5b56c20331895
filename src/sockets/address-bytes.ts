import { isIPv4 } from 'node:net';

/** Before an IPv4 address that is written as one of IPv6, RFC 4291 §2.5.5.2. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** The 4 or 16 bytes of an IP address as the system writes it (RFC 5952), its zone left out. */
export function addressBytes(address: string): number[] {
  return isIPv4(address) ? address.split('.').map(Number) : bytesOfIPv6(address);
}

/** The address whose 4 or 16 bytes these are. */
export function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.subarray(0, MAPPED.length).equals(MAPPED)) return bytes.subarray(MAPPED.length).join('.');
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':');
}

function bytesOfIPv6(text: string): number[] {
  const [before = '', after] = (text.split('%')[0] as string).split('::');
  const bytesOf = (half: string) =>
    half.split(':').flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return group === '' ? [] : [value >> 8, value & 255];
    });
  const head = bytesOf(before);
  const tail = after === undefined ? [] : bytesOf(after);
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}
