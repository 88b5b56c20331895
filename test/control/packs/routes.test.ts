import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PACK_BYTES_MAX } from '../../../src/contract/packs/envelope.js';
import { waterFrame, waterMeter } from '../../support/codec-modules.js';
import { assertFailure } from '../../support/failure.js';
import { boilerPack, newSigner, packFile } from '../../support/packs.js';
import { type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

const maker = newSigner();
const stranger = newSigner();
let server: ServerUnderTest;
let keyId: string;
before(async () => {
  server = await startServerUnderTest();
  const body = { name: 'Acme', public_key: maker.pem };
  const added = await server.call('POST', '/v1/pack-keys', { body });
  assert.equal(added.status, 201, added.text);
  keyId = added.body.key_id;
});
after(() => server.close());

interface Tried {
  readonly tenant?: string;
  readonly query?: string;
}

const install = (file: string | Uint8Array<ArrayBuffer>, { tenant = 'default', query = '' }: Tried = {}) =>
  server.call('POST', `/v1/packs?tenant=${tenant}&now=true${query}`, { raw: file });
const signed = (change: object = {}) => packFile(boilerPack(change), maker.privateKey);
const installed = async (tenant: string) => {
  const { body } = await server.call('GET', `/v1/packs?tenant=${tenant}`);
  return body.packs.filter((pack: { built_in: boolean }) => !pack.built_in);
};
const rulesOf = async (tenant: string) =>
  (await server.call('GET', `/v1/topic-rules?tenant=${tenant}`)).body.rules.filter((rule: { built_in: boolean }) => !rule.built_in);
const schemasOf = async (tenant: string, more = '') => (await server.call('GET', `/v1/schemas?tenant=${tenant}${more}`)).body.schemas;

const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

async function reading(tenant: string, payload: string | Buffer = '{"t":212}', topic = 'acme/boiler/b1') {
  const body = { tenant, topic, payload_base64: Buffer.from(payload as Buffer).toString('base64') };
  const { readings } = (await server.call('POST', '/v1/topic-rules/test', { body })).body;
  return readings.map(({ metric, value, unit }: Record<string, unknown>) => [metric, value, unit].join(' '));
}

test('a signed pack is installed: its rules and schemas are in effect at once', async () => {
  await server.call('POST', '/v1/devices', { body: { tenant: 'a', device_id: 'b1', device_class: 'boiler', token: TOKEN } });
  assert.deepEqual(await reading('a'), []);
  const { status, body, text } = await install(signed(), { tenant: 'a' });
  assert.equal(status, 201, text);
  assert.deepEqual([body.state, body.tenants, body.vectors], ['installed', ['a'], [{ name: 'a reading', problem: null }]]);
  assert.deepEqual(body.signature, { state: 'trusted', key_ids: [keyId], key_name: 'Acme' });
  assert.deepEqual(await reading('a'), ['temperature 100 Cel']);
  const [pack] = await installed('a');
  assert.deepEqual([pack.name, pack.version, pack.signed_by, pack.can_roll_back], ['acme-boiler', '1.0.0', keyId, false]);
  const shown = (await server.call('GET', '/v1/packs/acme-boiler?tenant=a')).body;
  assert.deepEqual([shown.topic_rules[0].pattern, shown.schemas[0].version, shown.codec], ['acme/boiler/{device}', 1, null]);
  assert.equal((await install(signed(), { tenant: 'a' })).body.state, 'unchanged');
  const { entries } = (await server.call('GET', '/v1/audit?tenant=a&target=acme-boiler')).body;
  assert.deepEqual(
    entries.map(({ target, after }: { target: string; after: { signed_by: string } }) => [target, after.signed_by]),
    [['pack acme-boiler', keyId]],
  );
});

test('what no trusted key signed is refused, unless the admin says otherwise; a wrong signature always', async () => {
  for (const [file, cause] of [
    [packFile(boilerPack()), /it has no signature/],
    [packFile(boilerPack(), stranger.privateKey), /it is signed by [0-9a-f]{32}/],
  ] as const) {
    const refused = await install(file, { tenant: 'b' });
    assertFailure(refused, 403, 'pack_untrusted');
    assert.match(refused.body.error.message, cause);
  }
  const envelope = JSON.parse(signed());
  envelope.payload = Buffer.from(JSON.stringify(boilerPack({ vendor: 'Acmf' }))).toString('base64');
  assertFailure(await install(JSON.stringify(envelope), { tenant: 'b', query: '&allow_unsigned=true' }), 403, 'pack_signature_invalid');
  assert.deepEqual(await installed('b'), []);
  const { body } = await install(packFile(boilerPack(), stranger.privateKey), { tenant: 'b', query: '&allow_unsigned=true' });
  assert.deepEqual([body.state, body.signature.state], ['installed', 'unknown']);
  const both = packFile(boilerPack({ version: '1.0.1' }), stranger.privateKey, maker.privateKey);
  assert.equal((await install(both, { tenant: 'b' })).body.signature.key_name, 'Acme', 'one of two signers is trusted');
});

test('a file that is no whole pack, or says what is not read, is refused and changes nothing', async () => {
  const file = signed();
  for (let at = 0; at < file.length - 2; at += 97) assertFailure(await install(file.slice(0, at), { tenant: 'c' }), 400, 'pack_malformed');
  assertFailure(await install('{}', { tenant: 'c' }), 400, 'pack_malformed');
  assertFailure(await install(packFile('{', maker.privateKey), { tenant: 'c' }), 400, 'pack_malformed');
  assertFailure(await install(signed({ format: 2, news: true }), { tenant: 'c' }), 400, 'pack_format_unsupported');
  assertFailure(await install(new Uint8Array(PACK_BYTES_MAX + 1), { tenant: 'c' }), 413, 'body_oversize');
  const rule = { name: 'r', pattern: 'x/{device}', device: 'level:device', decoder: 'json' };
  const schema = { format: 'json', schema_definition: { fields: { t: 'number' } } };
  const invalid: [change: object, cause: RegExp][] = [
    [{ tenant: 'other' }, /tenant is not known here/],
    [{ topic_rules: [{ ...rule, tenant: 'other' }] }, /tenant is not known here/],
    [{ topic_rules: [{ ...rule, pattern: 'tenant/other/device/{device}/data' }] }, /pattern must not name a tenant/],
    [{ vectors: [{ name: 'v', topic: 'tenant/other/device/d/data', payload: '1' }] }, /topic must not name a tenant/],
    [{ topic_rules: [{ ...rule, decoder: 'nothing' }] }, /topic_rules\.0\.decoder must be one of/],
    [{ topic_rules: [rule, rule] }, /topic_rules\.1\.name is that of an earlier rule/],
    [{ topic_rules: [{ ...rule, name: 'tasmota' }] }, /is that of a built-in rule/],
    [{ name: 'tasmota' }, /name is that of a built-in pack/],
    [{ name: 'A b' }, /name must be 1 to 64/],
    [{ version: '1.0' }, /version must be three numbers/],
    [{ device_class: undefined }, /device_class must be there/],
    [{ schemas: [{ ...schema, format: 'codec' }] }, /schemas\.0\.format is codec, and the pack has none/],
    [{ schemas: [{ ...schema, format: 'codec:meter@1' }] }, /schemas\.0\.format must be codec/],
    [{ schemas: [{ ...schema, schema_definition: { fields: { t: { type: 'odd' } } } }] }, /schemas\.0\.schema_definition/],
    [{ vectors: [] }, /vectors must hold at least one message/],
    [{ vectors: [{ name: 'v', topic: 'x/1', payload: '1' }] }, /vectors must have readings/],
    [{ codec: { name: 'c', wasm_base64: 'AAAA' }, schemas: [{ ...schema, format: 'codec' }] }, /codec: it is no valid WebAssembly module/],
  ];
  for (const [change, cause] of invalid) {
    const refused = await install(signed(change), { tenant: 'c' });
    assertFailure(refused, 400, 'pack_invalid');
    assert.match(refused.body.error.message, cause);
  }
  const [vector] = boilerPack().vectors as [object];
  const failing = await install(signed({ vectors: [{ ...vector, readings: [{ metric: 'temperature', value: 99 }] }] }), { tenant: 'c' });
  assertFailure(failing, 400, 'pack_vectors_failed');
  assert.match(
    failing.body.error.message,
    /1 of its 1 messages become something else; a reading: it has no reading boiler-1 temperature 99/,
  );
  assert.deepEqual([await installed('c'), await rulesOf('c'), await schemasOf('c')], [[], [], []]);
});

test('verify reports on the whole file and changes nothing', async () => {
  const file = packFile(
    boilerPack({
      vectors: [{ name: 'v', topic: 'acme/boiler/b', payload: '{"t":1}', readings: [] }, (boilerPack().vectors as [object])[0]],
    }),
  );
  const { status, body, text } = await server.call('POST', '/v1/packs/verify?tenant=d', { raw: file });
  assert.equal(status, 200, text);
  assert.equal(body.signature.state, 'unsigned');
  assert.match(body.vectors[0].problem, /^it has a reading that is not expected/);
  assert.equal(body.vectors[1].problem, null);
  assert.deepEqual(await installed('d'), []);
});

test('what the tenant has of its own is neither overwritten nor hidden: it is named', async () => {
  const own = { tenant: 'e', name: 'acme-boiler', pattern: 'own/{device}', device: 'level:device', decoder: 'json' };
  await server.call('POST', '/v1/topic-rules', { body: own });
  await server.call('POST', '/v1/topic-rules', { body: { ...own, name: 'wide', pattern: 'acme/#', device: 'connection' } });
  const schema = { tenant: 'e', device_class: 'boiler', format: 'json', schema_definition: { fields: { t: 'number' } } };
  await server.call('POST', '/v1/schemas', { body: schema });
  const refused = await install(signed(), { tenant: 'e' });
  assertFailure(refused, 409, 'pack_conflict');
  assert.match(refused.body.error.message, /topic rule acme-boiler is the tenant's own; the schema of class boiler and firmware \* is the/);
  const report = (await server.call('POST', '/v1/packs/verify?tenant=e', { raw: signed() })).body;
  assert.equal(report.conflicts.length, 2);
  assert.deepEqual(
    report.shared_topics.map(({ first, later, kind }: Record<string, string>) => [first, later, kind]),
    [['wide', 'acme-boiler', 'hides']],
  );
  assert.deepEqual(namesOf(await rulesOf('e')), ['acme-boiler', 'wide']);
});

test('an upgrade takes the place of the version before it, and a rollback that of the upgrade', async () => {
  await server.call('POST', '/v1/devices', { body: { tenant: 'f', device_id: 'b1', device_class: 'boiler', token: TOKEN } });
  await install(signed(), { tenant: 'f' });
  assertFailure(await server.call('POST', '/v1/packs/acme-boiler/rollback?tenant=f'), 409, 'pack_first');
  const definition = { fields: { t: { type: 'number', unit: '[degF]', to: 'K', rename: 'temperature' } } };
  const vectors = [{ ...(boilerPack().vectors as [object])[0], readings: [{ metric: 'temperature', value: 373.15, unit: 'K' }] }];
  const next = { version: '2.0.0', schemas: [{ format: 'json', mode: 'flexible', major: true, schema_definition: definition }], vectors };
  const rules = [{ name: 'acme-new', pattern: 'acme/boiler/{device}', device: 'level:device', decoder: 'json' }];
  assert.equal((await install(signed({ ...next, topic_rules: rules }), { tenant: 'f' })).body.installed_version, '1.0.0');
  assert.deepEqual(await reading('f'), ['temperature 373.15 K']);
  assert.deepEqual(namesOf(await rulesOf('f')), ['acme-new']);
  assertFailure(await install(signed(), { tenant: 'f' }), 409, 'pack_not_newer');
  const back = await server.call('POST', '/v1/packs/acme-boiler/rollback?tenant=f');
  assert.deepEqual([back.status, back.body.version, back.body.can_roll_back], [200, '1.0.0', true], back.text);
  assert.deepEqual(await reading('f'), ['temperature 100 Cel']);
  assert.deepEqual(namesOf(await rulesOf('f')), ['acme-boiler']);
  assert.equal((await schemasOf('f')).length, 1, 'versions of one schema');
});

test('a rule that was changed after the pack made it stops an upgrade, and stays at a removal', async () => {
  await install(signed(), { tenant: 'g' });
  const rule = { pattern: 'acme/boiler/{device}/#', device: 'level:device', decoder: 'json' };
  await server.call('PUT', '/v1/topic-rules/acme-boiler?tenant=g', { body: rule });
  const refused = await install(signed({ version: '1.1.0' }), { tenant: 'g' });
  assertFailure(refused, 409, 'pack_conflict');
  assert.match(refused.body.error.message, /topic rule acme-boiler was changed after the pack made it/);
  const { body } = await server.call('DELETE', '/v1/packs/acme-boiler?tenant=g');
  assert.deepEqual(body.stays, ['topic rule acme-boiler, which was changed after the pack made it']);
  assert.equal((await rulesOf('g')).length, 1);
});

test('what a removed pack made is gone, devices and their data stay, and it can be installed again', async () => {
  await server.call('POST', '/v1/devices', { body: { tenant: 'h', device_id: 'b1', device_class: 'boiler', token: TOKEN } });
  await install(signed(), { tenant: 'h' });
  const { body } = await server.call('DELETE', '/v1/packs/acme-boiler?tenant=h');
  assert.deepEqual(body, { name: 'acme-boiler', removed: true, stays: [] });
  assert.deepEqual([await installed('h'), await rulesOf('h'), await schemasOf('h')], [[], [], []]);
  assert.equal((await server.call('GET', '/v1/devices/b1?tenant=h')).status, 200);
  assertFailure(await server.call('DELETE', '/v1/packs/acme-boiler?tenant=h'), 404, 'pack_unknown');
  assertFailure(await server.call('GET', '/v1/packs/acme-boiler?tenant=h'), 404, 'pack_unknown');
  assert.equal((await install(signed(), { tenant: 'h' })).status, 201);
  assert.deepEqual(await reading('h'), ['temperature 100 Cel']);
});

test('a step that fails undoes the steps before it', async () => {
  await server.database.control.run(
    (sql) => sql`insert into topic_rules (tenant_id, name, position, rule)
      select 'i', 'own-' || at, at, jsonb_build_object('pattern', 'own/' || at, 'device', 'connection', 'decoder', 'json')
      from generate_series(1, 100) as at`,
  );
  assertFailure(await install(signed(), { tenant: 'i' }), 409, 'topic_rules_exhausted');
  assert.deepEqual([await installed('i'), await schemasOf('i')], [[], []]);
});

test('of two installations at once one makes everything, and the other finds it made', async () => {
  const tried = await Promise.all([install(signed(), { tenant: 'j' }), install(signed(), { tenant: 'j' })]);
  assert.deepEqual(tried.map(({ body }) => body.state).sort(), ['installed', 'unchanged']);
  const upgrades = ['1.1.0', '1.2.0'].map((version) => install(signed({ version }), { tenant: 'j' }));
  const states = (await Promise.all(upgrades)).map(({ status, body }) => body.state ?? `${status} ${body.error.code}`);
  assert.ok(
    states.includes('installed') && states.every((state) => state === 'installed' || state === '409 pack_not_newer'),
    states.join(),
  );
  assert.equal((await installed('j'))[0].version, '1.2.0');
  assert.equal((await rulesOf('j')).length, 1);
});

test('a pack with a codec decodes by it', async () => {
  const wasm = Buffer.from(await waterMeter()).toString('base64');
  const frame = waterFrame({ litres: 1500, celsius: 11.25 }).toString('base64');
  const meter = {
    ...{ name: 'acme-meter', device_class: 'meter', codec: { name: 'acme-meter', wasm_base64: wasm } },
    schemas: [{ format: 'codec', mode: 'flexible', schema_definition: { fields: {} } }],
    topic_rules: [{ name: 'acme-meter', pattern: 'acme/meter/{device}', device: 'level:device', decoder: 'plain' }],
  };
  const vector = { name: 'a frame', device: 'm1', topic: 'acme/meter/m1', payload_base64: frame };
  const readings = [
    { metric: 'litres', value: 1500 },
    { metric: 'temperature', value: 11.25 },
    { metric: 'state', value: 'ok' },
  ];
  const file = signed({ ...meter, vectors: [{ ...vector, readings }] });
  await server.call('POST', '/v1/devices', { body: { tenant: 'k', device_id: 'm1', device_class: 'meter', token: TOKEN } });
  const { body, text } = await install(file, { tenant: 'k' });
  assert.equal(body.state, 'installed', text);
  assert.equal((await server.call('GET', '/v1/packs/acme-boiler?tenant=k')).status, 404);
  assert.equal((await server.call('GET', '/v1/packs/acme-meter?tenant=k')).body.codec, 'codec:acme-meter@1');
  assert.deepEqual((await reading('k', Buffer.from(frame, 'base64'), 'acme/meter/m1')).sort(), [
    'litres 1500 ',
    'state ok ',
    'temperature 11.25 ',
  ]);
  const { stays } = (await server.call('DELETE', '/v1/packs/acme-meter?tenant=k')).body;
  assert.deepEqual(stays, ['codec acme-meter@1, by which messages in the log may be read']);
});

test('all tenants get a pack in one step, which a key of one tenant may not ask for', async () => {
  for (const tenant of ['l1', 'l2']) await server.call('POST', '/v1/devices', { body: { tenant, device_id: 'd', token: TOKEN } });
  const [rule] = boilerPack().topic_rules as [object];
  const file = signed({ name: 'acme-all', device_class: 'all-class', topic_rules: [{ ...rule, name: 'acme-all' }] });
  const { body, text } = await install(file, { query: '&all_tenants=true' });
  assert.ok(
    ['l1', 'l2'].every((tenant) => body.tenants?.includes(tenant)),
    text,
  );
  for (const tenant of ['l1', 'l2']) assert.deepEqual(namesOf(await installed(tenant)), ['acme-all']);
  const { key } = (await server.call('POST', '/v1/keys', { body: { name: 'of l1', role: 'admin', tenant: 'l1' } })).body;
  const headers = { authorization: `Bearer ${key}` };
  const refused = (path: string) => server.call('POST', path, { raw: file, headers });
  assertFailure(await refused('/v1/packs?now=true&all_tenants=true'), 403, 'scope_forbidden');
  assertFailure(await refused('/v1/packs?now=true&tenant=l2'), 403, 'scope_forbidden');
  assertFailure(await server.call('POST', '/v1/pack-keys', { body: {}, headers }), 403, 'scope_forbidden');
});

test('built-in packs are listed and shown, and cannot be removed', async () => {
  const { packs } = (await server.call('GET', '/v1/packs')).body;
  const builtIn = packs.filter((pack: { built_in: boolean }) => pack.built_in).map(({ name }: { name: string }) => name);
  assert.ok(
    ['tasmota', 'sparkplug', 'spillway'].every((name) => builtIn.includes(name)),
    builtIn.join(),
  );
  const shown = (await server.call('GET', '/v1/packs/owntracks')).body;
  assert.deepEqual([shown.topic_rules[0].pattern, shown.vectors.length], ['owntracks/{user}/{device}', 2]);
  assertFailure(await server.call('DELETE', '/v1/packs/tasmota'), 409, 'pack_built_in');
  assertFailure(await server.call('POST', '/v1/packs/tasmota/rollback'), 409, 'pack_built_in');
});

test('a tenant does without a built-in pack, and has it again', async () => {
  const tried = async () => {
    const body = {
      tenant: 'm',
      topic: 'owntracks/u/d',
      payload_base64: Buffer.from('{"_type":"location","lat":1,"tst":1796029200}').toString('base64'),
    };
    return (await server.call('POST', '/v1/topic-rules/test', { body })).body.rule;
  };
  const change = (name: string, enabled: unknown) => server.call('PATCH', `/v1/packs/${name}?tenant=m`, { body: { enabled } });
  assert.equal(await tried(), 'owntracks');
  assert.equal((await change('owntracks', false)).body.enabled, false);
  assert.equal(await tried(), null);
  assert.deepEqual(server.plane.packsOff.get('m'), ['owntracks']);
  const { rules } = (await server.call('GET', '/v1/topic-rules?tenant=m')).body;
  assert.ok(!namesOf(rules).includes('owntracks') && namesOf(rules).includes('tasmota'));
  assert.equal((await server.call('GET', '/v1/packs/owntracks?tenant=m')).body.enabled, false);
  assert.equal((await server.call('GET', '/v1/packs/owntracks?tenant=a')).body.enabled, true);
  assert.equal((await change('owntracks', true)).body.enabled, true);
  assert.equal(await tried(), 'owntracks');
  assertFailure(await change('spillway', false), 409, 'pack_built_in');
  assertFailure(await change('nothing', false), 404, 'pack_unknown');
  assertFailure(await change('owntracks', 'no'), 400, 'body_invalid');
});

test('keys are trusted, listed and distrusted; what is no public key of Ed25519 is refused', async () => {
  const { body } = await server.call('POST', '/v1/pack-keys', { body: { name: 'other', public_key: stranger.pem } });
  const { pack_keys: listed } = (await server.call('GET', '/v1/pack-keys')).body;
  assert.deepEqual(
    listed.map(({ name }: { name: string }) => name),
    ['Acme', 'other'],
  );
  assert.equal((await server.call('DELETE', `/v1/pack-keys/${body.key_id}`)).status, 200);
  assertFailure(await server.call('DELETE', `/v1/pack-keys/${body.key_id}`), 404, 'pack_key_unknown');
  const secret = String(maker.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  for (const pem of ['', 'no key', secret]) {
    assertFailure(await server.call('POST', '/v1/pack-keys', { body: { name: 'n', public_key: pem } }), 400, 'body_invalid');
  }
});
