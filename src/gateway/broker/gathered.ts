import type { Reactor } from '../../reactor/reactor.js';

const BYTES_MAX = 64 * 1024;
const NOBODY = -1;

/** Packets that follow one another to the same connection: the reactor is called once for them. */
export class Gathered {
  readonly #reactor: Pick<Reactor, 'sendBytes' | 'unread'>;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  #connection = NOBODY;
  #length = 0;
  /** What the connection had unread before; -1: nobody has asked. */
  #unread = -1;

  constructor(reactor: Pick<Reactor, 'sendBytes' | 'unread'>) {
    this.#reactor = reactor;
  }

  add(connection: number, packet: Uint8Array): void {
    if (connection !== this.#connection || this.#length + packet.length > BYTES_MAX) this.#begin(connection);
    if (packet.length > BYTES_MAX) {
      this.#reactor.sendBytes(connection, packet);
      this.#unread = -1;
      return;
    }
    this.#bytes.set(packet, this.#length);
    this.#length += packet.length;
  }

  /** Bytes that the connection has not taken, those gathered for it included. */
  unread(connection: number): number {
    if (connection !== this.#connection) this.#begin(connection);
    if (this.#unread < 0) this.#unread = this.#reactor.unread(connection);
    return this.#unread + this.#length;
  }

  /** Sends what there is. */
  send(): void {
    this.#begin(NOBODY);
  }

  #begin(connection: number): void {
    if (this.#length > 0) this.#reactor.sendBytes(this.#connection, this.#bytes.subarray(0, this.#length));
    this.#connection = connection;
    this.#length = 0;
    this.#unread = -1;
  }
}
