import assert from 'node:assert/strict';
import { test } from 'node:test';
import { more, owns } from '../../support/kafka/deployment.js';
import { Deployments } from '../../support/kafka/deployments.js';
import { startLoad } from '../../support/kafka/load.js';

// Devices connect to one process, others run the partitions; checkpoints are in a folder that all of them see.

const deployments = new Deployments();

test('partitions move under load as processes come, go and are killed: nothing is lost, nothing comes twice', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const first = await deployments.start('first', 'pipeline');
  const load = await startLoad(gateway);
  await owns(first, 4);
  await more(load, 1000);
  const second = await deployments.start('second', 'pipeline');
  await owns(second, 2);
  await owns(first, 2);
  await more(load, 2000);
  await second.kill();
  await owns(first, 4);
  await more(load, 2000);
  const third = await deployments.start('third', 'pipeline');
  await owns(third, 2);
  await more(load, 1000);
  await first.stop();
  await owns(third, 4);
  await more(load, 1000);
  await deployments.current.verify(load, gateway);
  assert.match(third.output(), /checkpoint-loaded/);
  for (const { output } of [gateway, first, third])
    assert.doesNotMatch(output(), /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused/);
});
