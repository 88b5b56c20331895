import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IClientOptions } from 'mqtt';
import { CODE_TLS_HANDSHAKE_FAILED } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_CONNECTIONS_OPENED } from '../../assembly/abi/counters.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { certify } from '../support/certificate.js';
import { until } from '../support/until.js';
import { GatewayThread } from './gateway-thread.js';

const authority = certify('authority of the server');
const server = certify('localhost', authority);
const clientAuthority = certify('authority of clients');
const listener = { cert: server.cert, key: server.key };

async function withGateway(clientCa: string | undefined, run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const gateway = await GatewayThread.start(caseDevices, 4, { tls: clientCa === undefined ? listener : { ...listener, clientCa } });
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

function connectMqtt(gateway: GatewayThread, more: IClientOptions = {}) {
  const options = { clientId: 'dev-1', username: 'default', password: CASE_TOKEN, ca: authority.cert, reconnectPeriod: 0, ...more };
  return mqtt.connectAsync(`mqtts://localhost:${gateway.ports.mqtts}`, { ...options, family: 4 } as IClientOptions, false);
}

const failures = (gateway: GatewayThread) => gateway.counter(CODE_TLS_HANDSHAKE_FAILED);

describe('a gateway over TLS', () => {
  test('takes messages of mqtt.js and answers them', () =>
    withGateway(undefined, async (gateway) => {
      const client = await connectMqtt(gateway);
      const payloads = Array.from({ length: 200 }, (_, i) => `{"seq":${i},"pad":"${'x'.repeat(i * 40)}"}`);
      await Promise.all(payloads.map((payload) => client.publishAsync('devices/dev-1/telemetry', payload, { qos: 1 })));
      assert.deepEqual(gateway.records.map(({ payload }) => payload).sort(), [...payloads].sort());
      await client.endAsync();
      assert.equal(failures(gateway), 0);
    }));

  test('speaks TLS 1.2 and 1.3, and nothing older', () =>
    withGateway(undefined, async (gateway) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const client = await connectMqtt(gateway, { minVersion: version, maxVersion: version } as IClientOptions);
        await client.endAsync();
      }
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await assert.rejects(connectMqtt(gateway, old as IClientOptions));
      await until('the count', () => failures(gateway) === 1);
    }));

  test('accepts clients with a certificate of the right authority, and no others', () =>
    withGateway(clientAuthority.cert, async (gateway) => {
      const known = certify('dev-1', clientAuthority);
      const client = await connectMqtt(gateway, { cert: known.cert, key: known.key });
      await client.publishAsync('devices/dev-1/telemetry', '{}', { qos: 1 });
      await client.endAsync();
      const stranger = certify('dev-1', certify('some other authority'));
      const expired = certify('dev-1', clientAuthority, -1);
      for (const shown of [undefined, stranger, expired]) {
        const before = failures(gateway);
        await assert.rejects(connectMqtt(gateway, shown ? { cert: shown.cert, key: shown.key } : {}));
        await until('the count', () => failures(gateway) === before + 1);
      }
      assert.equal(gateway.counter(COUNTER_GATEWAY_CONNECTIONS_OPENED), 1, 'the kernel hears of greeted connections only');
    }));

  test('shows a new certificate to those who come, keeps those who are there, and keeps what it has when the new one is bad', () =>
    withGateway(undefined, async (gateway) => {
      const shownBy = async () => {
        const socket = connectTls({ host: '127.0.0.1', port: gateway.ports.mqtts as number, ca: authority.cert, servername: 'localhost' });
        await once(socket, 'secureConnect');
        const serial = socket.getPeerX509Certificate()?.serialNumber;
        socket.destroy();
        return serial;
      };
      const first = await shownBy();
      const client = await connectMqtt(gateway);
      const next = certify('localhost', authority);
      gateway.post({ kind: 'tls', material: { cert: next.cert, key: next.key } });
      await gateway.caughtUp();
      const second = await shownBy();
      assert.notEqual(second, first);
      gateway.post({ kind: 'tls', material: { cert: 'none', key: next.key } });
      await gateway.caughtUp();
      assert.equal(await shownBy(), second);
      assert.ok(gateway.of('event').some(({ name }) => name === 'gateway-tls-files-not-used'));
      await client.publishAsync('devices/dev-1/telemetry', '{}', { qos: 1 });
      await client.endAsync();
    }));

  test('refuses clients that do not trust it, speak no TLS, or leave', () =>
    withGateway(undefined, async (gateway) => {
      await assert.rejects(connectMqtt(gateway, { ca: clientAuthority.cert }));
      await until('the distrustful', () => failures(gateway) === 1);
      const plain = connect({ host: '127.0.0.1', port: gateway.ports.mqtts as number });
      plain.on('error', () => {});
      plain.write('\x10\x10\0\x04MQTT\x04\x02\0\0\0\x04dev1');
      await once(plain.resume(), 'close');
      await until('the plain one', () => failures(gateway) === 2);
      const leaving = connect({ host: '127.0.0.1', port: gateway.ports.mqtts as number });
      await once(leaving, 'connect');
      leaving.end();
      await until('the one that left', () => failures(gateway) === 3);
      const client = await connectMqtt(gateway);
      await client.endAsync();
    }));

  test('takes bytes that came with the end of the handshake, and closes in order', () =>
    withGateway(undefined, async (gateway) => {
      const socket = connectTls({ host: '127.0.0.1', port: gateway.ports.mqtts, ca: authority.cert, servername: 'localhost' });
      const heard: Buffer[] = [];
      socket.on('data', (chunk) => heard.push(chunk));
      socket.write(Buffer.from('00', 'hex')); // No packet has this type.
      await once(socket, 'end');
      assert.equal(Buffer.concat(heard).length, 0);
      await until('the count', () => gateway.refusals().mqtt_malformed === 1);
    }));

  test('says why it cannot use what it is given', async () => {
    const wrong = { ...listener, key: certify('another').key };
    const gateway = await GatewayThread.startRefused({ tls: wrong });
    assert.match(gateway, /^cannot listen on 127\.0\.0\.1:0: cannot use the certificate with the key: /);
  });
});
