import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { storedToken } from '../../src/contract/token.js';
import { claimOf } from '../../src/gateway/mqtt/sign-in.js';
import { bytes, connect, packet, properties, publish, u16 } from '../cases/mqtt-bytes.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const OWN_TOKEN = 'a-token-that-no-other-device-has';
const AWS = '?SDK=IoTDeviceSDK/Python&Platform=Unix&Metadata=(CRTVersion=0.36.1;IoTSDKVersion=1.31.0)';
const AZURE = 'hub.example/az-1/?api-version=2019-10-01&DeviceClientType=azure-iot-device';

const devices = [
  device(1, 'dev-1'),
  device(2, 'az-1'),
  device(3, 'edge-07', { tenant: 'acme' }),
  device(4, 'tb-1', { tenant: 'acme', tokenHash: storedToken('acme', 'tb-1', OWN_TOKEN) }),
  device(5, 'twin-1', { tokenHash: storedToken('default', 'twin-1', 'a-token-of-two') }),
  device(6, 'twin-2', { tokenHash: storedToken('default', 'twin-2', 'a-token-of-two') }),
];

/** CONNECT with any of client id, user name and password; answers the device that was let in, or the code of CONNACK. */
function signIn(level: 4 | 5, clientId: string, user?: string, password?: string, clean = true): number | string {
  const driver = new KernelDriver(devices);
  driver.open(0);
  const flags = (clean ? 2 : 0) | (user === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
  const rest = [user, password].filter((part) => part !== undefined);
  driver.feed(0, connect({ level, clientId, flags, keepAlive: 1200, rest, properties: properties(0x17, 0) }));
  const connack = driver.sent(0);
  const connected = driver.messages.find((message) => message.kind === 'connected');
  return connected?.kind === 'connected' ? connected.device : `0x${connack[3]?.toString(16)}`;
}

test('each way to sign in says which device it is, and its token has to be right', () => {
  for (const level of [4, 5] as const) {
    const refused = level === 4 ? '0x4' : '0x86';
    assert.equal(signIn(level, 'dev-1', 'default', TOKEN), 1);
    assert.equal(signIn(level, 'dev-1', `default${AWS}`, TOKEN), 1, 'AWS, with a user name of its own');
    assert.equal(signIn(level, 'dev-1', AWS, TOKEN), 1, 'AWS, with a password alone');
    assert.equal(signIn(level, 'dev-1', TOKEN + AWS), 1, 'AWS, the token as user name');
    assert.equal(signIn(level, 'dev-1', AWS), refused, 'AWS, with nothing that proves who it is');
    assert.equal(signIn(level, 'az-1', AZURE, TOKEN, false), 2, 'Azure');
    assert.equal(signIn(level, 'az-1', AZURE, 'wrong'), refused);
    assert.equal(signIn(level, 'Telegraf-Output-x7k2p', 'acme/edge-07', TOKEN), 3, 'Telegraf');
    assert.equal(signIn(level, 'Telegraf-Output-x7k2p', 'dev-1', TOKEN), 1, 'Telegraf, of the default tenant');
    assert.equal(signIn(level, 'Telegraf-Output-x7k2p', 'dev-1', 'wrong'), refused);
    assert.equal(signIn(level, '', OWN_TOKEN), 4, 'ThingsBoard');
    assert.equal(signIn(level, 'any-id', OWN_TOKEN), 4, 'ThingsBoard, with a client id');
    assert.equal(signIn(level, '', 'a-token-of-two'), level === 4 ? '0x2' : '0x85', 'a token that two devices have says nothing');
    assert.equal(signIn(level, '', 'wrong'), level === 4 ? '0x2' : '0x85');
    assert.equal(signIn(level, 'dev-1', OWN_TOKEN), refused, 'the token of another device');
    assert.equal(signIn(level, 'tb-1', OWN_TOKEN, ''), refused, 'a password, though an empty one, is the token');
  }
});

test('a version 5 client learns its assigned id, and needs no clean start for it', () => {
  const driver = new KernelDriver(devices);
  driver.open(0);
  driver.feed(0, connect({ level: 5, clientId: '', flags: 0x80, rest: [OWN_TOKEN] }));
  assert.ok(driver.sent(0).includes(bytes(0x12, 'tb-1')), 'Assigned Client Identifier');
  assert.equal(signIn(5, '', OWN_TOKEN, undefined, false), 4);
  assert.equal(signIn(4, '', OWN_TOKEN, undefined, false), '0x2', 'version 3.1.1 has no session without an id');
});

test('a token that was replaced, or whose device is gone, signs nobody in', () => {
  const driver = new KernelDriver(devices);
  const claimed = () => driver.directory.byToken(OWN_TOKEN)?.id;
  assert.equal(claimed(), 'tb-1');
  driver.directory.put(device(4, 'tb-1', { tenant: 'acme', tokenHash: storedToken('acme', 'tb-1', 'another-token') }));
  assert.equal(claimed(), undefined);
  assert.equal(driver.directory.byToken('another-token')?.id, 'tb-1');
  driver.directory.delete(4);
  assert.equal(driver.directory.byToken('another-token'), undefined);
});

test('odd user names claim what they say and no more', () => {
  const none = { has: () => false, byToken: () => undefined };
  for (const username of ['', '/', 'a/', '/a', '?SDK=', 'h/d/?api-version=', '//?api-version=', 'x'.repeat(70_000), '\u{1f600}/d']) {
    const claim = claimOf({ clientId: 'c', username, password: Buffer.from('t') }, none);
    assert.deepEqual([claim.id, claim.tenant], ['c', username === '?SDK=' ? 'default' : username]);
  }
});

test('what SDKs subscribe to for their own device is granted, and nothing of another', () => {
  const driver = new KernelDriver(devices);
  driver.open(0);
  driver.feed(0, connect({ level: 4, clientId: 'dev-1', password: TOKEN }));
  driver.sent(0);
  const filters: [filter: string, granted: number][] = [
    ['v1/devices/me/rpc/request/+', 1],
    ['v1/devices/me/attributes', 1],
    ['$iothub/methods/POST/#', 1],
    ['devices/dev-1/messages/devicebound/#', 1],
    ['$aws/things/dev-1/shadow/update/accepted', 1],
    ['cmnd/dev-1/#', 1],
    ['spBv1.0/plant/NCMD/dev-1/#', 1],
    ['devices/dev-1/telemetry', 0x80],
    ['devices/dev-2/messages/devicebound/#', 0x80],
    ['$aws/things/+/shadow/update', 0x80],
    ['+/dev-1/#', 0x80],
    ['tenant/default/device/dev-1/data', 0x80],
    ['#', 0x80],
  ];
  driver.feed(0, packet(0x82, u16(1), ...filters.flatMap(([filter]) => [filter, 1])));
  assert.deepEqual(driver.sent(0), packet(0x90, u16(1), ...filters.map(([, granted]) => granted)));
});

describe('clients as the SDKs set them up', () => {
  let gateway: GatewayThread;
  before(async () => {
    gateway = await GatewayThread.start(devices);
  });
  after(() => gateway.stop());

  test('ThingsBoard: token as user name, no id', async () => {
    const options: IClientOptions = { clientId: '', username: OWN_TOKEN, protocolVersion: 5, keepalive: 120, reconnectPeriod: 0 };
    const client = await connectAsync(`mqtt://127.0.0.1:${gateway.port}`, options);
    const answered = new Promise<string>((resolve) => {
      client.on('message', (topic, payload) => resolve(`${topic} ${payload}`));
    });
    await client.subscribeAsync(['v1/devices/me/rpc/request/+', 'v1/devices/me/rpc/response/+', 'v1/devices/me/attributes'], { qos: 1 });
    await client.publishAsync('v1/devices/me/telemetry', '[{"temperature":21.4}]', { qos: 1 });
    await client.publishAsync('v1/devices/me/rpc/request/1', '{"method":"getSessionLimits","params":{"timeout":5000}}', { qos: 1 });
    assert.match(await answered, /^v1\/devices\/me\/rpc\/response\/1 \{"maxPayloadSize":\d+,"rateLimits":\{\}/);
    await client.endAsync();
    assert.deepEqual(
      gateway.records.map(({ device: number }) => number),
      [4, 4],
    );
  });

  test('AWS: keep-alive of twenty minutes, shadow of its thing', async () => {
    const options: IClientOptions = { clientId: 'dev-1', username: `${TOKEN}${AWS}`, protocolVersion: 4, clean: false, keepalive: 1200 };
    const client = await connectAsync(`mqtt://127.0.0.1:${gateway.port}`, { ...options, reconnectPeriod: 0 });
    await client.publishAsync('$aws/things/dev-1/shadow/update', '{"state":{"reported":{"t":21.5}}}', { qos: 1 });
    await client.endAsync();
    assert.equal(gateway.records.at(-1)?.device, 1);
  });

  test('Azure: properties behind the topic, and none', async () => {
    const options: IClientOptions = { clientId: 'az-1', username: AZURE, password: TOKEN, protocolVersion: 4, clean: false };
    const client = await connectAsync(`mqtt://127.0.0.1:${gateway.port}`, { ...options, reconnectPeriod: 0 });
    await client.subscribeAsync('devices/az-1/messages/devicebound/#', { qos: 1 });
    for (const tail of ['', '%24.ct=application%2Fjson&unit=C']) {
      await client.publishAsync(`devices/az-1/messages/events/${tail}`, '{"t":1}', { qos: 1 });
    }
    await client.endAsync();
    assert.deepEqual(
      gateway.records.slice(-2).map(({ device: number, format }) => [number, format]),
      [
        [2, 0],
        [2, 1],
      ],
    );
  });
});

test('a packet that speaks of several devices may be of any size', () => {
  const driver = new KernelDriver(devices);
  driver.open(0);
  driver.feed(0, connect({ level: 5, clientId: 'dev-1', password: TOKEN, properties: properties() }));
  const members = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`d${i}`, [{ t: i }]]));
  driver.feed(0, publish({ level: 5, topic: 'v1/gateway/telemetry', payload: JSON.stringify(members) }));
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 1000);
});
