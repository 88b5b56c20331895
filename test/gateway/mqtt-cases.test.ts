import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusalCode } from '../../src/contract/codes.js';
import { mqttCases } from '../cases/mqtt.js';
import { packet, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs, type MqttCase } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { until } from '../support/until.js';
import { GatewayThread } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

describe('the catalogue of packets over real sockets', () => {
  let gateway: GatewayThread;
  let bystander: RawClient;
  before(async () => {
    gateway = await GatewayThread.start(caseDevices);
    bystander = await RawClient.login(gateway.port, 'dev-2', 5);
  });
  after(async () => {
    bystander.close();
    await gateway.stop();
  });

  async function play(each: MqttCase): Promise<void> {
    const refusals = gateway.refusals();
    const recordsBefore = gateway.records.length;
    const client = each.level === 0 ? await RawClient.open(gateway.port) : await RawClient.login(gateway.port, 'dev-1', each.level);
    client.write(each.bytes);
    await client.expect(each.answer ?? Buffer.alloc(0));
    if (each.closes) await client.expectEnd();
    else await client.expectPing();
    const name = each.code === undefined ? undefined : refusalCode(each.code).name;
    if (name !== undefined) refusals[name] = (refusals[name] ?? 0) + 1;
    assert.deepEqual(gateway.refusals(), refusals);
    const devices = each.records ?? [];
    await until('the records', () => gateway.records.length >= recordsBefore + devices.length);
    assert.deepEqual(
      gateway.records.slice(recordsBefore).map((record) => record.device),
      devices,
    );
    gateway.assertAccounts();
    await bystander.expectPing();
    client.write(packet(0xe0));
    await client.expectEnd();
    client.close();
  }

  for (const each of mqttCases) test(each.name, () => play(each));

  test('PUBLISH split into two writes at every byte', async () => {
    const sent = publish({ level: 5, topic: 'devices/dev-1/telemetry', qos: 1, packetId: 77, payload: '{"metrics":{"t":1}}' });
    const client = await RawClient.login(gateway.port, 'dev-1', 5);
    for (let cut = 1; cut < sent.length; cut++) {
      await client.written(sent.subarray(0, cut));
      await client.written(sent.subarray(cut));
      await client.expect(packet(0x40, 0, 77));
    }
    client.close();
  });

  test('CONNECT and PUBLISH sent byte by byte', async () => {
    const client = await RawClient.open(gateway.port);
    for (const byte of connectAs(4)) await client.written(Buffer.of(byte));
    await client.expect(connackAccepted[4]);
    for (const byte of publish({ level: 4, topic: 'devices/dev-1/telemetry', qos: 1 })) await client.written(Buffer.of(byte));
    await client.expect(packet(0x40, 0, 1));
    client.close();
  });

  test('PUBLISH cut at every byte and then closed leaves nothing', async () => {
    const sent = publish({ level: 4, topic: 'devices/dev-1/telemetry', qos: 1, payload: 'never to be seen' });
    const before = gateway.records.length;
    for (let cut = 1; cut < sent.length; cut++) {
      const client = await RawClient.login(gateway.port, 'dev-1', 4);
      client.socket.end(sent.subarray(0, cut));
      await client.expectEnd();
    }
    await bystander.expectPing();
    assert.equal(gateway.records.length, before);
    gateway.assertAccounts();
  });
});
