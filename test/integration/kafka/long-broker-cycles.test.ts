import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Broker } from '../../../src/cli/selftest/kafka/brokers.js';
import { call, committed } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { Load } from '../../support/kafka/load.js';
import { realBrokers } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

const CYCLES = Number(process.env.BROKER_CYCLES ?? 200);
/** No shorter than a broker takes to start, else every outage outlasts the session by far. */
const SESSION_SECONDS = Number(process.env.BROKER_SESSION_SECONDS ?? 5);
/** The broker is killed after up to so long under load. */
const LOADED_MS_MAX = 4000;
/** An outage ends within so long before or after the session of the process does: there its consumer is fenced. */
const AROUND_MS = 2000;

interface Partition {
  readonly here: boolean;
  readonly durable_offset: string;
  readonly committed_offset: string;
}

async function partitionsOf(appliance: Appliance): Promise<readonly Partition[]> {
  return (await call<{ partitions: Partition[] }>(appliance, 'GET', '/v1/pipeline/lag')).partitions;
}

/** Resolves when every partition has stored what was durable at the call, or a later message; rejects when one stands still. */
async function moved(appliance: Appliance, load: Load): Promise<void> {
  const before = load.acknowledged.size;
  await until('messages are acknowledged again', () => load.acknowledged.size > before + 100);
  const ends = (await partitionsOf(appliance)).map(({ durable_offset }) => BigInt(durable_offset));
  await until('every partition moves', async () =>
    (await partitionsOf(appliance)).every(
      ({ here, committed_offset }, partition) => here && BigInt(committed_offset) >= (ends[partition] as bigint),
    ),
  );
}

/** Kills the broker and has it back after about a session; answers how long it was away, ms, and how long it took to start. */
async function outage(broker: Broker, startMs: number): Promise<{ readonly awayMs: number; readonly startMs: number }> {
  await broker.kill();
  const killedMs = performance.now();
  const wantedMs = SESSION_SECONDS * 1000 + (2 * Math.random() - 1) * AROUND_MS;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, wantedMs - startMs)));
  const beganMs = performance.now();
  await broker.start();
  return { awayMs: performance.now() - killedMs, startMs: performance.now() - beganMs };
}

test(`in ${CYCLES} cycles of kill -9 and restart of the broker under load no partition stands still, nothing is lost or doubled`, async () => {
  const replaced = new Set<string>();
  const resumed = new Set<string>();
  const standstills: string[] = [];
  const brokers = await realBrokers(1);
  let appliance: Appliance | undefined;
  let startMs = 3000;
  let cycles = 0;
  const beganMs = performance.now();
  try {
    appliance = await startAppliance({
      SPILLWAY_LOG: 'kafka',
      SPILLWAY_KAFKA_BROKERS: brokers.addresses,
      SPILLWAY_KAFKA_SESSION_SECONDS: String(SESSION_SECONDS),
    });
    const { output } = appliance;
    const [broker] = brokers.nodes;
    assert.ok(broker);
    const load = new Load(20, 64, 50);
    await load.register(appliance);
    load.start(appliance.mqttPort);
    await moved(appliance, load).catch((error: Error) => assert.fail(`${error.message}, ${load.refusal}\n${output().slice(-4000)}`));
    while (cycles < CYCLES && standstills.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LOADED_MS_MAX));
      const away = await outage(broker, startMs);
      startMs = (startMs + away.startMs) / 2;
      cycles++;
      await moved(appliance, load).catch((error: Error) =>
        standstills.push(`cycle ${cycles}, ${Math.round(away.awayMs)} ms away: ${error.message}\n${output().slice(-4000)}`),
      );
      for (const line of output().split('\n')) {
        if (line.includes('"kafka-consumer-replaced"')) replaced.add(line);
        if (line.includes('"kafka-partition-resumed"')) resumed.add(line);
      }
      const perMinute = (cycles / (performance.now() - beganMs)) * 60_000;
      console.log(
        `cycle ${cycles}: ${Math.round(away.awayMs)} ms away, ${standstills.length} standstills, ${replaced.size} consumers replaced, ${resumed.size} partitions resumed, ${perMinute.toFixed(1)} cycles a minute`,
      );
    }
    assert.deepEqual(standstills, []);
    await load.stop();
    await committed(appliance);
    const stored = await load.verify(appliance.databaseUrl);
    assert.ok(stored >= load.acknowledged.size);
    assert.equal(cycles, CYCLES);
  } finally {
    await appliance?.stop();
    await brokers.stop();
  }
});
