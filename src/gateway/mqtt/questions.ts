import type { IConnectPacket } from 'mqtt-packet';
import type { FromGateway, IdentityQuestion } from '../../contract/threads/gateway.js';

/** Clients that wait at a time. */
const WAITING_MAX = 1000;

interface Waiting {
  readonly connection: number;
  readonly packet: IConnectPacket;
}

/** Clients that cannot be judged before main has found out more, with their CONNECT. */
export class Questions {
  readonly #post: (message: FromGateway) => void;
  readonly #waiting = new Map<number, Waiting>();
  /** Tokens by connection. */
  readonly #tokens = new Map<number, number>();
  #token = 0;

  constructor(post: (message: FromGateway) => void) {
    this.#post = post;
  }

  get areFull(): boolean {
    return this.#waiting.size >= WAITING_MAX;
  }

  ask(connection: number, packet: IConnectPacket, question: IdentityQuestion): void {
    const token = ++this.#token;
    this.#waiting.set(token, { connection, packet });
    this.#tokens.set(connection, token);
    this.#post({ kind: 'identity-asked', token, question });
  }

  /** Who waited for the answer; undefined: its connection has ended. */
  answered(token: number): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    if (waiting) this.forget(waiting.connection);
    return waiting;
  }

  forget(connection: number): void {
    const token = this.#tokens.get(connection);
    if (token === undefined) return;
    this.#tokens.delete(connection);
    this.#waiting.delete(token);
  }

  connections(): number[] {
    return [...this.#tokens.keys()];
  }
}
