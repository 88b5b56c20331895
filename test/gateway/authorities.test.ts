import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { AuthorityEntry } from '../../src/contract/identity/authority.js';
import { type Certified, certify } from '../support/certificate.js';
import { until } from '../support/until.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

const ofServer = certify('authority of the server');
const server = certify('localhost', ofServer);
const factory = certify('factory');

function entry(more: Partial<AuthorityEntry> = {}): AuthorityEntry {
  return { id: 3, certificate: factory.cert, names: ['cn:{device}'], registers: false, revoked: [], ...more };
}

async function withGateway(run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const tls = { cert: server.cert, key: server.key, clientAuth: 'any' } as const;
  const gateway = await GatewayThread.start([device(1, 'dev-1'), device(2, 'dev-1', { tenant: 'acme' })], 4, { tls });
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

async function give(gateway: GatewayThread, tenant: string, ...authorities: AuthorityEntry[]): Promise<void> {
  gateway.post({ kind: 'identity', token: 0, news: [{ subject: 'authorities', tenant, authorities }] });
  await gateway.caughtUp();
}

function connect(gateway: GatewayThread, { cert, key }: Certified, more: IClientOptions = {}): Promise<MqttClient> {
  const common = { ca: ofServer.cert, reconnectPeriod: 0, protocolVersion: 5, family: 4, clientId: 'any' };
  const options = { ...common, cert, key, ...more } as IClientOptions;
  return mqtt.connectAsync(`mqtts://localhost:${gateway.ports.mqtts}`, options, false);
}

async function publishAs(gateway: GatewayThread, client: MqttClient, id: string, number: number): Promise<void> {
  await client.publishAsync(`devices/${id}/telemetry`, '{}', { qos: 1 });
  assert.equal(gateway.records.at(-1)?.device, number);
}

const isRefused = (error: { code?: number }) => error.code === 0x86;

async function endOf(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
}

describe('a gateway and certificates of an authority of a tenant', () => {
  test('lets the device in that the certificate names, in the tenant of its authority', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'acme', entry());
      const own = certify('dev-1', factory);
      const client = await connect(gateway, own);
      await publishAs(gateway, client, 'dev-1', 2);
      await client.endAsync();
      for (const stranger of [
        certify('dev-1'),
        certify('dev-1', certify('factory')),
        certify('dev-1', factory, -1),
        certify('dev-9', factory),
      ]) {
        await assert.rejects(connect(gateway, stranger), isRefused);
      }
      const other = connect(gateway, own, { clientId: 'dev-1', username: 'default', password: TOKEN });
      await assert.rejects(other, isRefused, 'certificate and token are of two devices');
    }));

  test('takes an authority between by its own certificate, where the client shows its chain', () =>
    withGateway(async (gateway) => {
      const plant = certify('plant', factory, 1, true);
      const own = certify('dev-1', plant);
      const chained = { ...own, cert: own.cert + plant.cert };
      await give(gateway, 'acme', entry());
      await assert.rejects(connect(gateway, chained), isRefused);
      await give(gateway, 'acme', entry({ certificate: plant.cert }));
      const client = await connect(gateway, chained);
      await publishAs(gateway, client, 'dev-1', 2);
      await client.endAsync();
    }));

  test('takes no certificate of an authority for that of a device', () =>
    withGateway(async (gateway) => {
      const authority = certify('dev-1');
      await give(gateway, 'acme', entry({ certificate: authority.cert }));
      await assert.rejects(connect(gateway, authority), isRefused);
    }));

  test('ends the connections of a certificate that is revoked, and all when the authority is deleted', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'acme', entry());
      const [first, second] = [certify('dev-1', factory), certify('dev-1', factory)];
      const serial = new X509Certificate(first.cert).serialNumber;
      const cut = await connect(gateway, first);
      const [reason] = await Promise.all([endOf(cut), give(gateway, 'acme', entry({ revoked: [serial] }))]);
      assert.equal(reason, 0x87);
      await assert.rejects(connect(gateway, first), isRefused);
      const staying = await connect(gateway, second);
      await give(gateway, 'acme', entry({ revoked: [serial, 'AA'] }));
      await publishAs(gateway, staying, 'dev-1', 2);
      const [last] = await Promise.all([endOf(staying), give(gateway, 'acme')]);
      assert.equal(last, 0x87);
      await assert.rejects(connect(gateway, second), isRefused);
    }));

  test('asks for a device that is not registered, and lets it in by the same CONNECT once it is', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'acme', entry({ registers: true }));
      const connecting = connect(gateway, certify('new-1', factory));
      const { question, token } = await until('the question', () => gateway.of('identity-asked')[0]);
      assert.deepEqual(question, { kind: 'registration', authority: 3, tenant: 'acme', device: 'new-1' });
      await gateway.putDevices([device(7, 'new-1', { tenant: 'acme' })]);
      gateway.post({ kind: 'identity-answered', token });
      const client = await connecting;
      await publishAs(gateway, client, 'new-1', 7);
      await client.endAsync();
      const refused = connect(gateway, certify('new-2', factory));
      const again = await until('the second question', () => gateway.of('identity-asked')[1]);
      gateway.post({ kind: 'identity-answered', token: again.token });
      await assert.rejects(refused, isRefused);
      await assert.rejects(connect(gateway, certify('new-3', factory), { username: 'acme', password: 'x' }), isRefused);
      assert.equal(gateway.of('identity-asked').length, 2);
    }));
});
