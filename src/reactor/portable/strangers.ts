import type { Socket } from 'node:net';
import { originOf } from '../../contract/host-address.js';
import { peerAddress } from '../../sockets/proxied-sockets.js';

/** Connections whose peers have not proved who they are, counted by address: one address may have so many at a time. */
export class Strangers {
  limit = Number.POSITIVE_INFINITY;
  readonly #counts = new Map<string, number>();
  readonly #origins = new Map<Socket, string>();

  /** False: the address has as many as it may have. A connection that is over is forgotten by itself. */
  add(socket: Socket): boolean {
    const origin = originOf(peerAddress(socket));
    const count = this.#counts.get(origin) ?? 0;
    if (count >= this.limit) return false;
    this.#counts.set(origin, count + 1);
    this.#origins.set(socket, origin);
    socket.once('close', () => this.forget(socket));
    return true;
  }

  /** The connection has proved who it is, or is over. */
  forget(socket: Socket): void {
    const origin = this.#origins.get(socket);
    if (origin === undefined) return;
    this.#origins.delete(socket);
    const left = (this.#counts.get(origin) ?? 0) - 1;
    if (left > 0) this.#counts.set(origin, left);
    else this.#counts.delete(origin);
  }
}
