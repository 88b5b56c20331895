import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { call } from '../../support/api.js';
import type { Appliance } from '../../support/appliance.js';
import { more, owns, partitions } from '../../support/kafka/deployment.js';
import { Deployments } from '../../support/kafka/deployments.js';
import { Load, startLoad, TOKEN } from '../../support/kafka/load.js';
import { fenceMember } from '../../support/kafka/twin.js';
import { until } from '../../support/until.js';

// Devices connect to one process, others run the partitions; checkpoints are in a folder that all of them see.

const FENCINGS = 1;

const deployments = new Deployments();

async function fencings(process: Appliance): Promise<number> {
  const text = await (await fetch(`${process.http}/metrics`)).text();
  return Number(/^spillway_pipeline_fenced_total (\d+)/m.exec(text)?.[1]);
}

test('partitions move under load as a process comes and is killed: nothing is lost, nothing comes twice', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const first = await deployments.start('first', 'pipeline');
  const load = await startLoad(gateway);
  await owns(first, 4);
  await more(load, 1000);
  const second = await deployments.start('second', 'pipeline');
  await owns(second, 2);
  await owns(first, 2);
  await more(load, 1000);
  await second.kill();
  await owns(first, 4);
  await more(load, 1000);
  await deployments.current.verify(load, gateway);
  for (const { output } of [gateway, first])
    assert.doesNotMatch(output(), /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused/);
});

test('a pipeline killed between COPY and commit: its successor resumes at the committed offset', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const pipeline = await deployments.start('pipeline', 'pipeline');
  const load = await startLoad(gateway);
  await more(load, 1000);
  const isWrittenDown = async () => (await partitions(pipeline)).some(({ checkpoint_offset }) => checkpoint_offset !== null);
  await until('its state is written down', isWrittenDown);
  // Constraints that are looked at when a transaction ends: it stands where all rows are copied and nothing is committed.
  await deployments.current.database.sql.unsafe(`
    create function wait_at_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(3); return null; end $$;
    create constraint trigger wait_at_commit after update on pipeline_offsets deferrable initially deferred
      for each row execute function wait_at_commit()`);
  const committing = async () =>
    (await deployments.current.database.sql`select pid from pg_stat_activity where state = 'active' and query = 'commit'`).map(
      ({ pid }) => pid,
    );
  const pids = await until('a transaction is about to commit', async () => {
    const found = await committing();
    return found.length > 0 && found;
  });
  await pipeline.kill();
  // One of them is undone by the server, the others it may still commit although nobody hears of it.
  await deployments.current.database.sql`select pg_terminate_backend(${pids[0] as number})`;
  await deployments.current.database.sql.unsafe('drop trigger wait_at_commit on pipeline_offsets');
  const again = await deployments.start('pipeline', 'pipeline');
  await owns(again, 4);
  await more(load, 1000);
  await deployments.current.verify(load, gateway);
  assert.match(again.output(), /checkpoint-loaded/);
});

test('a process that stood still and lost its partitions commits nothing more, and comes back', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const still = await deployments.start('still', 'pipeline');
  const load = await startLoad(gateway);
  await owns(still, 4);
  await more(load, 1000);
  process.kill(still.pid, 'SIGSTOP');
  const other = await deployments.start('other', 'pipeline');
  await owns(other, 4);
  await more(load, 1000);
  process.kill(still.pid, 'SIGCONT');
  await more(load, 1000);
  await deployments.current.verify(load, gateway);
  // It had a batch to commit, which was refused, or it hears of the group first.
  await until('it gives them up', () => /kafka-member-fenced|kafka-partitions-revoked/.test(still.output()));
  await owns(still, 2);
  await owns(other, 2);
});

test('a process whose partition another one takes leaves the group, joins it again, and nothing is lost or doubled', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const pipeline = await deployments.start('pipeline', 'pipeline');
  const load = await startLoad(gateway);
  await owns(pipeline, 4);
  await more(load, 1000);
  const { sql } = deployments.current.database;
  for (let taken = 1; taken <= FENCINGS; taken++) {
    await sql`update pipeline_offsets set owner = 'another' where partition_id = 2`;
    await until(`it was fenced ${taken} times`, async () => (await fencings(pipeline)) === taken);
    await until('it has the partition again', async () => {
      const [row] = await sql`select count(distinct owner)::int as owners, min(owner) <> 'another' as is_own from pipeline_offsets`;
      return row?.owners === 1 && row?.is_own;
    });
    await owns(pipeline, 4);
    await more(load, 1000);
  }
  await deployments.current.verify(load, gateway);
  const output = pipeline.output();
  assert.match(output, /kafka-member-fenced/);
  assert.match(output, /kafka-member-rejoined/);
  assert.doesNotMatch(output, /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused/);
  await pipeline.stop();
});

test('a consumer that the brokers refuse for good is replaced: its partitions move again, nothing is lost or doubled', async () => {
  const gateway = await deployments.start('gateway', 'gateway,control');
  const pipeline = await deployments.start('pipeline', 'pipeline');
  const load = await startLoad(gateway);
  await owns(pipeline, 4);
  await more(load, 1000);
  const name = readFileSync(join(deployments.current.folder, 'pipeline', 'node-name'), 'utf8').trim();
  await fenceMember(deployments.addresses, `spillway:${deployments.current.topic}`, name, deployments.current.topic);
  await until('it is reported', () => /"level":"error".*"msg":"kafka-consumer-replaced"/.test(pipeline.output()));
  await owns(pipeline, 4);
  await more(load, 1000);
  await deployments.current.verify(load, gateway);
  assert.equal((await fetch(`${pipeline.http}/readyz`)).status, 200);
  assert.doesNotMatch(pipeline.output(), /log-gap-skipped|log-blocks-missing|ledger-unbalanced|checkpoint-refused/);
});

test('devices and metrics that one process registers are known to the others', async () => {
  const control = await deployments.start('control', 'control');
  const gateway = await deployments.start('gateway', 'gateway');
  const pipeline = await deployments.start('pipeline', 'pipeline');
  const load = new Load();
  await load.register(control);
  // The device is told to the gateway by way of the database.
  await until('the gateway knows it', () => load.trySendOnce(gateway.mqttPort, JSON.stringify({ metrics: { new_metric: 4 } })));
  await owns(pipeline, 4);
  const values = async () => {
    const { points } = await call<{ points: { value: number }[] }>(control, 'GET', '/v1/devices/kafka-1/metrics?metric=new_metric');
    return points.map(({ value }) => value);
  };
  await until('the value is there', async () => (await values()).length > 0);
  assert.deepEqual(await values(), [4]);
  // Who waits at the gateway is told what the pipeline of another process made of the message.
  const judged = await fetch(`${gateway.http}/v1/ingest/kafka-1?wait=decoded`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '[{"metrics":{"new_metric":5}},{"metrics":{"new_metric":"x","new_metric":6}}]',
  });
  const { accepted, dead, unknown } = (await judged.json()) as { accepted: number; dead: { code: string }[]; unknown: unknown[] };
  assert.deepEqual([judged.status, accepted, dead.map(({ code }) => code), unknown], [202, 1, ['metric_duplicate'], []]);
  assert.equal((await fetch(`${gateway.http}/v1/devices/kafka-1`, { headers: { authorization: 'Bearer test-admin-key' } })).status, 404);
  assert.equal((await fetch(`${gateway.http}/healthz`)).status, 200);
});
