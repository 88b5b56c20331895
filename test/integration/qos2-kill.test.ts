import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import postgres from 'postgres';
import { bytes, connect, properties, pubcomp, publish, pubrec, pubrel, u16 } from '../cases/mqtt-bytes.js';
import { RawClient } from '../gateway/raw-client.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-for-the-qos-2-test';
const SESSION_EXPIRY = bytes(0x11, u16(0), u16(3600));
/** No texts in answers. */
const NO_REASONS = bytes(0x17, 0);
const KEPT = 0xc0;

/** A device whose session outlives its connection; answers with its CONNACK's session present and code. */
async function login({ mqttPort }: Appliance, level: 4 | 5): Promise<{ client: RawClient; connack: number[] }> {
  const client = await RawClient.open(mqttPort);
  const clientId = `d${level}`;
  client.write(connect({ level, clientId, password: TOKEN, flags: KEPT, properties: properties(SESSION_EXPIRY, NO_REASONS) }));
  await until('CONNACK', () => client.heard.length > 1 && client.heard.length >= 2 + (client.heard[1] as number));
  const connack = [...client.heard.subarray(2, 4)];
  client.heard = client.heard.subarray(2 + (client.heard[1] as number));
  return { client, connack };
}

test('kill -9 between PUBREC and PUBREL: the session is present, the id is known, and the message is stored once', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-qos2-'));
  let appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  try {
    for (const level of [4, 5] as const) await call(appliance, 'POST', '/v1/devices', { device_id: `d${level}`, token: TOKEN });
    const message = (level: 4 | 5, dup = false) =>
      publish({ level, topic: `devices/d${level}/telemetry`, qos: 2, packetId: 7, dup, payload: '{"metrics":{"v":1}}' });
    for (const level of [4, 5] as const) {
      const { client, connack } = await login(appliance, level);
      assert.deepEqual(connack, [0, 0]);
      client.write(message(level));
      await client.expect(pubrec(7));
    }
    await appliance.kill();
    appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
    for (const level of [4, 5] as const) {
      const { client, connack } = await login(appliance, level);
      assert.deepEqual(connack, [1, 0], `session present at level ${level}`);
      // PUBREC may not have come: the client sends the message again, and after it PUBREL.
      client.write(message(level, true));
      await client.expect(pubrec(7));
      client.write(pubrel(7));
      await client.expect(pubcomp(7));
      client.write(pubrel(7));
      await client.expect(level === 5 ? pubcomp(7, 0x92) : pubcomp(7));
      client.socket.destroy();
    }
    await committed(appliance);
    const sql = postgres(appliance.databaseUrl, { max: 1, onnotice: () => {} });
    try {
      assert.deepEqual(
        [...(await sql`select device_id, count(*)::int as rows from readings group by device_id order by device_id`)].length,
        2,
      );
      assert.equal((await sql`select count(*)::int as rows from readings`)[0]?.rows, 2);
    } finally {
      await sql.end();
    }
  } finally {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
