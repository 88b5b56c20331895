import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { stopDatabase } from '../support/standing-database.js';
import { until } from '../support/until.js';

const MESSAGES = 300;
const TOKEN = 'a-token-for-the-silence-test';

/** Runs a test over an appliance with the device `silent`, whose database it may let stand still. */
async function overSilence(run: (appliance: Appliance, silence: Silence) => Promise<void>): Promise<void> {
  const appliance = await startAppliance();
  const silence = new Silence(appliance);
  try {
    await call(appliance, 'POST', '/v1/devices', { device_id: 'silent', token: TOKEN });
    await run(appliance, silence);
  } finally {
    silence.release();
    await appliance.stop();
  }
}

class Silence {
  readonly #appliance: Appliance;
  #goOn: (() => void) | undefined;

  constructor(appliance: Appliance) {
    this.#appliance = appliance;
  }

  begin(): void {
    this.#goOn = stopDatabase(this.#appliance.stateFolder);
  }

  /** What readiness says of it, once it does. */
  reason(): Promise<string> {
    return until('readiness to say so', async () => {
      const answer = await fetch(`${this.#appliance.http}/readyz`);
      return answer.status === 503 ? ((await answer.json()) as { reason: string }).reason : undefined;
    });
  }

  /** Resolves when the appliance is ready and everything is committed. */
  async end(): Promise<void> {
    this.release();
    const { http } = this.#appliance;
    await until('it to be ready again', async () => (await fetch(`${http}/readyz`)).status === 200);
    await committed(this.#appliance);
  }

  release(): void {
    this.#goOn?.();
  }
}

test('a database that stands still without a word: acknowledgements go on, readiness says so, nothing is missing or doubled', () =>
  overSilence(async (appliance, silence) => {
    const options = { clientId: 'silent', username: 'default', password: TOKEN, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
    let seq = 0;
    const publish = async () => {
      seq++;
      await client.publishAsync('devices/silent/telemetry', JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq }), { qos: 1 });
    };
    await publish();
    await committed(appliance);
    silence.begin();
    for (let message = 0; message < MESSAGES; message++) await publish();
    const { lag_bytes } = await call<{ lag_bytes: number }>(appliance, 'GET', '/v1/pipeline/lag');
    assert.ok(lag_bytes > 0);
    assert.match(await silence.reason(), /^the database is unavailable: it has not answered for \d+ s$/);
    await publish();
    await silence.end();
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<{ value: number }[]>`select value from raw_metrics where device_id = 'silent' order by value`;
    await sql.end();
    assert.deepEqual(
      rows.map(({ value }) => value),
      Array.from({ length: seq }, (_, index) => index + 1),
    );
    await client.endAsync();
  }));

test('a database that stands still before a new metric has its number: readiness says so, and the message is stored afterwards', () =>
  overSilence(async (appliance, silence) => {
    silence.begin();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const body = JSON.stringify({ ts: Date.now(), metrics: { never_seen: 1 }, seq: 1 });
    const answer = await fetch(`${appliance.http}/v1/ingest/silent`, { method: 'POST', body, headers });
    assert.equal(answer.status, 202);
    assert.match(await silence.reason(), /^the database is unavailable: it has not answered for 5 s$/);
    await silence.end();
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql`select metric_name, value from raw_metrics where device_id = 'silent'`;
    await sql.end();
    assert.deepEqual([...rows], [{ metric_name: 'never_seen', value: 1 }]);
  }));
