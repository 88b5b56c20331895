import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { peerAddress } from '../sockets/proxied-sockets.js';
import { proxyHeaderOf } from '../sockets/proxy-header.js';

const LOOPBACK = '127.0.0.1';
/** What a client has to close its side after its gateway has. */
const LINGER_MS = 2000;

/**
 * WebSockets for MQTT that were opened on an HTTP port. Their gateways run in threads of their own, which cannot be given a socket: each
 * is joined to a connection of its own to the gateways' port on the loopback interface, which begins with a PROXY header for the address
 * of the client, and goes on with the client's request. Bytes pass unread, so the gateway is the one that answers.
 */
export class MqttBridge {
  readonly #port: () => number | undefined;
  readonly #sockets = new Set<Duplex>();
  readonly #max: number;

  /** `port` is that of the gateways; undefined: there are none, or they do not listen yet. `max`: joined at a time. */
  constructor(port: () => number | undefined, max: number) {
    this.#port = port;
    this.#max = max;
  }

  get count(): number {
    return this.#sockets.size;
  }

  get isFull(): boolean {
    return this.#sockets.size >= this.#max;
  }

  get isOpen(): boolean {
    return this.#port() !== undefined;
  }

  /** `refuse` answers a client whose gateway cannot be reached. */
  join(request: IncomingMessage, client: Duplex, head: Buffer, refuse: () => void): void {
    const gateway = connect({ host: LOOPBACK, port: this.#port() ?? 0, noDelay: true, allowHalfOpen: true });
    this.#sockets.add(client);
    client.once('close', () => {
      this.#sockets.delete(client);
      gateway.destroy();
    });
    client.on('error', () => client.destroy());
    gateway.once('error', refuse);
    gateway.once('connect', () => {
      gateway.off('error', refuse).on('error', () => client.destroy());
      gateway.once('end', () => setTimeout(() => client.destroy(), LINGER_MS).unref());
      (client as Socket).setTimeout(0);
      gateway.write(Buffer.concat([proxyHeaderOf(peerAddress(client as Socket)), headOf(request), head]));
      client.pipe(gateway).pipe(client);
    });
  }
}

/** The request as it came. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
