/** A host with a port, as URLs and messages write it: brackets around an IPv6 address, RFC 3986 §3.2.2. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where something on this machine reaches what listens on `bind`: the loopback of the family where it listens on all addresses. */
export function reachableHost(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return /^[0:]+$/.test(bind) && bind.includes(':') ? '::1' : bind;
}
