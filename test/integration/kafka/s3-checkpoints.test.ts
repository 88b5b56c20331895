import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { more, owns, partitions } from '../../support/kafka/deployment.js';
import { Deployments } from '../../support/kafka/deployments.js';
import { startLoad } from '../../support/kafka/load.js';
import { saysOffsets } from '../../support/kafka/logged-offsets.js';
import { type S3Server, startS3 } from '../../support/s3/server.js';
import { until } from '../../support/until.js';

// Processes that share no folder: what they know of each other's partitions is in the topic, the database and the object store.

let s3: S3Server;
const deployments = new Deployments(() => ({ SPILLWAY_LOG_LEVEL: 'debug', ...s3.env }));

before(async () => {
  const server = await startS3();
  if ('missing' in server) throw new Error(`cannot start an S3 server: ${server.missing}`);
  s3 = server;
});

after(() => s3?.stop());

test('partitions are taken up from the object store by processes with empty folders, after a clean stop and after a kill', async () => {
  const gateway = await deployments.current.start('gateway', 'gateway,control');
  const first = await deployments.current.start('first', 'pipeline');
  const load = await startLoad(gateway);
  await owns(first, 4);
  await more(load, 3000);
  await first.stop();
  const stored = (await s3.keys()).filter((key) => key.startsWith(`checkpoints/${deployments.current.topic}/`));
  // Of each partition, the newest and the one before it, if there was one.
  assert.equal(new Set(stored.map((key) => key.split('/').at(-2))).size, 4);
  assert.ok(stored.length >= 4 && stored.length <= 8, stored.join(' '));
  const second = await deployments.current.start('second', 'pipeline');
  await owns(second, 4);
  await until('it is caught up', async () => (await fetch(`${second.http}/readyz`)).ok);
  // What a process says is written behind its back, and may come after an answer of it.
  const fetched = await saysOffsets(second, 'checkpoint-fetched', 4);
  assert.deepEqual((await saysOffsets(second, 'checkpoint-loaded', 4)).sort(), fetched.sort());
  assert.ok(fetched.every((offset) => offset > 0));
  await more(load, 3000);
  await until('the store has newer ones', async () => {
    const offsets = (await partitions(second)).map(({ checkpoint_store_offset }) => Number(checkpoint_store_offset));
    return offsets.every((offset) => offset > Math.max(...fetched));
  });
  assert.ok((await partitions(second)).every(({ checkpoint_store_age_ms: age }) => age !== null && age < 30_000));
  assert.match(await (await fetch(`${second.http}/metrics`)).text(), /^spillway_checkpoint_store_age_seconds\{partition="0"\} \d/m);
  await second.kill();
  const third = await deployments.current.start('third', 'pipeline');
  await owns(third, 4);
  await more(load, 1000);
  assert.ok((await saysOffsets(third, 'checkpoint-fetched', 4)).every((offset) => offset > Math.max(...fetched)));
  await deployments.current.verify(load, gateway);
  for (const { output } of [first, second, third]) {
    assert.doesNotMatch(
      output(),
      /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused|checkpoint-store-(away|failing)/,
    );
    assert.ok(!output().includes(s3.store.secretAccessKey));
  }
});
