import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { ThreadEvent } from '../../../../src/contract/threads/shared.js';
import { Progress, ProgressWord } from '../../../../src/host/progress.js';
import { ObjectStore } from '../../../../src/object-store/client.js';
import { CheckpointFolder, checkpointName } from '../../../../src/pipeline/checkpoints/folder.js';
import { takeUp } from '../../../../src/pipeline/checkpoints/object-store/take-up.js';
import { CheckpointUploads } from '../../../../src/pipeline/checkpoints/object-store/uploads.js';
import { ModelDisk } from '../../../log/file/model-disk.js';
import { checkpointOf, PARTITIONS, RandomLoad } from '../../../support/checkpoints.js';
import { TestKernel } from '../../../support/pipeline-kernel.js';
import { Random } from '../../../support/random.js';
import { ModelStore } from '../../../support/s3/model-store.js';
import { SLOWNESS, until } from '../../../support/until.js';

const PARTITION = 1;
const TAKEN_MS = 1_790_000_000_000;
/** A process that has much else to do answers late, but in less than this. */
const PATIENCE_MS = 10_000;
const ran = new TestKernel(PARTITION);
ran.run(new RandomLoad(new Random(3), 20).block());

let model: ModelStore;
before(async () => {
  model = await ModelStore.start();
});
after(() => model.stop());
beforeEach(() => model.reset());

function sound(offset: number | bigint, partition = PARTITION): Uint8Array {
  return checkpointOf(ran, { offset: BigInt(offset), partition, takenMs: TAKEN_MS + Number(offset) });
}

const nameOf = (offset: number, partition = PARTITION) => checkpointName(partition, BigInt(offset));

/** A process with an empty folder; the store's silence is heard after `silenceMs`. */
function open(silenceMs = PATIENCE_MS) {
  const disk = new ModelDisk();
  const folder = new CheckpointFolder(disk, '/checkpoints');
  const progress = new Progress(Progress.memory(PARTITIONS));
  const events: [name: string, fields: ThreadEvent['fields']][] = [];
  const report = (_: ThreadEvent['level'], name: string, fields: ThreadEvent['fields']) => events.push([name, fields]);
  const store = new ObjectStore(model.place, silenceMs);
  const uploads = new CheckpointUploads(store, folder, progress, report);
  return {
    ...{ disk, folder, progress, events, uploads },
    told: () => events.map(([name, { code }]) => (code === undefined ? name : `${name} ${code}`)),
    keep: (offset: number) => {
      folder.write(PARTITION, BigInt(offset), sound(offset));
      folder.publish(PARTITION, BigInt(offset));
    },
    publish(offset: number) {
      this.keep(offset);
      uploads.add(PARTITION, BigInt(offset));
    },
    async takeUp(committed: number) {
      const owned = [{ number: PARTITION, committed: BigInt(committed) }];
      const found = await takeUp(store, folder, owned, progress, report);
      if (found) uploads.begin(found, () => BigInt(committed));
      return folder.list(PARTITION).map(Number);
    },
    stored: () => [ProgressWord.stored, ProgressWord.storedMs].map((word) => Number(progress.get(PARTITION, word))),
  };
}

test('published checkpoints are stored, the last two are kept, and the stored offset can be read', async () => {
  const one = open();
  await one.takeUp(0);
  for (const offset of [100, 200, 300, 400]) {
    one.publish(offset);
    await until('it is stored', () => one.stored()[0] === offset);
  }
  await one.uploads.finish(PATIENCE_MS);
  assert.deepEqual(model.names, [nameOf(300), nameOf(400)]);
  assert.deepEqual(one.stored(), [400, TAKEN_MS + 400]);
  assert.deepEqual(
    one.told(),
    Array.from({ length: 4 }, () => 'checkpoint-stored'),
  );
  assert.equal(model.requests.filter((request) => request === 'GET ').length, 1, 'it lists once');
});

test('an empty folder gets the newest of its partitions that the database knows, and what lies above goes', async () => {
  for (const offset of [100, 200, 300, 400]) model.lay(nameOf(offset), sound(offset));
  model.lay(nameOf(100, 2), sound(100, 2));
  model.lay('readme.txt', Buffer.from('of somebody else'));
  const one = open();
  assert.deepEqual(await one.takeUp(350), [300]);
  assert.deepEqual(one.told(), ['checkpoint-fetched']);
  assert.deepEqual(Buffer.from(one.folder.read(PARTITION, 300n)), Buffer.from(sound(300)));
  assert.equal(one.stored()[0], 300);
  one.publish(360);
  await one.uploads.finish(PATIENCE_MS);
  assert.deepEqual(model.names, [nameOf(300), nameOf(360), nameOf(100, 2), 'readme.txt']);
});

