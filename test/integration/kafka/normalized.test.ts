import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import protobuf from 'protobufjs';
import { answered, loadAddon } from '../../../src/kafka/client.js';
import { root } from '../../source-tree.js';
import { call, committed } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { Load } from '../../support/kafka/load.js';
import { type KeyedMessage, readTopic } from '../../support/kafka/read-topic.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

let brokers: Awaited<ReturnType<typeof sharedBroker>>;

before(async () => {
  brokers = await sharedBroker();
});
after(() => brokers.stop());

interface Reading {
  readonly id: string;
  readonly device_id: string;
  readonly metric: string;
  readonly time: string;
  readonly value: number;
}

interface Row {
  readonly device_id: string;
  readonly value: number;
  readonly ts: Date;
}

interface Lag {
  readonly lag_bytes: number;
  readonly topics: readonly { readonly partition: number; readonly published_offset: string | null; readonly waiting: number }[];
}

/** Of a deployment whose topics begin with `prefix`. */
function settings(prefix: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    SPILLWAY_STATE: mkdtempSync(join(tmpdir(), 'spillway-kafka-test-')),
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: prefix,
    SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
    SPILLWAY_KAFKA_TOPICS: 'telemetry.normalized',
    ...more,
  };
}

const KILLS = Number(process.env.CRASH_KILLS ?? 2);
const readingOf = ({ value }: KeyedMessage): Reading => JSON.parse(String(value));
const idsOf = (found: readonly KeyedMessage[]) => new Map(found.map((message) => [readingOf(message).id, message]));

/** Publishes for a while, and kills the process amid the load or, the last time, between topic and database. */
async function publishAndKill(env: Record<string, string>, load: Load): Promise<Appliance> {
  let appliance = await startAppliance(env);
  try {
    await load.register(appliance);
    for (let kill = 0; kill < KILLS; kill++) {
      load.start(appliance.mqttPort);
      const enough = load.acknowledged.size + 1000;
      await until('messages are acknowledged', () => load.acknowledged.size > enough);
      if (kill === KILLS - 1) await killBeforeCommit(appliance);
      else await appliance.kill();
      await load.ended;
      appliance = await startAppliance(env);
    }
    const enough = load.acknowledged.size + 1000;
    load.start(appliance.mqttPort);
    await until('the last are acknowledged', () => load.acknowledged.size > enough);
    await load.stop();
    await committed(appliance);
    return appliance;
  } catch (error) {
    await appliance.kill();
    throw error;
  }
}

/** The database takes no rows, so that a batch is in the topic and not committed when the process dies. */
async function killBeforeCommit(appliance: Appliance): Promise<void> {
  const sql = postgres(appliance.databaseUrl, { max: 2 });
  try {
    const holder = await sql.reserve();
    await holder`begin`;
    // Small batches go to the days, large ones to the open segment, which inherits from readings_hot.
    await holder`lock table readings_days, readings_hot in access exclusive mode`;
    await until('a batch waits for the table', async () => {
      const [row] = await sql`select count(*)::int as waiting from pg_stat_activity
        where application_name = 'spillway-store' and wait_event_type = 'Lock' and query like 'copy%'`;
      return row?.waiting > 0;
    });
    await appliance.kill();
    await holder`rollback`;
    holder.release();
  } finally {
    await sql.end({ timeout: 1 });
  }
}

test('each stored reading is in the topic, through kill -9, and a repeated record keeps its id', async () => {
  const prefix = newPrefix();
  const env = settings(prefix);
  const load = new Load();
  const appliance = await publishAndKill(env, load);
  try {
    const stored = await load.verify(appliance.databaseUrl);
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<Row[]>`select device_id, value, ts from raw_metrics`;
    await sql.end();
    assert.equal(rows.length, stored);
    let read = 0;
    const enough = (some: readonly KeyedMessage[]) => {
      read = idsOf(some).size;
      return read >= stored;
    };
    const found = await readTopic(brokers.addresses, `${prefix}telemetry.normalized`, enough).catch((error: Error) => {
      assert.fail(`${error.message}: ${read} different ones of ${stored}`);
    });
    const byId = idsOf(found);
    assert.ok(found.length > byId.size, 'the batch that was published and not committed came again');
    for (const message of found) assert.deepEqual(readingOf(message), readingOf(byId.get(readingOf(message).id) as KeyedMessage));
    const contents = (list: readonly string[]) => [...list].sort();
    assert.deepEqual(
      contents([...byId.values()].map(readingOf).map(({ device_id, value, time }) => `${device_id} ${value} ${Date.parse(time)}`)),
      contents(rows.map(({ device_id, value, ts }) => `${device_id} ${value} ${ts.getTime()}`)),
    );
    assertOrder(found);
    const { topics } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    assert.equal(topics.length, 4);
    assert.ok(topics.every(({ waiting }) => waiting === 0));
    assert.ok(topics.some(({ published_offset }) => published_offset !== null));
    console.log(`${stored} stored, ${found.length} records, ${found.length - byId.size} of them again`);
  } finally {
    await appliance.stop();
    rmSync(env.SPILLWAY_STATE as string, { recursive: true, force: true });
  }
});

