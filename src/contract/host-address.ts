import { isIPv6 } from 'node:net';

/** A host with a port, as URLs and messages write it: brackets around an IPv6 address, RFC 3986 §3.2.2. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where something on this machine reaches what listens on `bind`: the loopback of the family where it listens on all addresses. */
export function reachableHost(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return /^[0:]+$/.test(bind) && bind.includes(':') ? '::1' : bind;
}

/** Whom an address belongs to: one subscriber of an IPv6 network has a whole /64 (RFC 6177), and IPv4 is the same over either family. */
export function originOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  return [...groups, ...new Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':');
}
