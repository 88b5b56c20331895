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

after(async () => {
  s3?.thaw();
  await s3?.stop();
});

test('a stalled or refusing object store blocks nothing: the topic is read again, and the failure is reported', async () => {
  const gateway = await deployments.current.start('gateway', 'gateway,control');
  const first = await deployments.current.start('first', 'pipeline');
  const load = await startLoad(gateway);
  await owns(first, 4);
  await more(load, 1000);
  s3.freeze();
  await more(load, 3000);
  await first.stop();
  assert.match(first.output(), /checkpoint-not-stored/);
  const second = await deployments.current.start('second', 'pipeline');
  await owns(second, 4);
  await until('it is caught up', async () => (await fetch(`${second.http}/readyz`)).ok);
  assert.match(second.output(), /checkpoint-store-away/);
  assert.match(second.output(), /checkpoint_store_silent/);
  await saysOffsets(second, 'checkpoint-missing', 4);
  s3.thaw();
  await more(load, 1000);
  await until('the store is used again', async () => (await partitions(second)).every((one) => one.checkpoint_store_offset !== null));
  await second.stop();
  const third = await deployments.current.start('third', 'pipeline', { SPILLWAY_CHECKPOINT_STORE_SECRET_ACCESS_KEY: 'wrong' });
  await until('it is told', () => /checkpoint_store_denied/.test(third.output()));
  await until('it is caught up', async () => (await fetch(`${third.http}/readyz`)).ok);
  assert.match(third.output(), /SPILLWAY_CHECKPOINT_STORE_ACCESS_KEY_ID/);
  await deployments.current.verify(load, gateway);
  await third.stop();
});
