import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { CredentialEntry } from '../../src/contract/identity/credential.js';
import type { TlsMaterial } from '../../src/contract/tls-material.js';
import { hashToken } from '../../src/contract/token.js';
import { type Certified, certify } from '../support/certificate.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

const authority = certify('authority of the server');
const server = certify('localhost', authority);
const clients = certify('authority of clients');
const devices = [device(1, 'dev-1'), device(2, 'dev-2'), device(3, 'dev-3', { tenant: 'acme' })];
const material: TlsMaterial = { cert: server.cert, key: server.key };
const BOUNDS = { notBeforeMs: null, expiresMs: null };

async function withGateway(more: Partial<TlsMaterial>, run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const gateway = await GatewayThread.start(devices, 4, { tls: { ...material, ...more } });
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

async function give(gateway: GatewayThread, number: number, ...credentials: CredentialEntry[]): Promise<void> {
  gateway.post({ kind: 'identity', token: 0, news: [{ subject: 'credentials', device: number, credentials }] });
  await gateway.caughtUp();
}

function connect(gateway: GatewayThread, more: IClientOptions, shown?: Certified): Promise<MqttClient> {
  const key = shown ? { cert: shown.cert, key: shown.key } : {};
  const options = { ca: authority.cert, reconnectPeriod: 0, protocolVersion: 5, family: 4, ...key, ...more };
  return mqtt.connectAsync(`mqtts://localhost:${gateway.ports.mqtts}`, options as IClientOptions, false);
}

/** Publishes as the device of this number, and answers whether the gateway takes it for that one. */
async function publishAs(gateway: GatewayThread, client: MqttClient, topic: string, number: number): Promise<void> {
  await client.publishAsync(topic, '{}', { qos: 1 });
  assert.equal(gateway.records.at(-1)?.device, number);
  await client.endAsync();
}

/** The reason with which the gateway ends the connection. */
async function endOf(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
}

const reasonOf = (reason: number) => (error: { code?: number }) => error.code === reason;

function fingerprintOf({ cert }: Certified): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
}

