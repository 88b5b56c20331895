import assert from 'node:assert/strict';
import postgres from 'postgres';
import { call } from './api.js';
import type { Appliance } from './appliance.js';

// Readings of devices by tenant, for tests in which none may turn up under another device.

const token = 'a-token-for-the-identity-test';

/** Registers devices of a tenant, which all have one token. */
export async function register(appliance: Appliance, tenant: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await call(appliance, 'POST', '/v1/devices', { tenant, device_id: id, token });
}

/** Sends the values from `first` to `last`. */
export async function send(appliance: Appliance, id: string, first: number, last: number): Promise<void> {
  for (let seq = first; seq <= last; seq++) {
    const body = JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${appliance.http}/v1/ingest/${id}`, { method: 'POST', headers, body });
    assert.equal(answer.status, 202, await answer.text());
  }
}

/** What is stored and shown of a device's metric `n`. */
export async function readingsOf(appliance: Appliance, tenant: string, id: string): Promise<number[]> {
  const found = await call<{ points: { value: number }[] }>(appliance, 'GET', `/v1/devices/${id}/metrics?tenant=${tenant}&metric=n`);
  return found.points.map(({ value }) => value).sort((a, b) => a - b);
}

/** Whether nothing at all is known of a device that never sent. */
export async function assertUntouched(appliance: Appliance, tenant: string, id: string): Promise<void> {
  assert.deepEqual(await readingsOf(appliance, tenant, id), [], `${id} has readings of another device`);
  const { metrics } = await call<{ metrics: unknown }>(appliance, 'GET', `/v1/devices/${id}/metrics/latest?tenant=${tenant}`);
  assert.deepEqual(metrics, {}, `${id} has latest values of another device`);
}

/** Rows under numbers of devices that nobody has. */
export async function strangers(databaseUrl: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    const [row] = await sql`select count(*)::int as rows from readings where device_id not in (select id from devices)`;
    return row?.rows;
  } finally {
    await sql.end();
  }
}

/** The reasons of all dead letters. */
export async function lettersOf(appliance: Appliance): Promise<string[]> {
  const { dead_letters } = await call<{ dead_letters: { reason: string }[] }>(appliance, 'GET', '/v1/dead-letters?unknown=true&limit=100');
  return dead_letters.map(({ reason }) => reason);
}
