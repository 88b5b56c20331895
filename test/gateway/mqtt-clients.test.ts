import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { connect, connectAsync, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { PACKET_BYTES_MAX } from '../../assembly/abi/limits.js';
import { until } from '../support/until.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

describe('mqtt.js', () => {
  let gateway: GatewayThread;
  before(async () => {
    gateway = await GatewayThread.start([
      device(1, 'dev-1'),
      device(2, 'dev-2', { tenant: 'acme' }),
      device(3, 'gw-1'),
      device(4, 'sub-1', { via: 3 }),
      device(5, 'sub-2', { via: 3 }),
    ]);
  });
  after(() => gateway.stop());

  function open(clientId: string, protocolVersion: 4 | 5, more: IClientOptions = {}): Promise<MqttClient> {
    const url = `mqtt://127.0.0.1:${gateway.port}`;
    return connectAsync(url, { clientId, username: 'default', password: TOKEN, protocolVersion, reconnectPeriod: 0, ...more });
  }
  const payloadsOf = (number: number) => gateway.records.filter((record) => record.device === number).map((record) => record.payload);

  for (const version of [4, 5] as const) {
    test(`version ${version}: publishes at QoS 0, 1 and 2, pings, subscribes, and says goodbye`, async () => {
      const client = await open('dev-1', version);
      client.publish('devices/dev-1/telemetry', `q0-v${version}`);
      await client.publishAsync('devices/dev-1/telemetry', `q1-v${version}`, { qos: 1 });
      assert.ok(payloadsOf(1).includes(`q0-v${version}`), 'the earlier message is durable with the later one');
      assert.ok(payloadsOf(1).includes(`q1-v${version}`));
      const many = Array.from({ length: 300 }, (_, i) => `q2-v${version}-${i}`);
      await Promise.all(many.map((payload) => client.publishAsync('devices/dev-1/telemetry', payload, { qos: 2 })));
      assert.deepEqual(
        payloadsOf(1).filter((payload) => payload.startsWith(`q2-v${version}`)),
        many,
      );
      const grants = await client.subscribeAsync(['devices/dev-1/commands/#'], { qos: 2 });
      assert.deepEqual(
        grants.map((grant) => grant.qos),
        [2],
      );
      await assert.rejects(client.subscribeAsync('devices/dev-2/commands'));
      await client.unsubscribeAsync('devices/dev-1/commands/#');
      const ended = gateway.of('disconnected').length;
      await client.endAsync();
      await until('the goodbye', () => gateway.of('disconnected').length > ended);
      const { device, code } = gateway.of('disconnected')[ended] as { device: number; code: number };
      assert.deepEqual([device, code], [1, CODE_NONE]);
    });
  }

  test('a gateway device publishes for its own sub-devices, on either topic, and for no other device', async () => {
    const client = await open('gw-1', 5);
    await client.publishAsync('devices/sub-1/telemetry', 'one', { qos: 1 });
    await client.publishAsync('tenant/default/device/sub-2/data', 'two', { qos: 1 });
    await assert.rejects(client.publishAsync('devices/dev-1/telemetry', 'three', { qos: 1 }), /Not authorized/);
    await assert.rejects(client.publishAsync('devices/unknown/telemetry', 'four', { qos: 1 }), /Not authorized/);
    assert.deepEqual([payloadsOf(4), payloadsOf(5)], [['one'], ['two']]);
    assert.ok(!payloadsOf(1).includes('three'));
    await client.endAsync();
  });

  test('a device of another tenant connects with its tenant as user name', async () => {
    await assert.rejects(open('dev-2', 4));
    const client = await open('dev-2', 4, { username: 'acme' });
    await client.publishAsync('tenant/acme/device/dev-2/data', 'hello', { qos: 1 });
    assert.deepEqual(payloadsOf(2), ['hello']);
    await client.endAsync();
  });

  test('a connection says what the gateway can do', async () => {
    const url = `mqtt://127.0.0.1:${gateway.port}`;
    const options = { clientId: 'dev-1', username: 'default', password: TOKEN, protocolVersion: 5 as const, reconnectPeriod: 0 };
    const client = connect(url, options);
    const connack = await new Promise<IConnackPacket>((resolve) => client.once('connect', resolve));
    assert.equal(connack.sessionPresent, false);
    assert.equal(connack.properties?.maximumQoS, undefined, 'absent: QoS 2');
    assert.equal(connack.properties?.retainAvailable, undefined, 'absent: RETAIN is taken');
    assert.equal(connack.properties?.maximumPacketSize, PACKET_BYTES_MAX);
    await client.endAsync();
  });
});

const withoutMosquitto = spawnSync('mosquitto_pub', ['--help']).error ? 'mosquitto_pub is not installed' : false;

describe("Mosquitto's client", { skip: withoutMosquitto }, () => {
  let gateway: GatewayThread;
  before(async () => {
    gateway = await GatewayThread.start([device(1, 'dev-1')]);
  });
  after(() => gateway.stop());

  for (const version of ['311', '5']) {
    for (const qos of ['1', '2']) {
      test(`version ${version} at QoS ${qos} ends well and leaves each message once`, async () => {
        const before = gateway.records.length;
        const to = ['-h', '127.0.0.1', '-p', `${gateway.port}`, '-i', 'dev-1', '-u', 'default', '-P', TOKEN, '-V', version, '-q', qos];
        await promisify(execFile)('mosquitto_pub', [...to, '-t', 'devices/dev-1/telemetry', '-m', `v${version}`, '--repeat', '25']);
        const seen = gateway.records.slice(before).map(({ payload }) => payload);
        assert.deepEqual(seen, Array(25).fill(`v${version}`));
      });
    }
  }
});
