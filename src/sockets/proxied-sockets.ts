import { BlockList, isIPv6, type Socket } from 'node:net';
import { parseProxyHeader } from './proxy-header.js';

/** A header must come within this time. */
const HEADER_MS_MAX = 5000;

/** The addresses of peers whose connections a proxy passes on. */
const told = new WeakMap<object, string>();

/** Whose connection it is: the address that its proxy gives, or its own; '' once it is gone. */
export function peerAddress(socket: Socket): string {
  return told.get(socket) ?? socket.remoteAddress ?? '';
}

/** `wrapper` carries the connection of `socket`: its peer is the same. */
export function inheritPeer(wrapper: object, socket: Socket): void {
  told.set(wrapper, peerAddress(socket));
}

/** Connections of proxies, whose first bytes say whose they are. */
export class ProxiedSockets {
  readonly #proxies = new BlockList();
  readonly #isEmpty: boolean;
  readonly #headerMsMax: number;

  /** `proxies`: addresses and ranges of them, such as 10.0.0.0/8. */
  constructor(proxies: readonly string[], headerMsMax = HEADER_MS_MAX) {
    this.#isEmpty = proxies.length === 0;
    this.#headerMsMax = headerMsMax;
    for (const range of proxies) {
      const [address = '', bits] = range.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      this.#proxies.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    }
  }

  isProxy(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (this.#isEmpty || remoteAddress === undefined) return false;
    return this.#proxies.check(remoteAddress.split('%')[0] as string, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4');
  }

  /**
   * Takes the header of a proxy's connection, then calls `accept`: bytes after the header are left in the socket. Without a good header
   * `refuse` is called, which has to end the connection.
   */
  takeHeader(socket: Socket, accept: () => void, refuse: () => void): void {
    let seen = Buffer.alloc(0);
    const done = (next: () => void) => {
      clearTimeout(timer);
      socket.off('readable', read).off('end', late).off('error', late).off('close', late);
      next();
    };
    const late = () => done(refuse);
    const read = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const header = parseProxyHeader(seen);
      if (header === 'incomplete') return;
      if (header === 'malformed') {
        late();
        return;
      }
      if (header.peer !== undefined) told.set(socket, header.peer);
      if (seen.length > header.bytes) socket.unshift(seen.subarray(header.bytes));
      done(accept);
    };
    const timer = setTimeout(late, this.#headerMsMax);
    socket.on('readable', read).on('end', late).on('error', late).on('close', late);
  }
}
