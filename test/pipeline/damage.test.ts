import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BLOCK_HEADER_BYTES, BLOCK_VERSION, RECORD_HEADER_BYTES } from '../../assembly/abi/block.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { kernelMemory } from '../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../src/host/progress.js';
import { LogReader } from '../../src/log/file/reader.js';
import type { Gap } from '../../src/pipeline/gaps.js';
import { Partition } from '../../src/pipeline/partition.js';
import { DamagedLog, FOLDER } from '../log/file/damage.js';
import { sealBlock } from '../support/blocks.js';
import { parseCopy } from '../support/pipeline-kernel.js';
import { fuzzScale, Random } from '../support/random.js';

/** What a database would have: the blocks by their index, in the order of their commits, and the offset. */
interface Stored {
  readonly blocks: number[];
  offset: bigint;
}

/** One life of a pipeline over the log. */
class Life {
  readonly gaps: Gap[] = [];
  readonly progress = new Progress(Progress.memory(1));
  halted = '';
  nowMs = 0;
  readonly #stored: Stored;
  readonly #partition: Partition;

  constructor(log: DamagedLog, stored: Stored, durable: bigint) {
    this.#stored = stored;
    this.progress.set(0, ProgressWord.committed, stored.offset);
    this.progress.set(0, ProgressWord.durable, durable);
    this.#partition = new Partition(0, kernelMemory(PIPELINE_END), stored.offset, new LogReader(FOLDER, log.disk), this.progress, {
      batch: () => assert.fail('a few blocks fit into one batch'),
      unknownSchemas: () => assert.fail('no message has a schema'),
      unknownMetrics: (_, names) => assert.deepEqual(names, ['t']),
      audited: () => {},
      missing: () => assert.fail('no record is missing'),
      halted: (_, message) => {
        this.halted = message;
      },
      gap: (_, gap) => void this.gaps.push(gap),
    });
    this.#partition.addMetric('t', 1);
  }

  /** Runs what there is, and commits it now and then. */
  run(random: Random, steps = Number.POSITIVE_INFINITY): void {
    for (let step = 0; step < steps; step++) {
      const worked = this.#partition.step(this.nowMs);
      if (random.chance(0.3)) this.commit();
      if (!worked) return;
    }
  }

  commit(): void {
    const { batches, memory } = this.#partition;
    if (!batches.pending) return;
    const { from, to, slot, texts } = batches.seal();
    assert.equal(from, this.#stored.offset, 'batches follow one another');
    for (const row of parseCopy(memory.slice(texts.offset, texts.bytes))) this.#stored.blocks.push(Number(row[3]?.toString('utf8')));
    this.#stored.offset = to;
    batches.release(slot);
  }

  get position(): bigint {
    return this.#partition.position;
  }

  lost(): Gap[] {
    return this.gaps.filter(({ kind }) => kind === 'lost');
  }
}

function indexes(blocks: readonly { index: number }[]): number[] {
  return blocks.map(({ index }) => index);
}

/** What lies between the sound blocks from one offset to another, in as few pieces as there are. */
function holes(log: DamagedLog, sound: readonly { offset: bigint; bytes: number }[], from: bigint, to: bigint): [bigint, bigint][] {
  const found: [bigint, bigint][] = [];
  let at = from;
  for (const { offset, bytes } of [...sound, { offset: to, bytes: 0 }]) {
    if (offset < from || offset > to) continue;
    if (offset > at) found.push([at, offset]);
    at = offset + BigInt(bytes);
  }
  assert.ok(log.durable >= 0n);
  return found;
}

const DAMAGED = 12;

function written(): DamagedLog {
  const log = new DamagedLog();
  log.write(Array.from({ length: 30 }, (_, index) => 10 + ((index * 37) % 200)));
  return log;
}