function jwt(claims: object, key: Parameters<typeof sign>[2], alg = 'ES256'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: key as never, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

describe('a gateway and certificates of clients', () => {
  test('lets a device in by the fingerprint of its certificate alone, and cuts it off when that is revoked', () =>
    withGateway({ clientAuth: 'any' }, async (gateway) => {
      const own = certify('whatever', certify('nobody knows it'));
      await give(gateway, 1, { id: 7, type: 'x509', fingerprint: fingerprintOf(own), ...BOUNDS });
      await publishAs(gateway, await connect(gateway, { clientId: 'x' }, own), 'devices/dev-1/telemetry', 1);
      const client = await connect(gateway, { clientId: 'x', username: 'default/dev-1' }, own);
      const [reason] = await Promise.all([endOf(client), give(gateway, 1)]);
      assert.equal(reason, 0x87);
      await assert.rejects(connect(gateway, { clientId: 'dev-1' }, own), reasonOf(0x86));
    }));

  test('wants certificate and token to be of one device, and takes a token alone', () =>
    withGateway({ clientAuth: 'any' }, async (gateway) => {
      const own = certify('dev-1');
      await give(gateway, 1, { id: 7, type: 'x509', fingerprint: fingerprintOf(own), ...BOUNDS });
      const signIn = (clientId: string) => ({ clientId, username: 'default', password: TOKEN });
      await publishAs(gateway, await connect(gateway, signIn('dev-1'), own), 'devices/dev-1/telemetry', 1);
      await assert.rejects(connect(gateway, signIn('dev-2'), own), reasonOf(0x86));
      await publishAs(gateway, await connect(gateway, signIn('dev-2')), 'devices/dev-2/telemetry', 2);
      await publishAs(gateway, await connect(gateway, signIn('dev-2'), certify('unknown')), 'devices/dev-2/telemetry', 2);
      await assert.rejects(connect(gateway, { ...signIn('dev-1'), password: 'wrong' }, own), reasonOf(0x86));
      await assert.rejects(connect(gateway, { clientId: 'dev-1' }, certify('unknown')), reasonOf(0x86));
    }));

  test('lets a device in by a name in a certificate of the authority, where the patterns say so', () =>
    withGateway(
      { clientCa: clients.cert, clientAuth: 'optional', clientNames: ['cn:{device}', 'cn:{tenant}/{device}'] },
      async (gateway) => {
        await publishAs(gateway, await connect(gateway, { clientId: '' }, certify('dev-2', clients)), 'devices/dev-2/telemetry', 2);
        await publishAs(gateway, await connect(gateway, {}, certify('acme/dev-3', clients)), 'devices/dev-3/telemetry', 3);
        await assert.rejects(connect(gateway, { clientId: 'dev-2' }, certify('dev-9', clients)), reasonOf(0x86));
        await assert.rejects(connect(gateway, { clientId: 'dev-2' }, certify('dev-2', certify('some other authority'))));
        const withToken = await connect(gateway, { clientId: 'dev-1', username: 'default', password: TOKEN });
        await publishAs(gateway, withToken, 'devices/dev-1/telemetry', 1);
      },
    ));

  test('takes names for nothing without patterns, and a certificate that has expired for nothing at all', () =>
    withGateway({ clientAuth: 'any' }, async (gateway) => {
      await assert.rejects(connect(gateway, { clientId: 'dev-2' }, certify('dev-2')), reasonOf(0x86));
      const old = certify('dev-1', clients, -1);
      await give(gateway, 1, { id: 7, type: 'x509', fingerprint: fingerprintOf(old), ...BOUNDS });
      await assert.rejects(connect(gateway, { clientId: 'dev-1' }, old), reasonOf(0x86));
    }));
});

describe('a gateway and further credentials of devices', () => {
  const signIn = (password: string) => ({ clientId: 'dev-1', username: 'default', password });
  const entry = (
    id: number,
    token: string,
    more: Partial<typeof BOUNDS | { expiresMs: number; notBeforeMs: number }> = {},
  ): CredentialEntry => {
    return { id, type: 'token', hash: hashToken('default', 'dev-1', token), ...BOUNDS, ...more };
  };

  test('takes each of a device’s tokens from its beginning to its end, and ends who came by one that is revoked', () =>
    withGateway({}, async (gateway) => {
      const nowMs = Date.now();
      await give(
        gateway,
        1,
        entry(1, 'second'),
        entry(2, 'past', { expiresMs: nowMs - 1 }),
        entry(3, 'future', { notBeforeMs: nowMs + 60_000 }),
      );
      for (const token of ['past', 'future', 'other']) await assert.rejects(connect(gateway, signIn(token)), reasonOf(0x86));
      const client = await connect(gateway, signIn('second'));
      await gateway.putDevices([device(1, 'dev-1', { tokenHash: hashToken('default', 'dev-1', 'rotated') })]);
      await client.publishAsync('devices/dev-1/telemetry', '{}', { qos: 1 });
      const [reason] = await Promise.all([endOf(client), give(gateway, 1, entry(4, 'third'))]);
      assert.equal(reason, 0x87);
      const staying = await connect(gateway, signIn('third'));
      await give(gateway, 1, entry(4, 'third'), entry(5, 'fourth'));
      await publishAs(gateway, staying, 'devices/dev-1/telemetry', 1);
    }));

  test('takes a token that the device has signed until it ends, and no other', () =>
    withGateway({}, async (gateway) => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      await give(gateway, 1, { id: 9, type: 'jwt', key: publicKey.export({ format: 'jwk' }), ...BOUNDS });
      const nowSeconds = Math.floor(Date.now() / 1000);
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      for (const token of [jwt({ exp: nowSeconds - 1 }, privateKey), jwt({}, privateKey), jwt({ exp: nowSeconds + 60 }, stranger)]) {
        await assert.rejects(connect(gateway, signIn(token)), reasonOf(0x86));
      }
      const client = await connect(gateway, signIn(jwt({ exp: nowSeconds + 2 }, privateKey)));
      assert.equal(await endOf(client), 0x87);
      assert.ok(Date.now() >= (nowSeconds + 2) * 1000);
    }));
});

test('fingerprints are those that openssl shows', () => {
  const { cert } = certify('x');
  const raw = new X509Certificate(cert).raw;
  assert.equal(fingerprintOf({ cert } as Certified), createHash('sha256').update(raw).digest('hex'));
});
