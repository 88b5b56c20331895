import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { FromLog, LogStart } from '../../../src/contract/threads/log.js';
import { DOORBELLS, Doorbell, LOG_DOORBELL } from '../../../src/host/doorbell.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { nodeDisk } from '../../../src/log/file/disk.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { listSegments, partitionFolder } from '../../../src/log/file/segment.js';
import { sealBlock } from '../../support/blocks.js';

const YEAR_2001_US = 978_307_200_000_000;

let folder: string;
let bases: bigint[];

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-floor-'));
  const log = FileLog.open({ folder, partitions: 1, floors: [], report: () => {}, segmentBytesMax: 100 });
  for (let index = 0; index < 5; index++) log.append(0, [sealBlock(0, [{ device: 1, receiveUs: YEAR_2001_US + index, payload: 'x' }])]);
  log.commit();
  log.close();
  bases = segments();
});
after(() => rmSync(folder, { recursive: true, force: true }));

function segments(): bigint[] {
  return listSegments(nodeDisk, partitionFolder(folder, 0));
}

/** The segments that are left by a log thread that finds everything committed and the state in need of what lies behind `stateFloor`. */
async function leftWith(stateFloor: bigint): Promise<bigint[]> {
  const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(1) };
  const progress = new Progress(shared.progress);
  progress.set(0, ProgressWord.committed, bases.at(-1) ?? 0n);
  progress.set(0, ProgressWord.committedUs, BigInt(Date.now()) * 1000n);
  progress.set(0, ProgressWord.stateFloor, stateFloor);
  const workerData: LogStart = {
    folder,
    partitions: 1,
    retentionHours: 24,
    retentionBytesMax: 1e12,
    backlogBytesMax: 1e9,
    gateways: [],
    shared,
  };
  const worker = new Worker(new URL('../../../src/log/file/thread.js', import.meta.url), { workerData });
  const [ready] = (await once(worker, 'message')) as [FromLog];
  assert.equal(ready.kind, 'ready');
  worker.postMessage({ kind: 'stop' });
  new Doorbell(shared.doorbells, LOG_DOORBELL).ring();
  await once(worker, 'exit');
  return segments();
}

test('old and committed, segments stay until it is known that no state is rebuilt from them', async () => {
  assert.equal(bases.length, 5);
  assert.deepEqual(await leftWith(0n), bases);
  assert.deepEqual(await leftWith(bases[2] as bigint), bases.slice(2));
  assert.deepEqual(await leftWith(2n ** 60n), bases.slice(4));
});
