import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { BLOCK_DONE } from '../../../assembly/abi/block.js';
import { PIPELINE_END } from '../../../assembly/abi/state.js';
import type { PipelineToCheckpoint } from '../../../src/contract/threads/checkpoint.js';
import type { CopyStream, RowBatch } from '../../../src/contract/threads/store.js';
import { type KernelMemory, kernelMemory } from '../../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { Batches } from '../../../src/pipeline/batches.js';
import { CheckpointFolder } from '../../../src/pipeline/checkpoints/folder.js';
import { CheckpointSchedule } from '../../../src/pipeline/checkpoints/schedule.js';
import { CheckpointWriter } from '../../../src/pipeline/checkpoints/writer.js';
import { Partition } from '../../../src/pipeline/partition.js';
import { ModelDisk } from '../../log/file/model-disk.js';
import { sealBlock } from '../../support/blocks.js';
import { RandomLoad } from '../../support/checkpoints.js';
import { parseCopy, TestKernel } from '../../support/pipeline-kernel.js';
import { Random } from '../../support/random.js';

// Log, partition, checkpoints and a database in one thread, a step at a time, on a disk that fails: whatever
// step the process is killed behind, the database ends up with the rows of a run without interruption.

const SEEDS = 5 * Number(process.env.FUZZ_SCALE ?? 1);
const LIVES = 6;
const STEPS = 60;

/** What outlives the process: the disk, and a database that commits rows and offset together. */
interface World {
  readonly random: Random;
  readonly disk: ModelDisk;
  readonly load: RandomLoad;
  readonly blocks: Uint8Array[];
  readonly names: string[];
  readonly rows: string[];
  readonly seen: { loaded: number; failed: number; held: number };
  committed: bigint;
}

function rowsOf(memory: KernelMemory, { readings, texts, deads }: Pick<RowBatch, 'readings' | 'texts' | 'deads'>): string[] {
  const rows = (table: string, { offset, bytes }: CopyStream) =>
    parseCopy(memory.slice(offset, bytes)).map((fields) => `${table} ${fields.map((field) => field.toString('hex')).join(' ')}`);
  return [...rows('reading', readings), ...rows('text', texts), ...rows('dead', deads)];
}

/** One process, from its start to its death. */
class Life {
  readonly #world: World;
  readonly #log: FileLog;
  readonly #progress = new Progress(Progress.memory(1));
  readonly #channel = new MessageChannel();
  readonly #writer: CheckpointWriter;
  readonly #partition: Partition;
  readonly #schedule: CheckpointSchedule;
  readonly #batches: RowBatch[] = [];
  #nowMs = 0;

