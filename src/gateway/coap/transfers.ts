import { COAP_BAD_REQUEST, COAP_CONTINUE, COAP_INCOMPLETE, COAP_TOO_LARGE, COAP_TOO_MANY } from '../../../assembly/abi/coap.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';

/** Transfers that are open at once, and the bytes that they hold. */
const TRANSFERS_MAX = 1024;
const HELD_BYTES_MAX = 32 * 1024 * 1024;
/** Of one peer. */
const PEER_TRANSFERS_MAX = 8;
/** Without another block for so long a transfer is given up: EXCHANGE_LIFETIME (RFC 7959 §2.4, RFC 7252 §4.8.2). */
const IDLE_MS_MAX = 247_000;
/** The size exponent 7 is reserved (RFC 7959 §2.2). */
const SIZE_EXPONENT_MAX = 6;

/** What Block1 says: which block this is, whether more follow, and the exponent of its size. */
export interface Block {
  readonly number: number;
  readonly hasMore: boolean;
  readonly exponent: number;
}

export function blockOf(value: number): Block {
  return { number: value >>> 4, hasMore: (value & 8) !== 0, exponent: value & 7 };
}

/** The body, once its last block is there; else the code of the answer. */
export type Taken = { readonly body: Buffer } | { readonly code: number };

interface Transfer {
  readonly peer: string;
  readonly blocks: Buffer[];
  bytes: number;
  touchedMs: number;
}

/** Bodies that come in blocks, one after the other (RFC 7959 §2.5). A transfer is told by peer, path and Request-Tag: each block has a token of its own. */
export class Transfers {
  readonly #open = new Map<string, Transfer>();
  #heldBytes = 0;

  get size(): number {
    return this.#open.size;
  }

  take(peer: string, name: string, block: Block, payload: Buffer, announced: number | undefined, nowMs: number): Taken {
    const key = `${peer}\0${name}`;
    const blockBytes = 2 ** (block.exponent + 4);
    const isWhole = block.hasMore ? payload.length === blockBytes : payload.length <= blockBytes;
    if (block.exponent > SIZE_EXPONENT_MAX || !isWhole) return { code: COAP_BAD_REQUEST };
    if (block.number === 0) this.#drop(key);
    const transfer = block.number === 0 ? this.#begin(key, peer, nowMs) : this.#open.get(key);
    if (transfer === undefined) return { code: block.number === 0 ? COAP_TOO_MANY : COAP_INCOMPLETE };
    const isTooLarge = transfer.bytes + payload.length > PAYLOAD_BYTES_MAX || (announced ?? 0) > PAYLOAD_BYTES_MAX;
    const isNext = block.number * blockBytes === transfer.bytes;
    const isHeld = this.#heldBytes + payload.length <= HELD_BYTES_MAX;
    if (isTooLarge || !isNext || !isHeld) {
      this.#drop(key);
      return { code: isTooLarge ? COAP_TOO_LARGE : isNext ? COAP_TOO_MANY : COAP_INCOMPLETE };
    }
    transfer.blocks.push(Buffer.from(payload));
    transfer.bytes += payload.length;
    transfer.touchedMs = nowMs;
    this.#heldBytes += payload.length;
    if (block.hasMore) return { code: COAP_CONTINUE };
    const body = Buffer.concat(transfer.blocks);
    this.#drop(key);
    return { body };
  }

  /** Gives up transfers that have stood still for long. */
  sweep(nowMs: number): void {
    for (const [key, { touchedMs }] of this.#open) if (nowMs - touchedMs > IDLE_MS_MAX) this.#drop(key);
  }

  #begin(key: string, peer: string, nowMs: number): Transfer | undefined {
    if (this.#open.size >= TRANSFERS_MAX) return undefined;
    let ofPeer = 0;
    for (const transfer of this.#open.values()) if (transfer.peer === peer) ofPeer++;
    if (ofPeer >= PEER_TRANSFERS_MAX) return undefined;
    const transfer: Transfer = { peer, blocks: [], bytes: 0, touchedMs: nowMs };
    this.#open.set(key, transfer);
    return transfer;
  }

  #drop(key: string): void {
    this.#heldBytes -= this.#open.get(key)?.bytes ?? 0;
    this.#open.delete(key);
  }
}
