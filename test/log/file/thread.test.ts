import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FromLog, LogStart } from '../../../src/contract/threads/log.js';
import { BlockRing } from '../../../src/host/block-ring.js';
import { DOORBELLS, Doorbell, gatewayDoorbell, LOG_DOORBELL, pipelineDoorbell } from '../../../src/host/doorbell.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { sealBlock } from '../../support/blocks.js';
import { sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const PARTITIONS = 2;
/** Some of its looks at a backlog that is full. */
const LOOKS_MS = 50;

interface Running {
  readonly messages: FromLog[];
  readonly gateways: { memory: WebAssembly.Memory; ring: BlockRing }[];
  readonly progress: Progress;
  readonly doorbell: (index: number) => Doorbell;
  drain(): void;
  stop(): Promise<void>;
}

/** Those that a test that failed did not end. */
const workers: Worker[] = [];

function startLog(folder: string, gatewayCount: number, backlogBytesMax = 1e9): Running {
  const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(PARTITIONS) };
  const gateways = Array.from({ length: gatewayCount }, () => ({ memory: sharedMemory(), ring: BlockRing.memory(128) }));
  const workerData: LogStart = {
    folder,
    partitions: PARTITIONS,
    retentionHours: 24,
    retentionBytesMax: 1e12,
    backlogBytesMax,
    gateways,
    shared,
  };
  const worker = new Worker(new URL('../../../src/log/file/thread.js', import.meta.url), { workerData });
  workers.push(worker);
  const messages: FromLog[] = [];
  worker.on('message', (message: FromLog) => messages.push(message));
  const doorbell = (index: number) => new Doorbell(shared.doorbells, index);
  const drain = () => {
    worker.postMessage({ kind: 'drain' });
    doorbell(LOG_DOORBELL).ring();
  };
  const stop = async () => {
    worker.postMessage({ kind: 'stop' });
    doorbell(LOG_DOORBELL).ring();
    await once(worker, 'exit');
  };
  const rings = gateways.map(({ memory, ring }) => ({ memory, ring: new BlockRing(ring) }));
  return { messages, gateways: rings, progress: new Progress(shared.progress), doorbell, drain, stop };
}

/** Seals a block where a gateway would, and pushes it without ringing. */
function push(log: Running, gateway: number, offset: number, partition: number, text: string): number {
  const block = sealBlock(partition, [{ device: 9, receiveUs: BigInt(Date.now()) * 1000n, payload: text }]);
  const { memory, ring } = log.gateways[gateway] as Running['gateways'][number];
  new Uint8Array(memory.buffer).set(block, offset);
  assert.ok(ring.push(offset, block.length, partition));
  return block.length;
}

function texts(folder: string, partition: number, limit: bigint): string[] {
  const reader = new LogReader(folder);
  const into = new Uint8Array(1024 * 1024);
  const found: string[] = [];
  let offset = 0n;
  for (let bytes = reader.read(partition, offset, limit, into); bytes !== 0; bytes = reader.read(partition, offset, limit, into)) {
    assert.ok(bytes > 0, `read answers ${bytes}`);
    for (let at = 0; at < bytes; ) {
      const bodyBytes = new DataView(into.buffer).getUint32(at + 16, true);
      found.push(Buffer.from(into.subarray(at + 64 + 20, at + 64 + bodyBytes)).toString());
      at += 64 + bodyBytes;
    }
    offset += BigInt(bytes);
  }
  reader.close();
  return found;
}

