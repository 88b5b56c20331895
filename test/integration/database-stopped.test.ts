import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed, until } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { standStill } from '../support/standing-database.js';

const MESSAGES = 300;

test('a database that stands still without a word: acknowledgements go on, readiness says so, nothing is missing or doubled', {
  timeout: 120_000,
}, async () => {
  const appliance = await startAppliance();
  let database: ReturnType<typeof standStill> | undefined;
  try {
    const token = 'a-token-for-the-silence-test';
    await call(appliance, 'POST', '/v1/devices', { device_id: 'silent', token });
    const options = { clientId: 'silent', username: 'default', password: token, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
    let seq = 0;
    const publish = async () => {
      seq++;
      await client.publishAsync('devices/silent/telemetry', JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq }), { qos: 1 });
    };
    await publish();
    await committed(appliance);
    database = standStill(appliance.stateFolder);
    for (let message = 0; message < MESSAGES; message++) await publish();
    const { lag_bytes } = await call<{ lag_bytes: number }>(appliance, 'GET', '/v1/pipeline/lag');
    assert.ok(lag_bytes > 0);
    const reason = await until('readiness to say so', 30_000, async () => {
      const answer = await fetch(`${appliance.http}/readyz`);
      return answer.status === 503 ? ((await answer.json()) as { reason: string }).reason : undefined;
    });
    assert.match(reason, /^the database is down: it has not answered for 1\d s$/);
    await publish();
    database.goOn();
    await until('it to be ready again', 30_000, async () => (await fetch(`${appliance.http}/readyz`)).status === 200 || undefined);
    await committed(appliance, 60_000);
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<{ value: number }[]>`select value from raw_metrics where device_id = 'silent' order by value`;
    await sql.end();
    assert.deepEqual(
      rows.map(({ value }) => value),
      Array.from({ length: seq }, (_, index) => index + 1),
    );
    await client.endAsync();
  } finally {
    database?.goOn();
    await appliance.stop();
  }
});

test('a database that stands still before a new metric has its number: readiness says so, and the message is stored afterwards', {
  timeout: 120_000,
}, async () => {
  const appliance = await startAppliance();
  let database: ReturnType<typeof standStill> | undefined;
  try {
    const token = 'a-token-for-the-silence-test';
    await call(appliance, 'POST', '/v1/devices', { device_id: 'silent', token });
    database = standStill(appliance.stateFolder);
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ ts: Date.now(), metrics: { never_seen: 1 }, seq: 1 });
    const answer = await fetch(`${appliance.http}/v1/ingest/silent`, { method: 'POST', body, headers });
    assert.equal(answer.status, 202);
    const reason = await until('readiness to say so', 30_000, async () => {
      const found = await fetch(`${appliance.http}/readyz`);
      return found.status === 503 ? ((await found.json()) as { reason: string }).reason : undefined;
    });
    assert.match(reason, /^the database is down: it has numbered no new metric for 1\d s$/);
    database.goOn();
    await until('it to be ready again', 30_000, async () => (await fetch(`${appliance.http}/readyz`)).status === 200 || undefined);
    await committed(appliance, 60_000);
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql`select metric_name, value from raw_metrics where device_id = 'silent'`;
    await sql.end();
    assert.deepEqual([...rows], [{ metric_name: 'never_seen', value: 1 }]);
  } finally {
    database?.goOn();
    await appliance.stop();
  }
});
