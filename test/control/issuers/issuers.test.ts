import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { IdentityNews } from '../../../src/contract/identity/news.js';
import { KeyFetcher } from '../../../src/control/issuers/key-fetcher.js';
import { fetchKeys, keysOf } from '../../../src/control/issuers/key-set.js';
import { TokenIssuers } from '../../../src/control/issuers/token-issuers.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

const ISSUER = 'https://id.example.org';
let server: ServerUnderTest;
let issuer: Server;
let url: string;
let answer: RequestListener;
let asked = 0;

async function keyOf(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

type Key = Awaited<ReturnType<typeof keyOf>>;
const first = await keyOf('first');
const second = await keyOf('second');

const keySet = (...keys: Key[]) => ({ keys: keys.map(({ jwk }) => jwk) });
const serve =
  (body: unknown): RequestListener =>
  (_, response) =>
    void response.end(typeof body === 'string' ? body : JSON.stringify(body));

function token({ kid, privateKey }: Key, claims: Record<string, unknown> = {}): Promise<string> {
  const made = new SignJWT({ sub: 'd1', ...claims }).setIssuer(ISSUER).setAudience('spillway').setExpirationTime('1h');
  return made.setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
}

const post = (bearer: string, path = '/v1/ingest/d1?tenant=acme') =>
  server.call('POST', path, { body: { v: 1 }, headers: { authorization: `Bearer ${bearer}` } });

const add = (more: object = {}) =>
  server.call('POST', '/v1/issuers', { body: { tenant: 'acme', issuer: ISSUER, audience: 'spillway', ...more } });

const remove = (id: number) => server.call('DELETE', `/v1/issuers/${id}?tenant=acme`);

before(async () => {
  server = await startServerUnderTest();
  await server.call('POST', '/v1/devices', { body: { device_id: 'd1', tenant: 'acme', token: TOKEN } });
  issuer = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
});
after(async () => {
  issuer.closeAllConnections();
  issuer.close();
  await server.close();
});

describe('issuers over the API', () => {
  test('a token of an issuer lets its device post, by name and without one, until the issuer is deleted', async () => {
    const made = await add({ jwks: keySet(first) });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.body.keys, made.body.jwks_url, made.body.fetch_failure], [['first'], null, null]);
    const news = server.plane.identity.at(-1);
    assert.ok(news?.subject === 'issuers' && news.tenant === 'acme');
    assert.deepEqual([news.issuers[0]?.id, news.issuers[0]?.isFetched], [made.body.id, false]);
    assert.equal((await post(await token(first))).status, 202);
    const lines = { raw: 'm v=1', headers: { authorization: `Bearer ${await token(first)}` } };
    assert.equal((await server.call('POST', '/write', lines)).status, 204);
    assertFailure(await post(await token(second)), 401, 'credentials_invalid');
    assertFailure(await post(await token(first, { sub: 'd2' })), 401, 'credentials_invalid');
    assertFailure(await add({ jwks: keySet(second) }), 409, 'issuer_exists');
    const listed = await server.call('GET', '/v1/issuers?tenant=acme');
    assert.deepEqual(listed.body.issuers, [made.body]);
    assert.equal((await remove(made.body.id)).status, 200);
    assertFailure(await remove(made.body.id), 404, 'issuer_unknown');
    assertFailure(await post(await token(first)), 401, 'credentials_invalid');
  });

  test('the keys are fetched before the issuer is added, and again when a token names a new one', async () => {
    answer = serve({ keys: [] });
    assertFailure(await add({ jwks_url: url }), 400, 'issuer_keys_unusable');
    answer = serve(keySet(first));
    const made = await add({ jwks_url: url });
    assert.equal(made.status, 201, made.text);
    assert.equal((await post(await token(first))).status, 202);
    answer = serve(keySet(first, second));
    assertFailure(await post(await token(second)), 503, 'unavailable');
    await server.plane.askIdentity({ kind: 'issuer-keys', issuer: made.body.id });
    assert.equal((await post(await token(second))).status, 202);
    const { text } = await server.call('GET', '/metrics');
    assert.match(text, /spillway_issuer_key_fetches_total\{result="fetched"\} 1/);
    assert.equal((await remove(made.body.id)).status, 200);
  });

  test('what could be misused is refused', async () => {
    const wrong: [object, RegExp][] = [
      [{ jwks_url: 'http://id.example.org/jwks.json' }, /https/],
      [{ jwks_url: 'file:///etc/passwd' }, /https/],
      [{ jwks_url: url, jwks: keySet(first) }, /not both/],
      [{}, /must be given/],
      [{ jwks: keySet(first), algorithms: ['HS256'] }, /algorithms/],
      [{ jwks: keySet(first), algorithms: ['none'] }, /algorithms/],
      [{ jwks: keySet(first), audience: '' }, /audience/],
    ];
    for (const [body, cause] of wrong) {
      const refused = await add(body);
      assertFailure(refused, 400, 'body_invalid');
      assert.match(refused.body.error.message, cause);
    }
    const key = await server.call('POST', '/v1/keys', { body: { name: 'k', role: 'admin', tenant: 'acme' } });
    const headers = { authorization: `Bearer ${key.body.key}` };
    const body = { tenant: 'acme', issuer: ISSUER, audience: 'x', jwks_url: url };
    assertFailure(await server.call('POST', '/v1/issuers', { body, headers }), 403, 'scope_forbidden');
  });
});