test('what the folder has as new is not fetched, and what only it has is stored', async () => {
  model.lay(nameOf(100), sound(100));
  const one = open();
  for (const offset of [200, 300, 900]) one.keep(offset);
  assert.deepEqual(await one.takeUp(500), [300], 'what the database does not know is no checkpoint of it');
  await one.uploads.finish(PATIENCE_MS);
  assert.deepEqual(model.names, [nameOf(100), nameOf(300)]);
  assert.deepEqual(one.told(), ['checkpoint-stored']);
  const same = open();
  same.keep(300);
  assert.deepEqual(await same.takeUp(500), [300]);
  assert.deepEqual(same.told(), []);
});

test('falls back to the previous checkpoint when the newest is unusable, and reports why', async () => {
  const damaged = Buffer.from(sound(200));
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 1;
  for (const [bytes, code] of [
    [damaged, 'checkpoint_damaged'],
    [sound(200).subarray(0, 500), 'checkpoint_truncated'],
    [sound(200, 2), 'checkpoint_of_other_partition'],
    [sound(150), 'checkpoint_malformed'],
  ] as const) {
    model.lay(nameOf(100), sound(100));
    model.lay(nameOf(200), bytes);
    const one = open();
    assert.deepEqual(await one.takeUp(500), [100]);
    assert.deepEqual(one.told(), [`checkpoint-refused ${code}`, 'checkpoint-fetched']);
  }
});

test('an unreachable store delays a start by no more than its timeout, and is reported with a way out', async () => {
  model.lay(nameOf(100), sound(100));
  model.fault = () => true;
  const one = open(200);
  assert.deepEqual(await one.takeUp(500), []);
  assert.equal(model.requests.length, 1, 'it is asked once');
  assert.deepEqual(one.told(), ['checkpoint-store-away checkpoint_store_silent']);
  assert.match(String(one.events[0]?.[1].wayOut), /network/);
  // It is back: what is published goes there, and what was found is cleared up.
  model.fault = () => false;
  one.publish(600);
  one.publish(700);
  await one.uploads.finish(PATIENCE_MS);
  assert.deepEqual(model.names, [nameOf(600), nameOf(700)]);
});

test('one whose answers are cut off is asked once: the folder stays as it is', async () => {
  for (const offset of [100, 200]) model.lay(nameOf(offset), sound(offset));
  model.fault = ({ url = '' }, response) => {
    if (!url.includes('.checkpoint')) return false;
    response.writeHead(200, { 'content-length': 5000 }).write(sound(200).subarray(0, 1000), () => response.destroy());
    return true;
  };
  const one = open();
  assert.deepEqual(await one.takeUp(500), []);
  assert.deepEqual(one.told(), ['checkpoint-not-fetched checkpoint_store_cut_off']);
  assert.equal(model.requests.length, 2);
});

test('a failing store is retried with the newest checkpoint only, reported once, and reported when it recovers', async () => {
  const one = open();
  await one.takeUp(0);
  model.fault = (_, response) => !!response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
  one.publish(100);
  await until('it was tried', () => one.events.length > 0);
  for (const offset of [200, 300, 400]) one.publish(offset);
  await until('it was tried again', () => model.requests.filter((request) => request.startsWith('PUT')).length > 1);
  model.fault = () => false;
  await until('it is stored', () => one.stored()[0] === 400);
  await one.uploads.finish(PATIENCE_MS);
  assert.deepEqual(model.names, [nameOf(400)]);
  assert.deepEqual(one.told(), ['checkpoint-store-failing checkpoint_store_failing', 'checkpoint-stored', 'checkpoint-store-recovered']);
});

test('a missing right to delete is reported once, and uploads continue', async () => {
  const one = open();
  await one.takeUp(0);
  model.fault = ({ method }, response) => method === 'DELETE' && !!response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
  for (const offset of [100, 200, 300, 400, 500]) {
    one.publish(offset);
    await until('it is stored', () => one.stored()[0] === offset);
  }
  await one.uploads.finish(PATIENCE_MS);
  assert.equal(model.names.length, 5);
  assert.deepEqual(
    one.told().filter((name) => name !== 'checkpoint-stored'),
    ['checkpoint-store-not-cleared checkpoint_store_denied'],
  );
});

test('a stop waits for uploads under way, not for an unreachable store, and reports checkpoints that are not stored', async () => {
  const one = open();
  model.fault = () => true;
  one.publish(100);
  const startedMs = performance.now();
  await one.uploads.finish(300);
  assert.ok(performance.now() - startedMs < 2000 * SLOWNESS);
  assert.deepEqual(one.told(), ['checkpoint-not-stored']);
  const other = open();
  model.fault = (_, response) => !!response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
  other.publish(100);
  await other.uploads.finish(60_000);
  assert.deepEqual(other.told(), ['checkpoint-store-failing checkpoint_store_denied', 'checkpoint-not-stored']);
});

test('with a full disk nothing is fetched from the store, and the start continues', async () => {
  model.lay(nameOf(100), sound(100));
  const one = open();
  one.disk.room = 100;
  assert.deepEqual(await one.takeUp(500), []);
  assert.deepEqual(one.told(), ['checkpoint-failed']);
});
