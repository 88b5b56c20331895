import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { outcomeOf, runSpillway } from '../cli/run-spillway.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';

const TOKEN = 'a-token-of-one-device';
const folder = mkdtempSync(join(tmpdir(), 'spillway-zones-'));

let appliance: Appliance;
let client: MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'plug', tenant: 'acme', token: TOKEN });
  const options = { clientId: 'plug', username: 'acme', password: TOKEN, protocolVersion: 4, reconnectPeriod: 0 } as const;
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await client?.endAsync();
  await appliance?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** When the newest temperature was taken, of a message that says this time. */
async function storedAt(time: string, temperature: number): Promise<string | undefined> {
  const payload = JSON.stringify({ Time: time, SHT3X: { Temperature: temperature } });
  await client.publishAsync('tele/plug/SENSOR', payload, { qos: 1 });
  await committed(appliance);
  const { metrics } = await call<{ metrics: Record<string, { value: number; ts: string }> }>(
    appliance,
    'GET',
    '/v1/devices/plug/metrics/latest?tenant=acme',
  );
  const newest = metrics['SHT3X.Temperature'];
  assert.equal(newest?.value, temperature);
  return newest.ts;
}

test('a plug that says its local time is stored at the moment that its clock showed', async (t) => {
  const spillway = async (...args: string[]) => {
    const ran = await outcomeOf(runSpillway(t, folder, [...args, '--url', appliance.http], { SPILLWAY_ADMIN_KEY: appliance.adminKey }));
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  // The clocks of both zones are ahead of the test's by less than the day that a device's time may be.
  const local = (timeZone: string) => new Date().toLocaleString('sv-SE', { timeZone }).replace(' ', 'T');
  const moment = (time: string, aheadHours: number) => Date.parse(`${time}Z`) - aheadHours * 3_600_000;
  assert.match(await spillway('tenant', 'time-zone', 'acme', 'Asia/Tokyo'), /are those of Asia\/Tokyo\n$/);
  const tokyo = local('Asia/Tokyo');
  assert.equal(Date.parse((await storedAt(tokyo, 21.5))!), moment(tokyo, 9));
  await spillway('device', 'set', 'plug', '--tenant', 'acme', '--time-zone', 'Asia/Kathmandu');
  const kathmandu = new Date(Date.now() + 60_000).toLocaleString('sv-SE', { timeZone: 'Asia/Kathmandu' }).replace(' ', 'T');
  assert.equal(Date.parse((await storedAt(kathmandu, 22))!), moment(kathmandu, 5.75));
  assert.match(await spillway('device', 'show', 'plug', '--tenant', 'acme'), /time zone +Asia\/Kathmandu/);
  const scraped = await fetch(`${appliance.http}/metrics`, { headers: { authorization: `Bearer ${appliance.adminKey}` } });
  assert.match(await scraped.text(), /spillway_times_without_zone_total\{taken="time_zone"\} 2\n/);
});
