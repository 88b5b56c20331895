import type { Journal } from './journal.js';
import { type Body, bodyInRecord, type Message } from './message.js';
import { MESSAGES, type Store } from './store/store.js';

/** Bytes of queued messages that stay in memory; older ones are read from the store when a client comes for them. */
const RESIDENT_BYTES_MAX = 64 * 1024 * 1024;

/** Which bodies of queued messages are in memory. Without a store all of them are. */
export class Residence {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #bytesMax: number;
  /** The oldest first, with the batch that writes it. */
  readonly #resident = new Map<Message, number>();
  #bytes = 0;

  constructor(store: Store, journal: Journal, bytesMax = RESIDENT_BYTES_MAX) {
    this.#store = store;
    this.#journal = journal;
    this.#bytesMax = bytesMax;
  }

  /** An entry of the store names the message. */
  hold(message: Message): void {
    if (message.stored++ > 0) return;
    this.#journal.create(MESSAGES, message.id, message);
    this.#resident.set(message, this.#journal.batch);
    this.#bytes += message.bytes;
  }

  /** An entry of the store does not name it any more. */
  release(message: Message): void {
    if (--message.stored > 0) return;
    this.#journal.remove(MESSAGES, message.id);
    if (this.#resident.delete(message)) this.#bytes -= message.bytes;
  }

  /** Lets go of the oldest bodies that the store has. */
  trim(): void {
    if (this.#bytes <= this.#bytesMax) return;
    for (const [message, batch] of this.#resident) {
      if (this.#bytes <= this.#bytesMax || batch > this.#journal.durable) return;
      this.#resident.delete(message);
      this.#bytes -= message.bytes;
      // What sessions have that are not in the store could not be read back once no other names it.
      if (message.loose === 0 && !message.isPinned) message.body = undefined;
    }
  }

  bodyOf(message: Message): Body {
    if (message.body) return message.body;
    const record = this.#store.read(MESSAGES, message.id);
    if (!record) throw new Error(`cannot deliver message ${message.id}: the store has an entry for it and not the message`);
    return bodyInRecord(record);
  }
}
