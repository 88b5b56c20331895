import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import type { AclRule } from '../../src/contract/acl/acl.js';
import type { IdentityNews } from '../../src/contract/identity/news.js';
import { hashSecret } from '../../src/contract/identity/service.js';
import { until } from '../support/until.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

const SECRET = 'sps_of-all-test-services';
/** Service clients by their ids, from 1. */
const IDS = ['app', 'view'];
const ALL_FOR_APP: AclRule = { id: 1, subject: 'service:app', action: 'both', filter: '#', effect: 'allow' };

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
    await publish(servicesOf('app', 'view'), rulesOf(ALL_FOR_APP));
  });

  after(async () => {
    for (const client of clients) client.end(true);
    await gateway.stop();
  });

  let token = 1_000_000;

  /** Posts rules and service clients as main does. */
  async function publish(...news: IdentityNews[]): Promise<void> {
    gateway.post({ kind: 'identity', token: ++token, news });
    await gateway.caughtUp();
  }
  const rulesOf = (...rules: AclRule[]): IdentityNews => ({ subject: 'acl', tenant: 'default', rules });
  const servicesOf = (...names: string[]): IdentityNews => {
    const services = names.map((name) => ({ id: IDS.indexOf(name) + 1, name, secretHash: hashSecret('default', name, SECRET) }));
    return { subject: 'services', tenant: 'default', services };
  };

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

  test('a rule that is gone takes its messages from clients that are connected, and from those that are away', async () => {
    const asks = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 600 } } as const;
    const secret: AclRule = { id: 2, subject: 'service:view', action: 'both', filter: 'secret/#', effect: 'allow' };
    const openTo: AclRule = { id: 3, subject: 'service:view', action: 'both', filter: 'open/#', effect: 'allow' };
    await publish(rulesOf(ALL_FOR_APP, secret, openTo));
    const [from, here] = [await service('sender'), await open('view', SECRET, { clientId: 'here' })];
    const got = collect(here);
    await here.subscribeAsync(['secret/#', 'open/#'], { qos: 1 });
    await here.publishAsync('secret/own', 'before', { qos: 1 });
    await until('the first message', () => got.length === 1);
    const away = await open('view', SECRET, { clientId: 'away', ...asks });
    await away.subscribeAsync(['secret/#', 'open/#'], { qos: 1 });
    await away.endAsync();
    await from.publishAsync('secret/1', 'waits', { qos: 1 });
    await until('the second message', () => got.length === 2);
    await publish(rulesOf(ALL_FOR_APP, openTo));
    await from.publishAsync('secret/2', 'too late', { qos: 1 });
    await from.publishAsync('open/1', 'for all', { qos: 1 });
    await until('the message that is allowed', () => got.length >= 3);
    const topics = ({ topic }: Got) => topic;
    assert.deepEqual(got.map(topics), ['secret/own', 'secret/1', 'open/1']);
    // What was decided about its topics before is asked again.
    await assert.rejects(here.publishAsync('secret/own', 'after', { qos: 1 }), /Not authorized/);
    const later: string[] = [];
    const back = mqtt.connect(`mqtt://127.0.0.1:${gateway.port}`, {
      ...{ reconnectPeriod: 0, username: 'view', password: SECRET, clientId: 'away' },
      ...asks,
    });
    clients.push(back);
    back.on('message', (topic) => later.push(topic));
    await until('what waits', () => later.length > 0);
    assert.deepEqual(later, ['open/1']);
  });

  test('the class of a device decides at once what it gets', async () => {
    await publish(rulesOf(ALL_FOR_APP, { id: 4, subject: 'class:pump', action: 'both', filter: 'pumps/#', effect: 'allow' }));
    await gateway.putDevices([device(2, 'dev-2', { deviceClass: 'pump' })]);
    const [from, pump] = [await service('foreman'), await ofDevice('dev-2')];
    const got = collect(pump);
    await pump.subscribeAsync(['pumps/#', 'devices/dev-2/commands'], { qos: 1 });
    await pump.publishAsync('pumps/1', 'as a pump', { qos: 1 });
    await until('the first message', () => got.length === 1);
    await gateway.putDevices([device(2, 'dev-2', { deviceClass: 'valve' })]);
    await assert.rejects(pump.publishAsync('pumps/1', 'as a valve', { qos: 1 }));
    await from.publishAsync('pumps/1', 'for pumps', { qos: 1 });
    await from.publishAsync('devices/dev-2/commands', 'for it', { qos: 1 });
    await until('its own message', () => got.length >= 2);
    const payloads = got.map(({ payload }) => payload);
    assert.deepEqual(payloads, ['as a pump', 'for it']);
  });

  test('a service client whose secret is gone is cut off', async () => {
    const view = await open('view', SECRET, { clientId: 'v2' });
    const isClosed = new Promise((resolve) => view.once('close', () => resolve(true)));
    await publish(servicesOf('app'));
    assert.equal(await isClosed, true);
    await assert.rejects(open('view', SECRET, { clientId: 'v2' }));
  });

  test('the session of a service client that is deleted is gone', async () => {
    const asks = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 600 } };
    await publish(servicesOf('app', 'view'));
    const view = await open('view', SECRET, asks);
    await view.endAsync();
    await publish(servicesOf('app'));
    await publish(servicesOf('app', 'view'));
    const again = mqtt.connect(`mqtt://127.0.0.1:${gateway.port}`, {
      ...{ reconnectPeriod: 0, protocolVersion: 5, username: 'view', password: SECRET },
      ...asks,
    });
    clients.push(again);
    const isPresent = await new Promise((resolve) => again.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
    assert.equal(isPresent, false);
  });
});
