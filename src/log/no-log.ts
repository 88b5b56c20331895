import type { PartitionAssignment } from '../contract/log-port.js';
import type { LogStart, ToLog } from '../contract/threads/log.js';
import { type BlockDescriptor, BlockRing } from '../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL, pipelineDoorbell } from '../host/doorbell.js';
import { Progress, ProgressWord } from '../host/progress.js';
import { RecordRing } from '../host/record-ring.js';
import { blockMessages, blockTimeUs } from './block.js';
import type { Source } from './file/block-appender.js';

const IDLE_MS_MAX = 1000;
/** A pipeline does not ring when it has taken something out of its ring. */
const FULL_LOOK_MS = 1;
const BLOCKS_BETWEEN_RINGS = 16;

interface Gateway extends Source {
  readonly bell: Doorbell;
}

/**
 * In place of a log: blocks pass from the gateways to the pipelines in memory and are answered at once, and an end of the
 * process loses them. For benches, which find by it what a log costs; so a second start on the same database is refused.
 */
export class NoLog {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #sources: readonly Gateway[];
  readonly #progress: Progress;
  readonly #bell: Doorbell;
  readonly #pipeline: Doorbell;
  readonly #partitions: { readonly ring: RecordRing; next: bigint; messages: bigint }[] = [];
  readonly #tallies: number[];
  readonly #descriptor: BlockDescriptor = { offset: 0, bytes: 0, partition: 0 };
  #asked: ToLog['kind'] | 'nothing' = 'nothing';
  #terminated = false;

  constructor(start: LogStart, assignment: Pick<PartitionAssignment, 'claim' | 'start'>) {
    const { doorbells, progress } = start.shared;
    this.#sources = start.gateways.map(({ memory, ring }, index) => ({
      bytes: new Uint8Array(memory.buffer),
      ring: new BlockRing(ring),
      bell: new Doorbell(doorbells, gatewayDoorbell(index)),
    }));
    this.#tallies = this.#sources.map(() => 0);
    this.#progress = new Progress(progress);
    this.#bell = new Doorbell(doorbells, LOG_DOORBELL);
    this.#pipeline = new Doorbell(doorbells, pipelineDoorbell(0));
    // Deferred: whoever makes this log is not complete before it has it.
    this.ready = Promise.resolve().then(() => this.#open(assignment));
    this.ended = this.ready.then(() => this.#run());
    this.ended.catch(() => {});
  }

  post(message: ToLog): void {
    this.#asked = message.kind;
  }

  async terminate(): Promise<void> {
    this.#terminated = true;
    this.#bell.ring();
    await this.ended.catch(() => {});
  }

  async #open(assignment: Pick<PartitionAssignment, 'claim' | 'start'>): Promise<void> {
    const partitions = Array.from({ length: this.#progress.partitions }, (_, partition) => partition);
    const owned = await assignment.claim(partitions);
    if (owned.some(({ committed }) => committed > 0n)) {
      throw new Error('cannot start without a log: the database has messages of an earlier run; give each run a database of its own');
    }
    for (const memory of await assignment.start(owned)) {
      this.#partitions.push({ ring: new RecordRing(memory as SharedArrayBuffer), next: 0n, messages: 0n });
    }
  }

  async #run(): Promise<void> {
    while (!this.#terminated) {
      const seen = this.#bell.seen();
      const isBlocked = this.#sources.map((source, index) => this.#pass(source, index)).includes(false);
      const isEmpty = this.#sources.every(({ ring }) => ring.length === 0);
      if (this.#asked === 'stop' && isEmpty) return;
      await this.#bell.waitAsync(seen, isBlocked ? FULL_LOOK_MS : IDLE_MS_MAX);
    }
  }

  /** Passes on what a gateway has; false when a pipeline does not keep up. */
  #pass({ bytes, ring, bell }: Gateway, index: number): boolean {
    while (ring.length > 0) {
      let passed = 0;
      for (const waiting = Math.min(ring.length, BLOCKS_BETWEEN_RINGS); passed < waiting; passed++) {
        const { offset, bytes: length, partition } = ring.peek(passed, this.#descriptor);
        if (!this.#push(partition, bytes.subarray(offset, offset + length))) break;
        this.#tallies[index] = (this.#tallies[index] as number) + blockMessages(bytes, offset);
        ring.tally(passed, this.#tallies[index] as number);
      }
      this.#pipeline.ring();
      if (passed === 0) return false;
      ring.release(passed);
      bell.ring();
    }
    return true;
  }

  #push(partition: number, block: Uint8Array): boolean {
    const to = this.#partitions[partition];
    if (!to) throw new Error(`a gateway sealed a block for partition ${partition}, there are ${this.#partitions.length}`);
    if (!to.ring.push(to.next, { kind: 'block', block, source: 1n, number: to.next + 1n })) return false;
    to.next++;
    to.messages += BigInt(blockMessages(block, 0));
    this.#progress.set(partition, ProgressWord.offsetBytes, BigInt(block.length));
    this.#progress.set(partition, ProgressWord.durableUs, blockTimeUs(block, 0, 'last'));
    this.#progress.setDurable(partition, to.next, to.messages);
    return true;
  }
}