  constructor(world: World) {
    this.#world = world;
    const { disk, committed, names, seen } = world;
    this.#log = FileLog.open({ folder: '/log', partitions: 1, floors: [committed], report: () => {}, disk, segmentBytesMax: 20_000 });
    this.#progress.set(0, ProgressWord.durable, this.#durable);
    this.#progress.set(0, ProgressWord.committed, committed);
    this.#partition = new Partition(0, kernelMemory(PIPELINE_END), committed, new LogReader('/log', disk), this.#progress, {
      batch: (batch) => this.#batches.push(batch),
      unknownSchemas: () => assert.fail('no message has a schema'),
      unknownMetrics: (_, _device, unknown) => this.#register(unknown),
      halted: (_, message) => assert.fail(message),
      missing: () => assert.fail('no record is missing'),
      gap: () => assert.fail('the log has a gap'),
      audited: () => {},
    });
    const folder = new CheckpointFolder(disk, '/checkpoints');
    if (this.#partition.restore(folder, (_, name) => assert.fail(name))) seen.loaded++;
    for (const [index, name] of names.entries()) this.#partition.addMetric(name, index + 1);
    this.#writer = new CheckpointWriter(folder, (_, name) => {
      if (name === 'checkpoint-failed') seen.failed++;
    });
    this.#schedule = new CheckpointSchedule([this.#partition], this.#channel.port1, this.#progress, 3, 0);
  }

  get #durable(): bigint {
    return this.#log.partitions[0]?.durable ?? 0n;
  }

  append(): void {
    const block = sealBlock(0, this.#world.load.block());
    this.#log.append(0, [block]);
    this.#log.commit();
    this.#world.blocks.push(block);
    this.#progress.set(0, ProgressWord.durable, this.#durable);
  }

  /** A round of the pipeline thread. */
  round(stopping = false): void {
    this.#partition.step(this.#nowMs++);
    const { batches } = this.#partition;
    if (batches.pending && batches.ready && this.#world.random.chance(0.5)) this.#batches.push(batches.seal());
    this.#schedule.advance(this.#nowMs, stopping);
  }

  /** The store commits a batch; unless it `answers`, the process dies before it hears of it. */
  commit(answers = true): void {
    const batch = this.#batches.shift();
    if (!batch) return;
    assert.equal(batch.from, this.#world.committed);
    this.#world.rows.push(...rowsOf(this.#partition.memory, batch));
    this.#world.committed = batch.to;
    if (!answers) return;
    this.#progress.set(0, ProgressWord.committed, batch.to);
    this.#partition.batches.release(batch.slot);
  }

  /** The checkpoint thread does one thing that it was asked for. */
  write(): void {
    const { disk, random, seen } = this.#world;
    const got = receiveMessageOnPort(this.#channel.port2) as { message: PipelineToCheckpoint } | undefined;
    if (!got) return;
    if (random.chance(0.1)) disk.failingSyncs = 1;
    if (random.chance(0.1)) disk.room = random.below(5000);
    const answer = this.#writer.obey(got.message);
    disk.failingSyncs = 0;
    disk.room = Number.POSITIVE_INFINITY;
    if (answer.kind === 'written' && this.#partition.position > this.#world.committed) seen.held++;
    this.#channel.port2.postMessage(answer);
  }

  /** All that was begun is finished, and then it ends by itself. */
  stop(): void {
    while (!this.#partition.drained || !this.#schedule.settled) {
      this.round(true);
      this.write();
      this.commit();
    }
    this.#end();
  }

  kill(): void {
    if (this.#world.random.chance(0.3)) this.commit(false);
    this.#end();
    if (this.#world.random.chance(0.5)) this.#world.disk.kill();
    else this.#world.disk.crash(this.#world.random);
  }

  #end(): void {
    this.#channel.port1.close();
  }

  #register(unknown: readonly string[]): void {
    const { names } = this.#world;
    for (const name of unknown) {
      names.push(name);
      this.#partition.addMetric(name, names.length);
    }
    // Later, as from another thread.
    queueMicrotask(() => this.#partition.metricsAnswered(false));
  }
}

/** The rows of a kernel that no one ever killed. */
function steadyRows(blocks: readonly Uint8Array[]): string[] {
  const kernel = new TestKernel(0);
  kernel.kernel.sealBatch(); // The one that it opens for tests without batches.
  const batches = new Batches(0, kernel.kernel, kernel.memory, 0n);
  return blocks.flatMap((block) => {
    assert.equal(kernel.runBlock(block), BLOCK_DONE);
    batches.extend(BigInt(kernel.logOffset), 0, 0);
    const batch = batches.seal();
    const rows = rowsOf(kernel.memory, batch);
    batches.release(batch.slot);
    return rows;
  });
}

/** Rows that one has more often than the other. */
function difference(found: readonly string[], wanted: readonly string[]) {
  const copies = new Map<string, number>();
  for (const row of wanted) copies.set(row, (copies.get(row) ?? 0) + 1);
  for (const row of found) copies.set(row, (copies.get(row) ?? 0) - 1);
  const rows = [...copies];
  return { lost: rows.filter(([, left]) => left > 0), doubled: rows.filter(([, left]) => left < 0) };
}

async function live(world: World): Promise<void> {
  const { random } = world;
  const process = new Life(world);
  for (let step = 0; step < STEPS; step++) {
    random.pick([() => process.append(), () => process.round(), () => process.round(), () => process.write(), () => process.commit()])();
    await Promise.resolve();
  }
  process.kill();
}

test(`killed behind any step, over ${SEEDS} seeds of ${LIVES} lives: the rows are those of a run without interruption`, async () => {
  const seen = { loaded: 0, failed: 0, held: 0 };
  const first = new Random().seed;
  for (let seed = first; seed < first + SEEDS; seed++) {
    const random = new Random(seed);
    const load = new RandomLoad(random, random.pick([5, 200]));
    const world: World = { random, disk: new ModelDisk(), load, blocks: [], names: [], rows: [], seen, committed: 0n };
    for (let lives = LIVES; lives > 0; lives--) await live(world).catch((error) => assert.fail(`seed ${seed}: ${error.stack}`));
    const last = new Life(world);
    while (world.committed < world.blocks.reduce((sum, { length }) => sum + BigInt(length), 0n)) {
      last.round();
      last.commit();
      await Promise.resolve();
    }
    last.stop();
    assert.deepEqual(difference(world.rows, steadyRows(world.blocks)), { lost: [], doubled: [] }, `seed ${seed}`);
  }
  console.log(`from seed ${first}: ${seen.loaded} checkpoints loaded, ${seen.held} written and held back, ${seen.failed} failed`);
  assert.ok(seen.loaded > SEEDS && seen.held > 0 && seen.failed > 0);
});
