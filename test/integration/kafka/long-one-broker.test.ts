import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Brokers } from '../../../src/cli/selftest/kafka/brokers.js';
import { LoadedAppliance } from '../../support/kafka/loaded-appliance.js';
import { realBrokers } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

let brokers: Brokers;

before(async () => {
  brokers = await realBrokers(1);
});

after(() => brokers?.stop());

test('a broker killed under load delays acknowledgements, and everything resumes by itself when it is back', async () => {
  const appliance = await LoadedAppliance.start(brokers.addresses);
  const { load } = appliance;
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    await appliance.acknowledges(1000);
    await broker.kill();
    await until('the appliance says so', () => /kafka-stalled/.test(appliance.process.output()));
    const before = load.acknowledged.size;
    const health = await fetch(`${appliance.process.http}/readyz`).catch(() => undefined);
    assert.equal(health?.status, 503);
    assert.match(JSON.stringify(await health?.json()), /Kafka brokers acknowledge nothing/);
    assert.equal(load.acknowledged.size, before);
    await broker.start();
    await until('messages are acknowledged again', () => load.acknowledged.size > before + 1000);
    await appliance.storedOnce();
    // It looks twice a second.
    await until('the appliance says that it goes on', () => /kafka-recovered/.test(appliance.process.output()));
    assert.doesNotMatch(appliance.process.output(), /kafka-producer-replaced|log-gap-skipped/);
  } finally {
    await appliance.end();
  }
});

test('blocks that a gateway wrote and was killed before their answer came are stored once', async () => {
  const appliance = await LoadedAppliance.start(brokers.addresses);
  const { load } = appliance;
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    await appliance.acknowledges(1000);
    broker.freeze();
    let last = -1;
    let since = 0;
    await until('nothing is acknowledged any more', () => {
      if (load.acknowledged.size !== last) since = performance.now();
      last = load.acknowledged.size;
      return performance.now() - since > 500;
    });
    await appliance.process.kill();
    broker.thaw();
    await load.ended;
    await appliance.startAgain();
    await appliance.acknowledges(1000);
    await appliance.storedOnce();
  } finally {
    broker.thaw();
    await appliance.end();
  }
});

test('a stop while the brokers are away ends in time, and unacknowledged messages are sent again', async () => {
  const appliance = await LoadedAppliance.start(brokers.addresses);
  const { load } = appliance;
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    await appliance.acknowledges(1000);
    await broker.kill();
    await until('the appliance says so', () => /kafka-stalled/.test(appliance.process.output()));
    await appliance.process.stop();
    await load.ended;
    await broker.start();
    await appliance.startAgain();
    await appliance.acknowledges(1000);
    await appliance.storedOnce();
  } finally {
    await appliance.end();
  }
});
