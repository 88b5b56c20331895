/** RFC 7252 §4.8: ACK_TIMEOUT, ACK_RANDOM_FACTOR and MAX_RETRANSMIT. */
const TIMEOUT_MS = 2000;
const RANDOM_FACTOR = 1.5;
const REPEATED_MAX = 4;
/** More would be repeated to peers that are gone: the oldest gives way. */
const CONFIRMABLES_MAX = 10_000;

interface Confirmable {
  readonly socket: number;
  readonly bytes: Buffer;
  readonly settled: (isTaken: boolean) => void;
  timeoutMs: number;
  dueMs: number;
  repeated: number;
}

/** Messages of ours that are sent again until their peers acknowledge them (RFC 7252 §4.2). */
export class Confirmables {
  readonly #send: (socket: number, bytes: Buffer) => void;
  readonly #waiting = new Map<string, Confirmable>();

  constructor(send: (socket: number, bytes: Buffer) => void) {
    this.#send = send;
  }

  /** Sends a datagram; `key` names its peer and message id. `settled`: whether the peer has taken it. */
  send(key: string, socket: number, bytes: Buffer, nowMs: number, settled: (isTaken: boolean) => void = () => {}): void {
    if (this.#waiting.size >= CONFIRMABLES_MAX) this.settle(this.#waiting.keys().next().value!, false);
    const timeoutMs = TIMEOUT_MS * (1 + Math.random() * (RANDOM_FACTOR - 1));
    this.#waiting.set(key, { socket, bytes, settled, timeoutMs, dueMs: nowMs + timeoutMs, repeated: 0 });
    this.#send(socket, bytes);
  }

  /** The peer has acknowledged (true) or reset (false) the message. */
  settle(key: string, isTaken: boolean): void {
    const confirmable = this.#waiting.get(key);
    if (!confirmable) return;
    this.#waiting.delete(key);
    confirmable.settled(isTaken);
  }

  /** Sends again what is due. */
  sweep(nowMs: number): void {
    for (const [key, confirmable] of this.#waiting) {
      if (confirmable.dueMs > nowMs) continue;
      if (confirmable.repeated === REPEATED_MAX) {
        this.settle(key, false);
        continue;
      }
      confirmable.repeated++;
      confirmable.timeoutMs *= 2;
      confirmable.dueMs = nowMs + confirmable.timeoutMs;
      this.#send(confirmable.socket, confirmable.bytes);
    }
  }
}
