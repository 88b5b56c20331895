import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed, until } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';

const MESSAGES = 300;

/** The processes of the server whose state lies in the folder. */
function serverPids(stateFolder: string): number[] {
  const postmaster = Number(readFileSync(join(stateFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === postmaster);
  return [postmaster, ...children.map(([pid]) => pid as number)];
}

test('a database that stands still without a word: acknowledgements go on, readiness says so, nothing is missing or doubled', {
  timeout: 120_000,
}, async () => {
  const appliance = await startAppliance();
  const stopped: number[] = [];
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
    for (const pid of serverPids(appliance.stateFolder)) {
      process.kill(pid, 'SIGSTOP');
      stopped.push(pid);
    }
    for (let message = 0; message < MESSAGES; message++) await publish();
    const { lag_bytes } = await call<{ lag_bytes: number }>(appliance, 'GET', '/v1/pipeline/lag');
    assert.ok(lag_bytes > 0);
    const reason = await until('readiness to say so', 30_000, async () => {
      const answer = await fetch(`${appliance.http}/readyz`);
      return answer.status === 503 ? ((await answer.json()) as { reason: string }).reason : undefined;
    });
    assert.match(reason, /^the database is down: it has not answered for 1\d s$/);
    await publish();
    for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
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
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
    await appliance.stop();
  }
});