/** Without those that come again, a device's records are in one partition, in the order of their batches and rows. */
function assertOrder(found: readonly KeyedMessage[]): void {
  const last = new Map<string, readonly number[]>();
  const seen = new Set<string>();
  for (const message of found) {
    const { id, device_id } = readingOf(message);
    assert.equal(String(message.key), `default/${device_id}`);
    if (seen.has(id)) continue;
    seen.add(id);
    const [, from = 0, , row = 0] = id.split('-').map(Number);
    const [partition = message.partition, lastFrom = -1, lastRow = -1] = last.get(device_id) ?? [];
    assert.equal(message.partition, partition, device_id);
    assert.ok(from > lastFrom || (from === lastFrom && row > lastRow), `${id} of ${device_id} is behind ${lastFrom}, ${lastRow}`);
    last.set(device_id, [message.partition, from, row]);
  }
}

async function publish(appliance: Appliance, tenant: string, payload: string): Promise<void> {
  await call(appliance, 'POST', '/v1/devices', { tenant, device_id: 'dev-1', token: 'a-token-of-this-test' });
  const options = { clientId: 'dev-1', username: tenant, password: 'a-token-of-this-test' };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options);
  await client.publishAsync('devices/dev-1/telemetry', payload, { qos: 1 });
  await client.publishAsync('devices/dev-1/telemetry', '{"broken', { qos: 1 });
  await client.endAsync();
}

test('each tenant has its own topics, and a stranger reads their records with the .proto file', async () => {
  const proto = protobuf.loadSync(join(root, 'deploy/kafka/records.proto'));
  const decode = (message: string, value: Buffer | null) => {
    const type = proto.lookupType(`spillway.v1.${message}`);
    return type.toObject(type.decode(value ?? new Uint8Array()), { longs: Number });
  };
  const prefix = newPrefix();
  const env = settings(prefix, {
    SPILLWAY_KAFKA_TOPICS: 'telemetry.normalized,dead-letters',
    SPILLWAY_KAFKA_FORMAT: 'protobuf',
    SPILLWAY_KAFKA_TENANT_TOPICS: 'on',
  });
  const appliance = await startAppliance(env);
  try {
    for (const [tenant, value] of [
      ['a.b', 1.5],
      ['a_b', 2.5],
    ] as const) {
      await publish(appliance, tenant, JSON.stringify({ ts: 1_790_000_000_000, metrics: { number: value, text: tenant } }));
    }
    await committed(appliance);
    for (const [tenant, name, value] of [
      ['a.b', 'a_2Eb', 1.5],
      ['a_b', 'a_5Fb', 2.5],
    ] as const) {
      const records = await readTopic(brokers.addresses, `${prefix}telemetry.normalized.${name}`, ({ length }) => length >= 2);
      const readings = records.map(({ value }) => decode('Reading', value));
      assert.deepEqual(
        readings.map(({ tenant, deviceId, metric, timeUs, number, text }) => [tenant, deviceId, metric, timeUs, number, text]),
        [
          [tenant, 'dev-1', 'number', 1_790_000_000_000_000, value, undefined],
          [tenant, 'dev-1', 'text', 1_790_000_000_000_000, undefined, tenant],
        ],
      );
      const [letter] = await readTopic(brokers.addresses, `${prefix}dead-letters.${name}`, ({ length }) => length >= 1);
      const { reason, payload, deviceId } = decode('DeadLetter', letter?.value ?? null);
      assert.deepEqual(
        [String(letter?.key), deviceId, reason, String(payload)],
        [`${tenant}/dev-1`, 'dev-1', 'json_malformed', '{"broken'],
      );
    }
  } finally {
    await appliance.stop();
    rmSync(env.SPILLWAY_STATE as string, { recursive: true, force: true });
  }
});

interface TopicAdmin {
  createTopic(topic: object, done: (error?: Error) => void): void;
  deleteTopic(topic: string, timeoutMs: number, done: (error?: Error) => void): void;
  disconnect(): void;
}

test('readings wait while the brokers refuse the topic; the appliance reports it and resumes by itself', async () => {
  const prefix = newPrefix();
  const topic = `${prefix}telemetry.normalized`;
  const admin = loadAddon().AdminClient.create({ 'metadata.broker.list': brokers.addresses }) as unknown as TopicAdmin;
  // No record is as short as that.
  const config = { 'max.message.bytes': '10' };
  await answered((done) =>
    admin.createTopic({ topic, num_partitions: 1, replication_factor: 1, config }, (error) => done(error as never, 0)),
  );
  const env = settings(prefix);
  const appliance = await startAppliance(env);
  try {
    const load = new Load();
    await load.register(appliance);
    await load.sendOnce(appliance.mqttPort, '{"metrics":{"n":1}}');
    const ready = async () => (await fetch(`${appliance.http}/readyz`)).text();
    await until('it is told', async () => (await ready()).includes(`cannot write to topic ${topic}`));
    const { topics } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    assert.deepEqual(
      topics.filter(({ waiting }) => waiting > 0).map(({ waiting, published_offset }) => [waiting, published_offset]),
      [[1, null]],
    );
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    assert.equal((await sql`select from readings`).length, 0, 'what is not in the topic is not stored');
    await sql.end();
    await answered((done) => admin.deleteTopic(topic, 10_000, (error) => done(error as never, 0)));
    await until('it is ready again', async () => !(await ready()).includes('cannot write'));
    await committed(appliance);
    const found = await readTopic(brokers.addresses, topic, ({ length }) => length >= 1);
    assert.equal(readingOf(found[0] as KeyedMessage).value, 1);
    assert.match(appliance.output(), /topic-not-published[\s\S]*topic-published-again/);
    assert.doesNotMatch(appliance.output(), /store-failing/);
  } finally {
    admin.disconnect();
    await appliance.stop();
    rmSync(env.SPILLWAY_STATE as string, { recursive: true, force: true });
  }
});
