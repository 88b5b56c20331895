import { randomBytes } from 'node:crypto';
import type { Recorded } from '../journal.js';
import { PLACE, PLACE_KEY, type Store } from '../store/store.js';

const ID_BYTES = 8;

interface Written {
  readonly process: string;
  readonly next: number;
  readonly sequence: number;
  readonly sequences: readonly (readonly [process: string, sequence: number])[];
}

/** How far this process has read what all of them say, and under which name it speaks itself. */
export class Place implements Recorded {
  /** Of this process; it stays with the store. */
  readonly process: string;
  /** The greatest sequence of a batch that this process has begun. */
  sequence: () => number;
  /** Offset of the next record to read. */
  next: number;
  /** The last batch that was read of each process. */
  readonly sequences: Map<string, number>;

  constructor(store: Store) {
    const record = store.read(PLACE, PLACE_KEY);
    const written = record && (JSON.parse(Buffer.from(record).toString()) as Written);
    const sequence = written?.sequence ?? 0;
    this.process = written?.process ?? randomBytes(ID_BYTES).toString('hex');
    this.next = written?.next ?? 0;
    this.sequence = () => sequence;
    this.sequences = new Map(written?.sequences);
  }

  /** False: the batch was read before. */
  isNew(process: string, sequence: number): boolean {
    if (sequence <= (this.sequences.get(process) ?? 0)) return false;
    this.sequences.set(process, sequence);
    return true;
  }

  record(): Uint8Array {
    const { process, next, sequences } = this;
    return Buffer.from(JSON.stringify({ process, next, sequence: this.sequence(), sequences: [...sequences] } satisfies Written));
  }
}