describe('log thread', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-log-'));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('releases blocks of several gateways once they are durable, and resumes after a restart', async () => {
    const first = startLog(folder, 2);
    const gatewaySeen = first.doorbell(gatewayDoorbell(1)).seen();
    const pipelineSeen = first.doorbell(pipelineDoorbell(0)).seen();
    let bytes = 0;
    for (let index = 0; index < 20; index++) bytes += push(first, 0, index * 4096, 0, `a${index}`);
    for (let index = 0; index < 20; index++) push(first, 1, index * 4096, index % 2, `b${index}`);
    first.doorbell(LOG_DOORBELL).ring();
    await until('all blocks to be released', () => first.gateways.every(({ ring }) => ring.released === 20));
    assert.ok(first.progress.get(0, ProgressWord.durable) > BigInt(bytes));
    assert.ok(first.progress.get(0, ProgressWord.durableUs) > 0n);
    await until('the bells, which are rung last', () => {
      const [gateway, pipeline] = [gatewayDoorbell(1), pipelineDoorbell(0)].map((index) => first.doorbell(index).seen());
      return gateway !== gatewaySeen && pipeline !== pipelineSeen;
    });
    push(first, 0, 0, 1, 'last');
    await first.stop();
    assert.equal(first.gateways[0]?.ring.released, 21, 'what was pushed before stop is drained');
    const end = first.progress.get(1, ProgressWord.durable);

    const second = startLog(folder, 1);
    await until('the log to be open', () => second.messages.some(({ kind }) => kind === 'ready'));
    assert.equal(second.progress.get(1, ProgressWord.durable), end);
    assert.equal(second.progress.get(1, ProgressWord.durableUs), first.progress.get(1, ProgressWord.durableUs));
    push(second, 0, 0, 1, 'afterwards');
    await second.stop();
    const all = [0, 1].map((partition) => texts(folder, partition, second.progress.get(partition, ProgressWord.durable)));
    const inOrder = (letter: string) => all[0]?.filter((text) => text.startsWith(letter)).map((text) => Number(text.slice(1)));
    assert.deepEqual(
      inOrder('a'),
      Array.from({ length: 20 }, (_, index) => index),
    );
    assert.deepEqual(
      inOrder('b'),
      Array.from({ length: 10 }, (_, index) => index * 2),
    );
    assert.deepEqual(all[1]?.slice(-2), ['last', 'afterwards']);
    assert.deepEqual(
      second.messages.filter(({ kind }) => kind === 'event'),
      [],
    );
  });

  test('takes no block while the store lags too far, and takes all waiting blocks when it is stopped', async () => {
    const own = mkdtempSync(join(tmpdir(), 'spillway-log-'));
    const log = startLog(own, 1, 200);
    const ring = log.gateways[0]?.ring as BlockRing;
    const pushAndRing = (index: number) => {
      push(log, 0, index * 4096, 0, `${index}`.padStart(200, '.'));
      log.doorbell(LOG_DOORBELL).ring();
    };
    const events = () => log.messages.flatMap((message) => (message.kind === 'event' ? [message.name] : []));
    pushAndRing(0);
    await until('the first block to be released', () => ring.released === 1);
    await until('the backlog to be full', () => events().includes('log-backlog-full'));
    pushAndRing(1);
    pushAndRing(2);
    log.progress.set(0, ProgressWord.committed, log.progress.get(0, ProgressWord.durable) - 195n);
    await delay(LOOKS_MS);
    assert.equal(ring.released, 1, 'a little room is not enough to go on');
    log.progress.set(0, ProgressWord.committed, log.progress.get(0, ProgressWord.durable));
    await until('the waiting blocks to be released', () => ring.released === 3);
    await until('the backlog to be full again', () => events().length === 3);
    assert.deepEqual(events(), ['log-backlog-full', 'log-backlog-cleared', 'log-backlog-full']);
    pushAndRing(3);
    log.drain();
    await until('the last block to be released', () => ring.released === 4);
    await log.stop();
    rmSync(own, { recursive: true });
  });

  test('refuses a folder of another number of partitions', async () => {
    const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(3) };
    const workerData: LogStart = {
      folder,
      partitions: 3,
      retentionHours: 24,
      retentionBytesMax: 1e12,
      backlogBytesMax: 1e9,
      gateways: [],
      shared,
    };
    const worker = new Worker(new URL('../../../src/log/file/thread.js', import.meta.url), { workerData });
    const [error] = (await once(worker, 'error')) as [Error];
    assert.match(error.message, /set SPILLWAY_PARTITIONS to 2/);
  });
});
