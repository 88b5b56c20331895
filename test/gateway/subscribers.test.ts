import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { hashSecret } from '../../src/contract/identity/service.js';
import { until } from '../support/until.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

const SECRET = 'sps_of-all-test-services';

interface Got {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly isRetained: boolean;
}

describe('subscribers', () => {
  let gateway: GatewayThread;
  const clients: mqtt.MqttClient[] = [];

  before(async () => {
    gateway = await GatewayThread.start([device(1, 'dev-1'), device(2, 'dev-2')]);
    const services = ['app', 'view'].map((name, index) => ({ id: index + 1, name, secretHash: hashSecret('default', name, SECRET) }));
    const rules = [{ id: 1, subject: 'service:app', action: 'both', filter: '#', effect: 'allow' } as const];
    gateway.post({
      kind: 'identity',
      token: 1_000_000,
      news: [
        { subject: 'services', tenant: 'default', services },
        { subject: 'acl', tenant: 'default', rules },
      ],
    });
    await gateway.caughtUp();
  });

  after(async () => {
    for (const client of clients) client.end(true);
    await gateway.stop();
  });

  async function open(username: string, password: string, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
    const settings = { reconnectPeriod: 0, protocolVersion: 5, username, password, ...options } as const;
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.port}`, settings);
    clients.push(client);
    return client;
  }
  const service = (clientId: string, options: mqtt.IClientOptions = {}) => open('app', SECRET, { clientId, ...options });
  const ofDevice = (clientId: string, options: mqtt.IClientOptions = {}) => open('default', TOKEN, { clientId, ...options });

  function collect(client: mqtt.MqttClient): Got[] {
    const got: Got[] = [];
    client.on('message', (topic, payload, { qos, retain }) => got.push({ topic, payload: payload.toString(), qos, isRetained: retain }));
    return got;
  }

  for (const qos of [0, 1, 2] as const) {
    test(`a message at QoS ${qos} reaches those who subscribed, once, and no telemetry comes of it`, async () => {
      const [from, to] = [await service(`from-${qos}`), await service(`to-${qos}`)];
      const got = collect(to);
      await to.subscribeAsync([`room-${qos}/+`, `room-${qos}/#`], { qos: 2 });
      const records = gateway.records.length;
      await from.publishAsync(`room-${qos}/light`, 'on', { qos });
      await until('the message', () => got.length > 0);
      assert.deepEqual(got, [{ topic: `room-${qos}/light`, payload: 'on', qos, isRetained: false }]);
      assert.equal(gateway.records.length, records);
    });
  }

  test('telemetry is stored and handed on, in the order in which it came, and acknowledged after both', async () => {
    const [to, from] = [await service('reader'), await ofDevice('dev-1')];
    const got = collect(to);
    await to.subscribeAsync('devices/+/telemetry', { qos: 1 });
    const payloads = Array.from({ length: 200 }, (_, index) => `{"metrics":{"v":${index}}}`);
    await Promise.all(payloads.map((payload) => from.publishAsync('devices/dev-1/telemetry', payload, { qos: 1 })));
    await until('all of it', () => got.length === payloads.length);
    assert.deepEqual(
      got.map(({ payload }) => payload),
      payloads,
    );
    const stored = gateway.records.filter((record) => record.device === 1).map(({ payload }) => payload);
    assert.deepEqual(stored, payloads);
  });

  test('a command at QoS 2 waits for a device whose session outlives its connection', async () => {
    const asks = { clean: false, properties: { sessionExpiryInterval: 600 } };
    const first = await ofDevice('dev-2', asks);
    await first.subscribeAsync('devices/dev-2/commands', { qos: 2 });
    await first.endAsync();
    const from = await service('operator');
    await from.publishAsync('devices/dev-2/commands', 'restart', { qos: 2 });
    const got: Got[] = [];
    const again = mqtt.connect(`mqtt://127.0.0.1:${gateway.port}`, {
      ...{ reconnectPeriod: 0, protocolVersion: 5, username: 'default', password: TOKEN, clientId: 'dev-2' },
      ...asks,
    });
    clients.push(again);
    again.on('message', (topic, payload, { qos, retain }) => got.push({ topic, payload: payload.toString(), qos, isRetained: retain }));
    const isPresent = await new Promise((resolve) => again.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
    assert.equal(isPresent, true);
    await until('the command', () => got.length === 1);
    assert.deepEqual(got, [{ topic: 'devices/dev-2/commands', payload: 'restart', qos: 2, isRetained: false }]);
  });

  test('a retained message comes with the subscription', async () => {
    const from = await service('keeper');
    await from.publishAsync('state/door', 'open', { qos: 1, retain: true });
    const to = await service('late');
    const got = collect(to);
    await to.subscribeAsync('state/#', { qos: 1 });
    await until('the state', () => got.length === 1);
    assert.deepEqual(got, [{ topic: 'state/door', payload: 'open', qos: 1, isRetained: true }]);
  });

  test('a will that is telemetry is stored, and one that is a message reaches its subscribers', async () => {
    const to = await service('mourner');
    const got = collect(to);
    await to.subscribeAsync('gone/#', { qos: 1 });
    const lost = await ofDevice('dev-1', {
      will: { topic: 'devices/dev-1/telemetry', payload: Buffer.from('{"metrics":{"gone":1}}'), qos: 1 },
    });
    const app = await service('lost', { will: { topic: 'gone/app', payload: Buffer.from('crashed'), qos: 1 } });
    lost.stream.destroy();
    app.stream.destroy();
    await until('the will of the device', () => gateway.records.some(({ payload }) => payload.includes('gone')));
    await until('the will of the service', () => got.length === 1);
    assert.equal(got[0]?.payload, 'crashed');
  });

  test('nobody publishes or subscribes where no rule lets them, and telemetry is of devices alone', async () => {
    const [view, dev, app] = [await open('view', SECRET, { clientId: 'v' }), await ofDevice('dev-2'), await service('app-x')];
    await assert.rejects(view.subscribeAsync('state/#'));
    await assert.rejects(view.publishAsync('state/door', 'shut', { qos: 1 }), /Not authorized/);
    await assert.rejects(dev.subscribeAsync('devices/+/telemetry'));
    await assert.rejects(dev.publishAsync('state/door', 'shut', { qos: 1 }));
    await assert.rejects(app.publishAsync('devices/dev-1/telemetry', '{"metrics":{"v":1}}', { qos: 1 }), /Not authorized/);
  });

  test('a service client is one client for each client id: the newer connection takes its session over', async () => {
    const older = await service('twin');
    const isClosed = new Promise((resolve) => older.once('close', () => resolve(true)));
    await service('twin');
    assert.equal(await isClosed, true);
  });

  test('a service client whose secret is gone is cut off', async () => {
    const view = await open('view', SECRET, { clientId: 'v2' });
    const isClosed = new Promise((resolve) => view.once('close', () => resolve(true)));
    const services = [{ id: 1, name: 'app', secretHash: hashSecret('default', 'app', SECRET) }];
    gateway.post({ kind: 'identity', token: 1_000_001, news: [{ subject: 'services', tenant: 'default', services }] });
    assert.equal(await isClosed, true);
    await assert.rejects(open('view', SECRET, { clientId: 'v2' }));
  });
});
