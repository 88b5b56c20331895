import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { get as payloadCodec } from 'sparkplug-payload';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-of-one-device';
const codec = payloadCodec('spBv1.0')!;
type UPayload = Parameters<typeof codec.encodePayload>[0];

let appliance: Appliance;
let edge: MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'edge-09', token: TOKEN });
  const options = { clientId: 'edge-09', username: 'default', password: TOKEN, reconnectPeriod: 0 } as const;
  edge = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await edge?.endAsync();
  await appliance?.stop();
});

function send(type: string, payload: UPayload) {
  return edge.publishAsync(`spBv1.0/plant-1/${type}/edge-09`, Buffer.from(codec.encodePayload(payload)), { qos: 1 });
}

const aliased = (value: number, seq: number): UPayload => ({
  timestamp: Date.now(),
  metrics: [{ alias: 1, value, type: 'Double', timestamp: Date.now() } as never],
  seq,
});

test('an edge node whose birth was missed is asked for it, and what it sends afterwards is stored', async () => {
  const commands: string[] = [];
  edge.on('message', (topic, payload) => {
    for (const { name, value } of codec.decodePayload(payload).metrics ?? []) commands.push(`${topic} ${name} ${value}`);
  });
  const granted = await edge.subscribeAsync(['spBv1.0/plant-1/NCMD/edge-09/#', 'spBv1.0/plant-1/DCMD/edge-09/#', 'spBv1.0/STATE/scada'], {
    qos: 1,
  });
  assert.deepEqual(
    granted.map(({ qos }) => qos),
    [1, 1, 1],
  );
  await assert.rejects(edge.subscribeAsync('spBv1.0/plant-1/NCMD/edge-10'), 'commands of others are not its own');
  await send('NDATA', aliased(20.5, 7));
  await until('the command is there', () => commands.length > 0);
  assert.deepEqual(commands, ['spBv1.0/plant-1/NCMD/edge-09 Node Control/Rebirth true']);
  await send('NBIRTH', {
    timestamp: Date.now(),
    metrics: [{ name: 'bdSeq', value: 0, type: 'Int64' }, { name: 'Temperature', alias: 1, value: 21, type: 'Double' } as never],
    seq: 0,
  });
  await send('NDATA', aliased(22.25, 1));
  await committed(appliance);
  const { metrics } = await call<{ metrics: Record<string, { value: number }> }>(appliance, 'GET', '/v1/devices/edge-09/metrics/latest');
  assert.equal(metrics.Temperature?.value, 22.25);
  const scraped = await fetch(`${appliance.http}/metrics`, { headers: { authorization: `Bearer ${appliance.adminKey}` } });
  assert.match(await scraped.text(), /spillway_sparkplug_rebirths_asked_total 1\n/);
});
