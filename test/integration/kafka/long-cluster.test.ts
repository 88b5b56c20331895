import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Appliance } from '../../support/appliance.js';
import { closeServer } from '../../support/database.js';
import { Deployment, more, owns } from '../../support/kafka/deployment.js';
import { startLoad } from '../../support/kafka/load.js';
import { sharedBroker } from '../../support/kafka/real-brokers.js';

// Devices connect to one process, others run the partitions; checkpoints are in a folder that all of them see.

let brokers: Awaited<ReturnType<typeof sharedBroker>>;
let deployment: Deployment;

before(async () => {
  brokers = await sharedBroker();
});

after(async () => {
  await closeServer();
  await brokers?.stop();
});

beforeEach(async () => {
  deployment = await Deployment.open(brokers);
});

afterEach(() => deployment.close());

function start(name: string, roles: string): Promise<Appliance> {
  return deployment.start(name, roles, { SPILLWAY_CHECKPOINT_FOLDER: join(deployment.folder, 'checkpoints') });
}

test('partitions move under load as processes come, go and are killed: nothing is lost, nothing comes twice', async () => {
  const gateway = await start('gateway', 'gateway,control');
  const first = await start('first', 'pipeline');
  const load = await startLoad(gateway);
  await owns(first, 4);
  await more(load, 1000);
  const second = await start('second', 'pipeline');
  await owns(second, 2);
  await owns(first, 2);
  await more(load, 2000);
  await second.kill();
  await owns(first, 4);
  await more(load, 2000);
  const third = await start('third', 'pipeline');
  await owns(third, 2);
  await more(load, 1000);
  await first.stop();
  await owns(third, 4);
  await more(load, 1000);
  await deployment.verify(load, gateway);
  assert.match(third.output(), /checkpoint-loaded/);
  for (const { output } of [gateway, first, third])
    assert.doesNotMatch(output(), /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused/);
});