describe('key sets', () => {
  test('have public keys for signatures, and nothing else is kept of them', () => {
    const extra = { ...first.jwk, use: 'sig', x5u: 'http://localhost/', d: 'secret' };
    const others = [{ kty: 'oct', k: 'c2VjcmV0' }, { kty: 'new' }, { ...second.jwk, use: 'enc' }];
    assert.deepEqual(keysOf({ keys: [extra, ...others] }), [{ ...first.jwk, use: 'sig' }]);
    for (const value of [undefined, null, [], {}, { keys: 'x' }, { keys: others }]) assert.equal(typeof keysOf(value), 'string');
    assert.match(keysOf({ keys: Array.from({ length: 33 }, () => first.jwk) }) as string, /33 keys/);
  });

  test('that do not come whole, in time and from where they should, say why', async () => {
    const failures: [RequestListener, RegExp][] = [
      [(_, response) => void response.writeHead(302, { location: url }).end(), /redirect/],
      [(_, response) => void response.writeHead(503).end(), /status 503/],
      [serve('<html>'), /no JSON/],
      [serve(`{"keys": [], "x": "${'x'.repeat(70_000)}"}`), /more than 65536 bytes/],
      [() => {}, /within 50 ms/],
    ];
    for (const [listener, cause] of failures) {
      answer = listener;
      await assert.rejects(fetchKeys(url, cause.source.includes('within') ? 50 : 5000), ({ message }: Error) => cause.test(message));
    }
    await assert.rejects(fetchKeys('http://127.0.0.1:1/', 5000), /ECONNREFUSED|bad port/);
  });
});

describe('the keys of issuers', () => {
  test('stay in use while they cannot be fetched, are asked for at a bounded rate, and are known to a later start', async () => {
    answer = serve(keySet(first));
    const made = await add({ jwks_url: url });
    const news: IdentityNews[] = [];
    const told: string[] = [];
    const issuers = new TokenIssuers({
      database: server.database.control,
      publish: async (some) => void news.push(...some),
      keep: () => {},
      tell: async (tenant) => void told.push(tenant),
    });
    await issuers.refresh();
    const events: string[] = [];
    let nowMs = 1_000_000;
    const fetcher = new KeyFetcher({ issuers, event: (_, name) => void events.push(name), nowMs: () => nowMs });
    const before = asked;
    answer = (_, response) => void response.writeHead(500).end();
    for (let i = 0; i < 5; i++) await fetcher.asked(made.body.id);
    assert.deepEqual([asked - before, events], [1, ['issuer-keys-not-fetched']]);
    assert.match(fetcher.failureOf(made.body.id) ?? '', /status 500/);
    assert.equal(issuers.known.prove(await token(first), Date.now())?.kind, 'proved');
    nowMs += 10_000;
    await Promise.all([fetcher.asked(made.body.id), fetcher.asked(made.body.id), fetcher.fetchAll()]);
    assert.deepEqual([asked - before, events.length, fetcher.failed], [2, 1, 2]);
    answer = serve(keySet(second));
    await fetcher.fetchAll();
    assert.deepEqual(events, ['issuer-keys-not-fetched', 'issuer-keys-fetched-again']);
    assert.deepEqual(told, ['acme']);
    assert.equal(issuers.known.prove(await token(first), Date.now())?.kind, 'key-unknown');
    assert.equal(news.length, 2);
    await fetcher.close();
    const later = new TokenIssuers({ database: server.database.control, publish: async () => {}, keep: () => {}, tell: async () => {} });
    await later.refresh();
    assert.equal(later.known.prove(await token(second), Date.now())?.kind, 'proved');
    assert.equal((await remove(made.body.id)).status, 200);
  });
});
