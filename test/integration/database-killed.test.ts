import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

test('the embedded database is killed: acknowledgements go on, it comes back by itself, nothing is missing', async () => {
  const appliance = await startAppliance();
  try {
    const token = 'a-token-for-the-database-test';
    await call(appliance, 'POST', '/v1/devices', { device_id: 'dbkill', token });
    const options = { clientId: 'dbkill', username: 'default', password: token, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
    let seq = 0;
    const publish = async () => {
      seq++;
      await client.publishAsync('devices/dbkill/telemetry', JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq }), { qos: 1 });
    };
    const ready = async () => (await fetch(`${appliance.http}/readyz`)).status === 200 || undefined;
    await publish();
    await committed(appliance);
    const pidFile = join(appliance.stateFolder, 'postgres', 'data', 'postmaster.pid');
    const postmaster = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    process.kill(postmaster, 'SIGKILL');
    for (let message = 0; message < 50; message++) await publish();
    await until('another postmaster runs', async () => {
      const pid = Number(readPid(pidFile));
      return pid > 0 && pid !== postmaster;
    });
    await publish();
    await until('it is ready again', ready);
    await committed(appliance);
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<{ value: number }[]>`select value from raw_metrics where device_id = 'dbkill' order by value`;
    await sql.end();
    assert.deepEqual(
      rows.map((row) => row.value),
      Array.from({ length: seq }, (_, index) => index + 1),
    );
    await client.endAsync();
  } finally {
    await appliance.stop();
  }
});

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}
