import type { Socket } from 'node:net';
import { originOf } from '../contract/host-address.js';
import { peerAddress } from '../sockets/proxied-sockets.js';

export interface ConnectionRules {
  /** Of all addresses together. */
  readonly connectionsMax: number;
  /** Of one address, on which no call with a valid key or token has been made. */
  readonly unauthenticatedMax: number;
}

interface Member {
  readonly origin: string;
  /** Ends the connection at once. */
  readonly drop: () => void;
  isTrusted: boolean;
  /** Requests whose answer is not out. */
  requests: number;
}

/**
 * Who may stay connected to the HTTP ports. Where there is no room, a newcomer takes the place of the connection that has been
 * without a request for longest: a client that sends its request at once is served, whoever else holds connections open.
 */
export class ConnectionLimits {
  readonly #rules: ConnectionRules;
  /** Oldest first, as are the sets. */
  readonly #members = new Map<Socket, Member>();
  readonly #strangers = new Map<string, Set<Socket>>();

  constructor({ connectionsMax, unauthenticatedMax }: ConnectionRules) {
    // One address must not take the places of all others.
    this.#rules = { connectionsMax, unauthenticatedMax: Math.min(unauthenticatedMax, Math.max(1, connectionsMax >> 1)) };
  }

  /** Half of all: so many may be for one purpose other than requests. */
  get halfMax(): number {
    return Math.max(1, this.#rules.connectionsMax >> 1);
  }

  /** False: there is no room, and no connection that could make some. `drop` ends the connection at once, for another one. */
  admit(socket: Socket, drop: () => void): boolean {
    if (this.#members.has(socket)) return true;
    const origin = originOf(peerAddress(socket));
    const strangers = this.#strangers.get(origin);
    if (strangers && strangers.size >= this.#rules.unauthenticatedMax && !this.#makeRoom(strangers)) return false;
    if (this.#members.size >= this.#rules.connectionsMax && !this.#makeRoomAmongAll()) return false;
    this.#members.set(socket, { origin, drop, isTrusted: false, requests: 0 });
    this.#strangers.set(origin, (this.#strangers.get(origin) ?? new Set()).add(socket));
    socket.once('close', () => this.#forget(socket));
    return true;
  }

  requestBegan(socket: Socket): void {
    const member = this.#members.get(socket);
    if (member) member.requests++;
  }

  requestEnded(socket: Socket): void {
    const member = this.#members.get(socket);
    if (member) member.requests--;
  }

  /** A call with a valid key or token came over it: it no longer counts against its address. */
  trust(socket: Socket): void {
    const member = this.#members.get(socket);
    if (!member || member.isTrusted) return;
    member.isTrusted = true;
    this.#removeStranger(socket, member.origin);
  }

  #makeRoomAmongAll(): boolean {
    const strangers = [...this.#members].filter(([, { isTrusted }]) => !isTrusted).map(([socket]) => socket);
    return this.#makeRoom(strangers) || this.#makeRoom(this.#members.keys());
  }

  #makeRoom(candidates: Iterable<Socket>): boolean {
    for (const socket of candidates) {
      const member = this.#members.get(socket);
      if (member?.requests !== 0) continue;
      this.#forget(socket);
      member.drop();
      return true;
    }
    return false;
  }

  #forget(socket: Socket): void {
    const member = this.#members.get(socket);
    if (!member) return;
    this.#members.delete(socket);
    if (!member.isTrusted) this.#removeStranger(socket, member.origin);
  }

  #removeStranger(socket: Socket, origin: string): void {
    const strangers = this.#strangers.get(origin);
    strangers?.delete(socket);
    if (strangers?.size === 0) this.#strangers.delete(origin);
  }
}
