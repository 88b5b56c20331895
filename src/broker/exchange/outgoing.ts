import { TrafficWriter } from '../../contract/broker/traffic.js';
import type { Journal, Recorded } from '../journal.js';
import { OUTGOING, PLACE, PLACE_KEY } from '../store/store.js';
import { recordOf, writeHead } from './packing.js';

/** A batch is closed at this size, and so is a record of several batches. One message more fits what brokers of Kafka take by default. */
const BATCH_BYTES_MAX = 512 * 1024;
/** Messages at QoS 0 are left out while so much waits. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Sequences are left out at each start: batches that only had messages at QoS 0 are not in the store, and a number that was used for one
 * of them must not come again.
 */
const SEQUENCES_LEFT_OUT = 2 ** 20;
/** So often at least one batch is stored. */
const STORED_EVERY = 2 ** 16;

interface Batch {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly isStored: boolean;
  isReady: boolean;
}

export interface OutgoingOptions {
  readonly journal: Journal;
  readonly process: string;
  readonly wallMs: () => number;
  /** Holds the greatest sequence, among others. */
  readonly place: Recorded;
  readonly send: (record: Uint8Array<ArrayBuffer>) => void;
}

/**
 * What this process says to the others, in batches with a number each, by which they know one that comes twice. A batch that must not be lost
 * is in the store before it is sent, in one transaction with everything else that its messages changed, and until it was sent.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #writer = new TrafficWriter();
  /** In order; the first `#underWay` of them are being sent. */
  readonly #batches: Batch[] = [];
  #underWay = 0;
  #waitingBytes = 0;
  #mustStore = false;
  #waiting: { readonly sequence: number; readonly then: () => void }[] = [];
  /** Of the batch that fills. */
  #sequence: number;
  /** All batches up to it were sent. */
  sent: number;
  /** Set by what has to be sent before its sender may be answered. */
  needed = 0;

  /** `stored`: batches of an earlier life that were perhaps not sent; `last`: the greatest sequence that may have been used. */
  constructor(options: OutgoingOptions, stored: readonly (readonly [sequence: number, bytes: Uint8Array])[], last: number) {
    this.#options = options;
    for (const [sequence, bytes] of stored) this.#push({ sequence, bytes, isStored: true, isReady: true });
    this.#sequence = Math.max(last, stored.at(-1)?.[0] ?? 0) + SEQUENCES_LEFT_OUT;
    this.sent = 0;
  }

  get hasRoom(): boolean {
    return this.#waitingBytes < WAITING_BYTES_MAX;
  }

  get lastSequence(): number {
    return this.#sequence;
  }

  /** `mustStore`: it has to arrive, and its sender is answered when it was sent. */
  write(mustStore: boolean, write: (writer: TrafficWriter) => void): void {
    const writer = this.#writer;
    const { process, wallMs } = this.#options;
    if (writer.length === 0) writeHead(writer, { process, sequence: this.#sequence, atMs: wallMs() });
    write(writer);
    if (mustStore) {
      this.#mustStore = true;
      this.needed = this.#sequence;
    }
    if (writer.length >= BATCH_BYTES_MAX) this.seal();
  }

  /** Closes the batch that fills, if it has anything. Called before the journal closes its own, so that both hold the same. */
  seal(): void {
    if (this.#writer.length === 0) return;
    const { journal, place } = this.#options;
    const sequence = this.#sequence++;
    const bytes = this.#writer.take();
    const isStored = journal.isDurable && (this.#mustStore || sequence % STORED_EVERY === 0);
    const batch: Batch = { sequence, bytes, isStored, isReady: !isStored };
    this.#mustStore = false;
    this.#push(batch);
    if (isStored) {
      journal.create(OUTGOING, sequence, { record: () => bytes });
      journal.put(PLACE, PLACE_KEY, place);
      journal.after(journal.batch, () => {
        batch.isReady = true;
        this.pump();
      });
    }
    this.pump();
  }

  /** Runs `then` once the batch was sent. */
  after(sequence: number, then: () => void): void {
    if (sequence <= this.sent) then();
    else this.#waiting.push({ sequence, then });
  }

  /** Sends the records that are ready, one at a time. */
  pump(): void {
    if (this.#underWay > 0) return;
    let bytes = 0;
    while (bytes < BATCH_BYTES_MAX && this.#batches[this.#underWay]?.isReady)
      bytes += (this.#batches[this.#underWay++] as Batch).bytes.length;
    if (this.#underWay > 0) this.#options.send(recordOf(this.#batches.slice(0, this.#underWay).map((batch) => batch.bytes)));
  }

  /** What was under way was sent. */
  wasSent(): void {
    for (const { sequence, bytes, isStored } of this.#batches.splice(0, this.#underWay)) {
      this.#waitingBytes -= bytes.length;
      if (isStored) this.#options.journal.remove(OUTGOING, sequence);
      this.sent = sequence;
    }
    this.#underWay = 0;
    const done = this.#waiting.filter(({ sequence }) => sequence <= this.sent);
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > this.sent);
    for (const { then } of done) then();
    this.pump();
  }

  #push(batch: Batch): void {
    this.#batches.push(batch);
    this.#waitingBytes += batch.bytes.length;
  }
}
