import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import mqtt, { type MqttClient } from 'mqtt';
import type { IssuerEntry, IssuerKey } from '../../src/contract/identity/issuer.js';
import { until } from '../support/until.js';
import { CoapClient, codeOf, request } from './coap-client.js';
import { device, GatewayThread } from './gateway-thread.js';

const ISSUER = 'https://id.example.org';
const devices = [device(1, 'dev-1'), device(2, 'dev-2'), device(3, 'dev-1', { tenant: 'acme' })];

async function keyOf(kid: string, alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: IssuerKey = { ...(await exportJWK(publicKey)), kid, alg };
  return { kid, alg, publicKey, privateKey, jwk };
}

type Key = Awaited<ReturnType<typeof keyOf>>;
const first = await keyOf('first');

interface Wanted {
  readonly claims?: Record<string, unknown>;
  readonly expires?: string | number | undefined;
  readonly issuer?: string;
  readonly audience?: string;
  readonly header?: Record<string, unknown>;
}

function token(key: Key, { claims = {}, expires = '1h', issuer = ISSUER, audience = 'spillway', header = {} }: Wanted = {}) {
  const made = new SignJWT({ sub: 'dev-1', ...claims }).setIssuer(issuer).setAudience(audience);
  if (expires !== '') made.setExpirationTime(expires);
  return made.setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

function entry(more: Partial<IssuerEntry> = {}): IssuerEntry {
  const claims = { deviceClaim: 'sub', tenantClaim: null };
  const algorithms = ['RS256', 'ES256', 'EdDSA'];
  return { id: 5, issuer: ISSUER, audience: 'spillway', ...claims, algorithms, keys: [first.jwk], isFetched: false, ...more };
}

async function give(gateway: GatewayThread, tenant: string, ...issuers: IssuerEntry[]): Promise<void> {
  gateway.post({ kind: 'identity', token: 0, news: [{ subject: 'issuers', tenant, issuers }] });
  await gateway.caughtUp();
}

function connect(gateway: GatewayThread, password: string, more: { clientId?: string; username?: string } = {}): Promise<MqttClient> {
  const signIn = { clientId: 'dev-1', username: 'default', password, ...more };
  return mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.port}`, { reconnectPeriod: 0, protocolVersion: 5, ...signIn }, false);
}

const isRefused = (error: { code?: number }) => error.code === 0x86;

async function withGateway(run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const gateway = await GatewayThread.start(devices);
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

async function endOf(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
}

describe('a gateway and tokens of an issuer', () => {
  test('lets a device in by a token of each algorithm, and takes its messages', () =>
    withGateway(async (gateway) => {
      const keys = [first, await keyOf('rsa', 'RS256'), await keyOf('edwards', 'EdDSA')];
      await give(gateway, 'default', entry({ keys: keys.map(({ jwk }) => jwk) }));
      for (const key of keys) {
        const client = await connect(gateway, await token(key));
        await client.publishAsync('devices/dev-1/telemetry', '{}', { qos: 1 });
        assert.equal(gateway.records.at(-1)?.device, 1);
        await client.endAsync();
      }
    }));

  test('takes a message over CoAP with such a token, and none with the token of another device', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry());
      const client = new CoapClient(gateway.ports.coap!);
      const ask = async (path: string, claims: Record<string, unknown>) => {
        const bearer = [65_000, Buffer.from(await token(first, { claims }))] as const;
        return codeOf(await client.ask(request({ path, queries: [], options: [bearer], payload: '{"over":"coap"}' })));
      };
      assert.equal(await ask('devices/dev-1/telemetry', {}), '2.04');
      assert.deepEqual([gateway.records.at(-1)?.device, gateway.records.at(-1)?.payload], [1, '{"over":"coap"}']);
      assert.equal(await ask('devices/dev-2/telemetry', {}), '4.01');
      assert.equal(await ask('devices/dev-2/telemetry', { sub: 'dev-2' }), '2.04');
      client.close();
    }));

  test('refuses what another issuer, device, audience or time says', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry());
      const past = Math.floor(Date.now() / 1000) - 1;
      const wrong: Wanted[] = [
        { expires: past },
        { expires: '' },
        { claims: { sub: 'dev-2' } },
        { claims: { sub: ['dev-1'] } },
        { claims: { nbf: past + 3600 } },
        { issuer: `${ISSUER}/` },
        { audience: 'others' },
      ];
      for (const one of wrong) await assert.rejects(connect(gateway, await token(first, one)), isRefused, JSON.stringify(one));
      await assert.rejects(connect(gateway, await token({ ...first, privateKey: (await keyOf('x')).privateKey })), isRefused);
      const soon = await connect(gateway, await token(first, { claims: { nbf: past + 10 } }));
      await soon.endAsync();
    }));

  test('refuses unsigned tokens, HMAC with a public key, and what a header would have it fetch', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry({ algorithms: ['RS256', 'ES256', 'EdDSA'] }));
      const unsigned = new UnsecuredJWT({ sub: 'dev-1' }).setIssuer(ISSUER).setAudience('spillway').setExpirationTime('1h').encode();
      await assert.rejects(connect(gateway, unsigned), isRefused);
      await assert.rejects(connect(gateway, `${unsigned}AA`), isRefused);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = { sub: 'dev-1', iss: ISSUER, aud: 'spillway', exp: Math.floor(Date.now() / 1000) + 60 };
      for (const secret of [await exportSPKI(first.publicKey), JSON.stringify(first.jwk), '']) {
        const signed = `${part({ alg: 'HS256', kid: 'first' })}.${part(claims)}`;
        const hmac = createHmac('sha256', secret).update(signed).digest('base64url');
        await assert.rejects(connect(gateway, `${signed}.${hmac}`), isRefused);
      }
      const stranger = await keyOf('stranger');
      for (const kid of ['../../../../dev/null', "first' or '1'='1", 'file:///etc/hostname', '']) {
        await assert.rejects(connect(gateway, await token({ ...first, kid })), isRefused, kid);
        await assert.rejects(connect(gateway, await token({ ...stranger, kid })), isRefused, kid);
      }
      const carried = await token(stranger, { header: { kid: 'first', jwk: stranger.jwk, jku: 'http://127.0.0.1:1/keys' } });
      await assert.rejects(connect(gateway, carried), isRefused);
    }));

  test('takes a key for the algorithm alone that its set names', () =>
    withGateway(async (gateway) => {
      const key = await keyOf('rsa', 'RS256');
      await give(gateway, 'default', entry({ keys: [{ ...key.jwk, alg: 'PS256' }], algorithms: ['RS256'] }));
      await assert.rejects(connect(gateway, await token(key)), isRefused);
      await give(gateway, 'default', entry({ keys: [key.jwk], algorithms: ['ES256'] }));
      await assert.rejects(connect(gateway, await token(key)), isRefused);
    }));

  test('refuses a token of another tenant, though one issuer signs for both', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry({ tenantClaim: 'tenant' }));
      await give(gateway, 'acme', entry({ id: 6, tenantClaim: 'tenant' }));
      const ofAcme = await token(first, { claims: { tenant: 'acme' } });
      await assert.rejects(connect(gateway, ofAcme), isRefused);
      await assert.rejects(connect(gateway, await token(first)), isRefused);
      const client = await connect(gateway, ofAcme, { username: 'acme' });
      await client.publishAsync('devices/dev-1/telemetry', '{}', { qos: 1 });
      assert.equal(gateway.records.at(-1)?.device, 3);
      await client.endAsync();
    }));

  test('ends the connection when the token ends, and when its issuer is deleted', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry());
      const ends = Math.floor(Date.now() / 1000) + 2;
      const ending = await connect(gateway, await token(first, { expires: ends }));
      assert.equal(await endOf(ending), 0x87);
      assert.ok(Date.now() >= ends * 1000);
      const client = await connect(gateway, await token(first));
      const [reason] = await Promise.all([endOf(client), give(gateway, 'default')]);
      assert.equal(reason, 0x87);
      await assert.rejects(connect(gateway, await token(first)), isRefused);
    }));

  test('asks for the keys once when a token names a new one, and lets the client wait for them', () =>
    withGateway(async (gateway) => {
      await give(gateway, 'default', entry({ isFetched: true }));
      const second = await keyOf('second');
      const connecting = connect(gateway, await token(second));
      const question = await until('the question', () => gateway.of('identity-asked')[0]);
      assert.deepEqual(question.question, { kind: 'issuer-keys', issuer: 5 });
      await give(gateway, 'default', entry({ isFetched: true, keys: [second.jwk] }));
      gateway.post({ kind: 'identity-answered', token: question.token });
      await (await connecting).endAsync();
      const refused = connect(gateway, await token(await keyOf('third')));
      const again = await until('the second question', () => gateway.of('identity-asked')[1]);
      gateway.post({ kind: 'identity-answered', token: again.token });
      await assert.rejects(refused, isRefused);
    }));
});
