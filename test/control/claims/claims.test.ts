import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ClaimCodes } from '../../../src/control/claims/claim-codes.js';
import { Claims } from '../../../src/control/claims/claims.js';
import { hashOfCode, newCode } from '../../../src/control/claims/code.js';
import { FailedAttempts } from '../../../src/control/claims/failed-attempts.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function make(more: object = {}) {
  const made = await server.call('POST', '/v1/claim-codes', { body: { name: 'order-7', tenant: 'acme', device_class: 'pump', ...more } });
  assert.equal(made.status, 201, made.text);
  return made.body.claim_codes as { id: number; code: string; used: number; uses: number }[];
}

const claim = (code: string, serial: string) =>
  server.call('POST', '/v1/claim', { body: { code, serial }, headers: { authorization: '' } });

describe('claims over the API', () => {
  test('a device with a code gets its id and a token that lets it post, once', async () => {
    const [made] = await make();
    const claimed = await claim(made!.code.toLowerCase().replaceAll('-', ' '), 'p-1');
    assert.equal(claimed.status, 201, claimed.text);
    const { auth_token: token, ...rest } = claimed.body;
    assert.deepEqual(rest, { device_id: 'p-1', tenant: 'acme', device_class: 'pump' });
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await server.call('POST', '/v1/ingest/p-1?tenant=acme', { body: { v: 1 }, headers })).status, 202);
    assert.equal(server.registry.get('acme', 'p-1')?.details.serial, 'p-1');
    assertFailure(await claim(made!.code, 'p-2'), 401, 'claim_refused');
    assert.equal(server.registry.get('acme', 'p-2'), undefined);
    const audit = await server.call('GET', '/v1/audit?target=p-1');
    const [entry] = audit.body.entries;
    assert.deepEqual([entry.actor.kind, entry.actor.name, entry.tenant], ['claim', 'order-7', 'acme']);
    const rows = await server.database.control.run((sql) => sql`select row_to_json(c)::text as row from claim_codes c`);
    assert.ok(!rows.some(({ row }) => row.includes(made!.code) || row.includes(made!.code.replaceAll('-', ''))));
  });

  test('a code lets in as many devices as it may, also when they come at once; what registers nothing costs no use', async () => {
    const [made] = await make({ uses: 3 });
    const all = await Promise.all(Array.from({ length: 6 }, (_, index) => claim(made!.code, `q-${index}`)));
    assert.deepEqual(all.map(({ status }) => status).sort(), [201, 201, 201, 401, 401, 401]);
    const [more] = await make({ uses: 2 });
    assertFailure(await claim(more!.code, 'p-1'), 409, 'device_exists');
    assertFailure(await claim(more!.code, 'no/id'), 400, 'body_invalid');
    assert.deepEqual((await claim(more!.code, 'r-1')).status, 201);
    const listed = await server.call('GET', '/v1/claim-codes?tenant=acme&limit=1');
    assert.deepEqual([listed.body.claim_codes[0].used, listed.body.claim_codes[0].code], [1, undefined]);
    const next = await server.call('GET', `/v1/claim-codes?tenant=acme&limit=1&cursor=${listed.body.next}`);
    assert.equal(next.body.claim_codes[0].id, made!.id);
    assert.equal((await server.call('DELETE', `/v1/claim-codes/${more!.id}?tenant=acme`)).status, 200);
    assertFailure(await server.call('DELETE', `/v1/claim-codes/${more!.id}?tenant=acme`), 404, 'claim_code_unknown');
    assertFailure(await claim(more!.code, 'r-2'), 401, 'claim_refused');
  });

  test('a batch is made at once, in tenants that the key may see', async () => {
    const made = await make({ count: 500, tenant: 'batch' });
    assert.equal(new Set(made.map(({ code }) => code)).size, 500);
    assert.equal((await claim(made[499]!.code, 's-1')).body.tenant, 'batch');
    const body = { name: 'x', tenant: 'acme', expires_at: '2020-01-01T00:00:00Z' };
    assertFailure(await server.call('POST', '/v1/claim-codes', { body }), 400, 'body_invalid');
    const { text } = await server.call('GET', '/metrics');
    assert.match(text, /spillway_claims_total\{result="claimed"\} [1-9]/);
  });
});

describe('codes', () => {
  test('are of a hundred random bits, and read as people type them', () => {
    const codes = Array.from({ length: 1000 }, newCode);
    assert.equal(new Set(codes).size, 1000);
    for (const code of codes) assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    assert.deepEqual(hashOfCode('10ab-c'), hashOfCode(' iO AbC'));
    assert.notDeepEqual(hashOfCode('10abc'), hashOfCode('10abd'));
  });

  test('that have ended are refused as wrong ones are', async () => {
    const codes = new ClaimCodes(server.database.control);
    const wanted = { tenant: 'acme', name: 'past', deviceClass: null, uses: 1, count: 1, expiresMs: Date.now() - 1 };
    const made = await codes.create(wanted);
    assert.ok(Array.isArray(made));
    const ended = await claim(made[0].code, 't-1');
    const wrong = await claim(newCode(), 't-1');
    assert.deepEqual([ended.status, ended.body], [wrong.status, wrong.body]);
  });

  test('that are tried out from one address are refused after ten, and others are not', async () => {
    let nowMs = 0;
    const events: string[] = [];
    const codes = new ClaimCodes(server.database.control);
    const attempts = new FailedAttempts(() => nowMs);
    const { registry, database } = server;
    const claims = new Claims({ codes, registry, database: database.control, attempts, event: (_, name) => void events.push(name) });
    const [made] = await make({ uses: 20 });
    const attempt = async (code: string, address: string, serial: string) => {
      const claimed = await claims.claim({ code, address, serial });
      return 'error' in claimed ? claimed.error.code : claimed.device.id;
    };
    for (let i = 0; i < 12; i++) assert.equal(await attempt(made!.code, '2001:db8::1', `u-${i}`), `u-${i}`);
    for (let i = 0; i < 10; i++) assert.equal(await attempt(newCode(), `2001:db8::${i}`, 'v'), 'claim_refused');
    assert.equal(await attempt(made!.code, '2001:db8::ffff', 'v'), 'claims_limited');
    assert.deepEqual(events.slice(12), ['claims-refused']);
    assert.equal(await attempt(made!.code, '192.0.2.1', 'v'), 'v');
    nowMs = 60_000;
    assert.equal(await attempt(made!.code, '2001:db8::1', 'w'), 'w');
    assert.deepEqual(claims.counts, { claimed: 14, refused: 10, limited: 1 });
  });
});
