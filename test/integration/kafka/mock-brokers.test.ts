import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BLOCK_HEADER_BYTES } from '../../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { type Addon, answered, loadAddon, type Producer } from '../../../src/kafka/client.js';
import { call, committed } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { Load } from '../../support/kafka/load.js';
import { startMockBrokers } from '../../support/kafka/mock.js';
import { DEADLINE_MS, SLOWNESS, until } from '../../support/until.js';

let brokers: Awaited<ReturnType<typeof startMockBrokers>>;
const topics = ['flow.telemetry.raw', 'count.telemetry.raw', 'strange.telemetry.raw'];

before(async () => {
  brokers = await startMockBrokers(3, topics);
});

after(() => brokers.stop());

function settings(prefix: string): Record<string, string> {
  return { SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: brokers.addresses, SPILLWAY_KAFKA_TOPIC_PREFIX: `${prefix}.` };
}

interface DeadLetters {
  readonly dead_letters: readonly { readonly partition: number; readonly log_offset: string }[];
}

async function durable(appliance: Appliance): Promise<string[]> {
  const { partitions } = await call<{ partitions: { durable_offset: string }[] }>(appliance, 'GET', '/v1/pipeline/lag');
  return partitions.map(({ durable_offset }) => durable_offset);
}

/** Writes one record to a topic, as a foreign program might. */
async function write(topic: string, partition: number, value: string): Promise<void> {
  const { Producer }: Addon = loadAddon();
  const producer: Producer = new Producer({ 'metadata.broker.list': brokers.addresses, dr_cb: true }, {});
  await answered((done) => producer.connect({ timeout: DEADLINE_MS }, done));
  let delivered = false;
  producer.on('delivery-report', (error) => {
    assert.equal(error, null);
    delivered = true;
  });
  producer.produce(topic, partition, Buffer.from(value), null, Date.now(), undefined, []);
  await until('it is written', () => {
    producer.poll();
    return delivered;
  });
  await answered((done) => producer.disconnect(done));
}

test('messages go through the topic to the database, and a dead letter says where it is in the topic', async () => {
  const appliance = await startAppliance(settings('flow'));
  try {
    const load = new Load();
    await load.register(appliance);
    const running = load.run(appliance.mqttPort);
    await until('messages are acknowledged', () => load.acknowledged.size > 500);
    await load.stop();
    await running;
    await committed(appliance);
    assert.equal(await load.verify(appliance.databaseUrl), load.acknowledged.size);
    const before = await durable(appliance);
    await load.sendOnce(appliance.mqttPort, 'no JSON');
    await committed(appliance);
    const { dead_letters: letters } = await call<DeadLetters>(appliance, 'GET', '/v1/dead-letters');
    const [letter] = letters;
    assert.ok(letter);
    // The first message of its block, which begins behind the block's header.
    assert.equal(BigInt(letter.log_offset), BigInt(before[letter.partition] ?? -1) * BigInt(BLOCK_BYTES_MAX) + BigInt(BLOCK_HEADER_BYTES));
  } finally {
    await appliance.stop();
  }
});

test('a topic of another number of partitions is refused, with what to set', async () => {
  await assert.rejects(startAppliance({ ...settings('count'), SPILLWAY_PARTITIONS: '3' }), (error: Error) => {
    assert.match(error.message, /it has 4 partitions, SPILLWAY_PARTITIONS says 3 \(kafka_topic_mismatch\)/);
    assert.match(error.message, /set SPILLWAY_PARTITIONS to 4/);
    return true;
  });
});

test('a record that is no block halts its partition and no other', async () => {
  await write('strange.telemetry.raw', 2, 'no block');
  const appliance: Appliance = await startAppliance(settings('strange'));
  try {
    await until('the partition is halted', () => /partition-halted/.test(appliance.output()));
    const ready = await fetch(`${appliance.http}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /cannot read partition 2 of the log at offset 0/);
    const { partitions } = await call<{ partitions: { durable_offset: string }[] }>(appliance, 'GET', '/v1/pipeline/lag');
    assert.equal(partitions[2]?.durable_offset, '1');
  } finally {
    await appliance.stop();
  }
});

test('a stop while the brokers are away takes little more than its deadline, and reports undelivered blocks', async () => {
  const away = await startMockBrokers(1, ['away.telemetry.raw']);
  let isStopped = false;
  const appliance = await startAppliance({ ...settings('away'), SPILLWAY_KAFKA_BROKERS: away.addresses, SPILLWAY_STOP_SECONDS: '1' });
  try {
    const load = new Load();
    await load.register(appliance);
    await load.sendOnce(appliance.mqttPort, '{"metrics":{"n":1}}');
    await away.stop();
    const running = load.run(appliance.mqttPort);
    await until('the brokers are missed', () => /kafka-stalled/.test(appliance.output()));
    isStopped = true;
    await appliance.stop();
    await running;
    assert.match(appliance.output(), /kafka-blocks-not-delivered/);
    const [, seconds] = /"event":"stopped","seconds":([\d.]+)/.exec(appliance.output()) ?? [];
    assert.ok(Number(seconds) < 10 * SLOWNESS, `it took ${seconds} s, of which 1 is the deadline`);
  } finally {
    if (!isStopped) await appliance.stop();
  }
});
