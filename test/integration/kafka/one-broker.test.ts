import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call } from '../../support/api.js';
import { LoadedAppliance } from '../../support/kafka/loaded-appliance.js';
import { sharedBroker } from '../../support/kafka/real-brokers.js';

const KILLS = Number(process.env.CRASH_KILLS ?? 1);

let brokers: Awaited<ReturnType<typeof sharedBroker>>;

before(async () => {
  brokers = await sharedBroker();
});

after(() => brokers?.stop());

test('what is acknowledged is stored once, through kill -9 and restart: state is rebuilt from the topic', async () => {
  const appliance = await LoadedAppliance.start(brokers.addresses);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await appliance.acknowledges(500 + Math.random() * 2000);
      await appliance.process.kill();
      await appliance.load.ended;
      await appliance.startAgain();
    }
    await appliance.acknowledges(1000);
    await appliance.storedOnce();
    const { partitions } = await call<{ partitions: { start_offset: string; durable_offset: string }[] }>(
      appliance.process,
      'GET',
      '/v1/pipeline/lag',
    );
    assert.equal(partitions[0]?.start_offset, '0');
    assert.ok(Number(partitions[0]?.durable_offset) > 0);
  } finally {
    await appliance.end();
  }
});