/** The block that the tests below damage, in the middle of its segment, and the segment's base. */
function target(log: DamagedLog) {
  const block = log.blocks[DAMAGED];
  assert.ok(block);
  const base = log.segments().findLast((one) => one <= block.offset) as bigint;
  return { ...block, base, at: Number(block.offset - base) };
}

function through(log: DamagedLog): { stored: Stored; life: Life } {
  const stored: Stored = { blocks: [], offset: 0n };
  const life = new Life(log, stored, log.end());
  life.run(new Random(1));
  life.commit();
  return { stored, life };
}

describe('a damaged log is read on', () => {
  test('whatever is damaged where: all that is sound is stored once and in order, and the gaps are the rest', (t) => {
    const random = new Random();
    t.diagnostic(`seed ${random.seed}`);
    for (let round = 0; round < 60 * fuzzScale; round++) {
      const log = new DamagedLog(random.pick([600, 1500, 6000]));
      log.write(Array.from({ length: random.int(3, 40) }, () => random.int(0, 300)));
      const done = Array.from({ length: random.int(1, 4) }, () => log.damage(random));
      const sound = log.sound();
      const stored: Stored = { blocks: [], offset: 0n };
      const lost: [bigint, bigint][] = [];
      for (let lives = random.int(0, 2); lives >= 0; lives--) {
        // A process that goes on, or one that starts: that one may take a damaged end for an append that was cut short.
        const isStart = random.chance(0.5);
        if (isStart) log.open(stored.offset).close();
        const durable = isStart ? log.durable : log.end();
        const life = new Life(log, stored, durable);
        life.run(random, lives === 0 ? undefined : random.int(0, 6));
        if (lives === 0) life.commit();
        assert.equal(life.halted, '', `seed ${random.seed}, round ${round}: ${done.join('; ')}`);
        // What is not committed is told again by the next life, and may reach further than this one knew the log to.
        life.lost().forEach(({ from, to }, index) => {
          const before = lost.at(-1);
          if (to > stored.offset) return;
          if (index === 0 && before?.[1] === from) before[1] = to;
          else lost.push([from, to]);
        });
        if (lives === 0) {
          const where = `seed ${random.seed}, round ${round}: ${done.join('; ')}`;
          const end = durable > stored.offset ? durable : stored.offset;
          assert.deepEqual(stored.blocks, indexes(sound.filter(({ offset }) => offset < end)), where);
          assert.deepEqual(lost, holes(log, sound, 0n, stored.offset), where);
          assert.equal(life.position >= durable, true, where);
        }
      }
    }
  });

  test('a gap is reported once, with all that is known of it, and its bytes are kept', () => {
    const log = written();
    const { offset, bytes, base, at } = target(log);
    log.disk.damage(log.path(base), at + 80);
    const { stored, life } = through(log);
    const kept = { kept: '/log/quarantine', bytes };
    assert.deepEqual(life.gaps, [
      { kind: 'lost', from: offset, to: offset + BigInt(bytes), code: 'block_body_damaged', messages: 1, ...kept },
    ]);
    assert.deepEqual([life.progress.get(0, ProgressWord.gaps), life.progress.get(0, ProgressWord.gapBytes)], [1n, BigInt(bytes)]);
    assert.deepEqual(log.disk.list('/log/quarantine'), [`00-${String(offset).padStart(20, '0')}.damaged`]);
    assert.equal(stored.offset, log.end());
    const next = new Life(log, stored, log.end());
    next.run(new Random(1));
    assert.deepEqual(
      next.gaps.map(({ kind }) => kind),
      ['stored before'],
      'a start that rebuilds its state comes over it, and nothing more is lost',
    );
  });

  test('damage at the very end is passed too, and its place is committed', () => {
    const log = written();
    const last = log.blocks.at(-1);
    assert.ok(last);
    const base = log.segments().at(-1) as bigint;
    log.overwrite(base, Number(last.offset - base), new Uint8Array(last.bytes));
    const { stored, life } = through(log);
    assert.deepEqual([life.lost().length, stored.offset], [1, log.end()]);
    assert.deepEqual(indexes(log.blocks).slice(0, -1), stored.blocks);
  });

  test('a block in a payload is not taken for one of the log, whatever it claims', () => {
    const log = new DamagedLog(100_000);
    log.write([10]);
    const forgedAt = log.end() + BigInt(BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES);
    const forged = sealBlock(0, [{ device: 9, receiveUs: 1, payload: '{"metrics":{"t":"666"}}' }]);
    const carrier = sealBlock(0, [{ device: 1, receiveUs: 1, payload: Buffer.concat([forged, Buffer.alloc(50)]) }]);
    const writer = log.open();
    writer.append(0, [carrier]);
    writer.commit();
    writer.close();
    log.blocks.push({ index: 1, offset: forgedAt - 84n, bytes: carrier.length });
    log.write([10]);
    const [base] = log.segments() as [bigint];
    // The carrier's header is gone: only the magic of what it carries is left to find.
    log.overwrite(base, Number(log.blocks[1]?.offset), new Uint8Array(32));
    const { stored, life } = through(log);
    assert.deepEqual([stored.blocks, life.lost().length, life.lost()[0]?.to], [[0, 2], 1, log.blocks[2]?.offset]);
  });

  test('a bit that was wrong in memory only costs a second look', () => {
    const log = written();
    const { base, at } = target(log);
    log.disk.damage(log.path(base), at + 80);
    const stored: Stored = { blocks: [], offset: 0n };
    const life = new Life(log, stored, log.end());
    const read = log.disk.read.bind(log.disk);
    let reads = 0;
    log.disk.read = (file, into, position) => {
      const bytes = read(file, into, position);
      // Once the block was read for the first time, the disk has it right.
      if (into.length > BLOCK_HEADER_BYTES && position <= at && position + bytes > at && ++reads === 1)
        log.disk.damage(log.path(base), at + 80);
      return bytes;
    };
    life.run(new Random(1));
    life.commit();
    assert.deepEqual([life.gaps, stored.blocks], [[], indexes(log.blocks)]);
  });

  test('without room to keep damaged bytes, the partition waits before them, reports it once, and resumes when there is room', () => {
    const log = written();
    const { base, at, offset } = target(log);
    log.disk.damage(log.path(base), at + 80);
    log.disk.room = 0;
    const stored: Stored = { blocks: [], offset: 0n };
    const life = new Life(log, stored, log.end());
    for (; life.nowMs < 5000; life.nowMs += 300) life.run(new Random(1));
    assert.deepEqual(
      life.gaps.map(({ kind }) => kind),
      ['held'],
    );
    assert.equal(life.position, offset);
    log.disk.room = Number.POSITIVE_INFINITY;
    life.nowMs += 2000;
    life.run(new Random(1));
    life.commit();
    assert.deepEqual([life.lost().length, stored.offset, life.halted], [1, log.end(), '']);
  });

  test('bytes of a newer version, and a file of another partition, are sound: the partition stands still before them', () => {
    const newer = written();
    const { base, at, bytes, offset } = target(newer);
    const payload = Buffer.alloc(bytes - BLOCK_HEADER_BYTES - RECORD_HEADER_BYTES);
    newer.overwrite(base, at, sealBlock(0, [{ device: 1, receiveUs: 1, payload }], BLOCK_VERSION + 1));
    const { life } = through(newer);
    assert.match(life.halted, new RegExp(`at offset ${offset}: block_newer`));
    assert.equal(life.position, offset);

    const moved = written();
    const file = moved.segments()[2] as bigint;
    moved.overwrite(file, 0, sealBlock(1, [{ device: 1, receiveUs: 1, payload: 'of partition 1' }]));
    const stopped = through(moved).life;
    assert.match(stopped.halted, new RegExp(`at offset ${file}: it belongs to another partition`));
    assert.deepEqual(stopped.lost(), []);
  });
});
