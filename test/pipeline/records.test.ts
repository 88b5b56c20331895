import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { PartitionAudit } from '../../src/contract/ledger.js';
import type { RowBatch } from '../../src/contract/threads/store.js';
import { kernelMemory } from '../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../src/host/progress.js';
import { RecordRing, RecordRingReader } from '../../src/host/record-ring.js';
import { blockMessages } from '../../src/log/block.js';
import { CheckpointFolder } from '../../src/pipeline/checkpoints/folder.js';
import { sealCheckpoint } from '../../src/pipeline/checkpoints/format.js';
import { Partition } from '../../src/pipeline/partition.js';
import { ModelDisk } from '../log/file/model-disk.js';
import { sealBlock } from '../support/blocks.js';
import { parseCopy } from '../support/pipeline-kernel.js';
import { Random } from '../support/random.js';

// A partition whose blocks come as records, some of them written twice by their producer.

const NOW_US = 1_790_000_000_000_000;

interface TestRecord {
  readonly block: Uint8Array;
  readonly source: bigint;
  readonly number: bigint;
}

/** Messages without number and time: nothing but the record's mark tells its repetition from new ones. */
function record(source: bigint, number: bigint, values: readonly number[]): TestRecord {
  const block = sealBlock(
    0,
    values.map((value) => ({ device: 1, receiveUs: NOW_US, payload: `{"metrics":{"a":${value}}}` })),
  );
  return { block, source, number };
}

class Life {
  readonly partition: Partition;
  readonly batches: RowBatch[] = [];
  readonly missing: number[] = [];
  audit: PartitionAudit | undefined;
  readonly #progress = new Progress(Progress.memory(1));
  readonly #ring: RecordRing;
  #pushed: number;
  #messages = 0n;

  constructor(records: readonly TestRecord[], committed = 0n, disk = new ModelDisk()) {
    const memory = RecordRing.memory(1 << 18);
    this.#ring = new RecordRing(memory);
    const reader = new RecordRingReader([memory]);
    this.#progress.setDurable(0, committed, 0n);
    this.partition = new Partition(0, kernelMemory(PIPELINE_END), committed, reader, this.#progress, {
      batch: (batch) => this.batches.push(batch),
      unknownSchemas: () => assert.fail('no message has a schema'),
      unknownMetrics: () => assert.fail('it knows the metric'),
      halted: (_, message) => assert.fail(message),
      missing: (_, offset, blocks) => this.missing.push(Number(offset), blocks),
      gap: () => assert.fail('the log has a gap'),
      audited: (audit) => {
        this.audit = audit;
      },
    });
    this.partition.addMetric('a', 1);
    this.partition.restore(new CheckpointFolder(disk, '/checkpoints'), (_, name) => assert.fail(name));
    this.#pushed = Number(this.partition.position);
    // What is committed is behind the offset at which the log is opened.
    this.feed(records, Number(committed));
  }

  feed(records: readonly TestRecord[], opened = 0): void {
    this.#progress.set(0, ProgressWord.durable, BigInt(records.length));
    for (; this.#pushed < records.length; this.#pushed++) {
      const next = records[this.#pushed] as TestRecord;
      assert.ok(this.#ring.push(BigInt(this.#pushed), { kind: 'block', ...next }));
      if (this.#pushed < opened) continue;
      this.#messages += BigInt(blockMessages(next.block, 0));
      this.#progress.setMark(0, BigInt(this.#pushed + 1), this.#messages);
    }
  }

  run(nowMs = 0): void {
    while (this.partition.step(nowMs));
  }

  /** Values of the rows in the open batch. */
  values(): number[] {
    const { readings } = this.partition.batches.seal();
    return parseCopy(this.partition.memory.slice(readings.offset, readings.bytes)).map((fields) =>
      (fields.at(-1) as Buffer).readDoubleBE(),
    );
  }

  checkpoint(disk: ModelDisk): void {
    let image: Uint8Array = new Uint8Array();
    const bytes = this.partition.takeCheckpoint(1, (room) => {
      image = new Uint8Array(room);
      return image;
    });
    assert.ok(bytes instanceof Uint8Array);
    sealCheckpoint(image);
    const folder = new CheckpointFolder(disk, '/checkpoints');
    folder.write(0, this.partition.position, image);
    folder.publish(0, this.partition.position);
  }
}

test('a block that its producer wrote twice is run once, and the books balance all the same', () => {
  const records = [record(1n, 1n, [1, 2]), record(1n, 2n, [3]), record(2n, 1n, [4]), record(1n, 2n, [3]), record(1n, 1n, [1, 2])];
  const life = new Life(records);
  life.run();
  life.feed([...records, record(1n, 3n, [5])]);
  life.run(2000);
  assert.deepEqual(life.values(), [1, 2, 3, 4, 5]);
  assert.equal(life.partition.position, 6n);
  assert.deepEqual([life.audit?.logged, life.audit?.run, life.audit?.stored], [5, 5, 5]);
});

test('missing blocks of a known producer are reported once; a new producer may begin at any number', () => {
  const life = new Life([record(7n, 5n, [1]), record(7n, 6n, [2]), record(7n, 9n, [3]), record(7n, 10n, [4])]);
  life.run();
  assert.deepEqual(life.missing, [2, 2]);
  assert.deepEqual(life.values(), [1, 2, 3, 4]);
});

test('a repeated block is recognized after a checkpoint too, however many producers there were', () => {
  const random = new Random(11);
  const disk = new ModelDisk();
  const newest = new Map<bigint, bigint>();
  const records = Array.from({ length: 2000 }, (_, index) => {
    const source = BigInt(random.below(200));
    const number = (newest.get(source) ?? 0n) + 1n;
    if (number > 1n && random.chance(0.2)) return record(source, number - 1n, [-1]);
    newest.set(source, number);
    return record(source, number, [index]);
  });
  const before = new Life(records.slice(0, 800));
  before.run();
  const values = before.values();
  before.checkpoint(disk);
  const after = new Life(records.slice(0, 800), 800n, disk);
  assert.equal(after.partition.position, 800n);
  for (let end = 900; end <= 2000; end += 100) {
    after.feed(records.slice(0, end));
    after.run();
  }
  values.push(...after.values());
  assert.ok(!values.includes(-1));
  assert.equal(
    values.length,
    [...newest.values()].reduce((sum, number) => sum + Number(number), 0),
  );
  assert.deepEqual(after.missing, []);
});

test('the producer that was silent for longest makes room for a new one', () => {
  const many = Array.from({ length: 300 }, (_, index) => record(BigInt(index), 1n, [index]));
  const life = new Life([...many, record(299n, 1n, [-1]), record(100n, 1n, [-1])]);
  life.run();
  assert.deepEqual(
    life.values().toSorted((a, b) => a - b),
    many.map((_, index) => index),
  );
});
