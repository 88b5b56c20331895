import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { proxyHeaderOf } from '../../src/sockets/proxy-header.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { certify } from '../support/certificate.js';
import { until } from '../support/until.js';
import { BINARY, FrameClient, frame } from './frame-client.js';
import { type GatewaySettings, GatewayThread } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

const server = certify('localhost', certify('authority of the server'));
const PROXIED: GatewaySettings = { proxies: ['127.0.0.0/8'], tls: { cert: server.cert, key: server.key } };
const CONNECT = connectAs(4, { clientId: 'dev-1' });
const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 12345 1883\r\n';

async function withGateway(settings: GatewaySettings, run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const gateway = await GatewayThread.start(caseDevices, 4, settings);
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

test('a proxy passes connections on with a header of either version, however it is cut', () =>
  withGateway(PROXIED, async (gateway) => {
    for (const header of [Buffer.from(LINE), proxyHeaderOf('192.0.2.7'), proxyHeaderOf('2001:db8::7'), proxyHeaderOf('')]) {
      const whole = await RawClient.open(gateway.port);
      whole.write(Buffer.concat([header, CONNECT]));
      await whole.expect(connackAccepted[4]);
      whole.close();
      const cut = await RawClient.open(gateway.port);
      for (const byte of Buffer.concat([header, CONNECT])) await cut.written(Buffer.from([byte]));
      await cut.expect(connackAccepted[4]);
      cut.close();
    }
    assert.equal(gateway.refusals().proxy_header_invalid, undefined);
  }));

test('the header comes before TLS and before the WebSocket', () =>
  withGateway(PROXIED, async (gateway) => {
    const before = async (port: number | undefined) => {
      const socket = connect({ host: '127.0.0.1', port: port as number, noDelay: true });
      socket.write(LINE);
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const web = (await FrameClient.open(await before(gateway.ports.ws))).client;
    web.write(frame(BINARY, CONNECT));
    await web.expect(connackAccepted[4]);
    const secured = connectTls({ socket: await before(gateway.ports.wss), rejectUnauthorized: false });
    const both = (await FrameClient.open(secured)).client;
    both.write(frame(BINARY, CONNECT));
    await both.expect(connackAccepted[4]);
    const tls = connectTls({ socket: await before(gateway.ports.mqtts), rejectUnauthorized: false });
    let heard = 0;
    tls.on('data', (chunk) => {
      heard += chunk.length;
    });
    tls.write(CONNECT);
    await until('CONNACK', () => heard === connackAccepted[4].length);
    for (const socket of [web.socket, secured, tls]) socket.destroy();
  }));

test('a proxy that sends no header, a bad one or half of one is refused', () =>
  withGateway(PROXIED, async (gateway) => {
    const v2 = proxyHeaderOf('192.0.2.7');
    const bad = [
      CONNECT,
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('PROXY TCP4 192.0.2.7\r\n'),
      Buffer.from([...v2.subarray(0, 12), 0x11]),
    ];
    for (const [index, bytes] of bad.entries()) {
      const client = await RawClient.open(gateway.port);
      client.write(Buffer.concat([bytes, Buffer.alloc(16)]));
      await client.expectEnd();
      await until('the count', () => gateway.refusals().proxy_header_invalid === index + 1);
    }
    const half = await RawClient.open(gateway.port);
    half.socket.end(v2.subarray(0, 20));
    await half.expectEnd();
    await until('the count', () => gateway.refusals().proxy_header_invalid === bad.length + 1);
    assert.deepEqual(Object.keys(gateway.refusals()), ['proxy_header_invalid']);
  }));

test('a header from anybody else is not read: its bytes are no packet', () =>
  withGateway({ proxies: ['192.0.2.0/24', '2001:db8::/32'] }, async (gateway) => {
    const client = await RawClient.open(gateway.port);
    client.write(Buffer.concat([Buffer.from(LINE), CONNECT]));
    await client.expectEnd();
    assert.deepEqual(Object.keys(gateway.refusals()), ['mqtt_connect_expected']);
  }));

test('limits by address count the peer that the header names', () =>
  withGateway({ ...PROXIED, unauthenticatedMax: 2 }, async (gateway) => {
    const strangers: RawClient[] = [];
    const open = async (address: string) => {
      const client = await RawClient.open(gateway.port);
      client.write(proxyHeaderOf(address));
      strangers.push(client);
      return client;
    };
    await open('192.0.2.1');
    await open('192.0.2.1');
    await (await open('192.0.2.1')).expectEnd();
    await (await open('::ffff:192.0.2.1')).expectEnd();
    assert.equal(gateway.refusals().address_exhausted, 2);
    const other = await open('192.0.2.2');
    other.write(CONNECT);
    await other.expect(connackAccepted[4]);
    for (const client of strangers) client.close();
  }));
