import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { TopicRules } from '../../../src/control/topic-rules/topic-rules.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());
beforeEach(async () => {
  for (const tenant of ['default', 'acme']) {
    for (const name of await names(tenant)) await server.call('DELETE', `/v1/topic-rules/${encodeURIComponent(name)}?tenant=${tenant}`);
  }
});

const hall = { name: 'hall', pattern: 'hall/{room}/{device}', device: 'level:device', decoder: 'json' };
const shown = { ...hall, prefix: null, value_name: null, unregistered: 'prefix', has_properties: false };

async function listed(tenant = 'default') {
  return (await server.call('GET', `/v1/topic-rules?tenant=${tenant}`)).body;
}

async function names(tenant = 'default'): Promise<string[]> {
  const { rules } = await listed(tenant);
  return rules.filter((rule: { built_in: boolean }) => !rule.built_in).map(({ name }: { name: string }) => name);
}

async function make(rule: object) {
  const made = await server.call('POST', '/v1/topic-rules', { body: rule });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

test('a rule is made, known to the gateways, listed before the built-in ones, and there after a restart', async () => {
  assert.deepEqual(await make({ ...hall, tenant: 'acme' }), { ...shown, tenant: 'acme', position: 1 });
  assert.deepEqual(server.plane.topicRules.get('acme'), [hall]);
  const { rules } = await listed('acme');
  assert.deepEqual(rules[0], { ...shown, tenant: 'acme', position: 1, built_in: false });
  assert.ok(rules.length > 40 && rules.slice(1).every((rule: { built_in: boolean }) => rule.built_in));
  assert.deepEqual(await names(), []);
  const published: unknown[] = [];
  const publish = (...what: unknown[]) => void published.push(what);
  const again = await TopicRules.load({ database: server.database.control, publish, event: () => {} });
  assert.deepEqual([again.of('acme'), published], [[hall], [['acme', [hall], []]]]);
});

test('a start without the database has the rules that were kept, and takes up what the database has later', async () => {
  await make({ ...hall, tenant: 'acme' });
  const published: unknown[] = [];
  const publish = (...what: unknown[]) => void published.push(what);
  const rules = [{ ...hall, device: 'connection' } as const];
  const kept = new Map([['gone', { rules, off: ['tasmota'] }]]);
  const restored = TopicRules.restore({ database: server.database.control, publish, event: () => {} }, kept);
  assert.deepEqual([...restored.kept()], [...kept]);
  assert.deepEqual(published, [['gone', rules, ['tasmota']]]);
  await restored.refresh();
  assert.deepEqual(published.slice(1), [
    ['gone', [], []],
    ['acme', [hall], []],
  ]);
});

test('every member of a rule comes back as it was given', async () => {
  const all = {
    ...hall,
    pattern: 'hall/{room}/{device}/#',
    prefix: '{room}',
    value_name: '{#}',
    unregistered: 'refuse',
    has_properties: true,
  };
  assert.deepEqual(await make(all), { ...all, tenant: 'default', position: 1 });
});

test('a name is there once, and is none of a built-in rule', async () => {
  await make(hall);
  assertFailure(await server.call('POST', '/v1/topic-rules', { body: hall }), 409, 'topic_rule_exists');
  assertFailure(await server.call('POST', '/v1/topic-rules', { body: { ...hall, name: 'tasmota' } }), 409, 'topic_rule_exists');
  await make({ ...hall, tenant: 'acme' });
});

test('rules are tried in their order, which a position changes', async () => {
  for (const [name, position] of [['a'], ['b'], ['c', 1], ['d', 2], ['e', 99]] as const) await make({ ...hall, name, position });
  assert.deepEqual(await names(), ['c', 'd', 'a', 'b', 'e']);
  const { name: _, ...rest } = hall;
  const moved = await server.call('PUT', '/v1/topic-rules/b', { body: { ...rest, position: 1 } });
  assert.deepEqual([moved.status, moved.body.position], [200, 1]);
  const stayed = await server.call('PUT', '/v1/topic-rules/a', { body: { ...rest, decoder: 'cbor' } });
  assert.deepEqual([stayed.status, stayed.body.position, stayed.body.decoder], [200, 4, 'cbor']);
  assert.deepEqual(await names(), ['b', 'c', 'd', 'a', 'e']);
  const order = server.plane.topicRules.get('default')?.map(({ name, decoder }) => `${name} ${decoder}`);
  assert.deepEqual(order, ['b json', 'c json', 'd json', 'a cbor', 'e json']);
});

test('a rule is deleted, and unknown from then on', async () => {
  await make(hall);
  const deleted = await server.call('DELETE', '/v1/topic-rules/hall');
  assert.deepEqual([deleted.status, deleted.body], [200, { tenant: 'default', name: 'hall', deleted: true }]);
  assert.deepEqual(server.plane.topicRules.get('default'), []);
  assertFailure(await server.call('DELETE', '/v1/topic-rules/hall'), 404, 'topic_rule_unknown');
  const { name: _, ...rest } = hall;
  assertFailure(await server.call('PUT', '/v1/topic-rules/hall', { body: rest }), 404, 'topic_rule_unknown');
});

test('a rule that is none is refused with its member and the problem', async () => {
  const wrong: [object, RegExp][] = [
    [{ ...hall, pattern: 'a/#/b' }, /: pattern /],
    [{ ...hall, pattern: 'a\ud800/{device}' }, /: pattern must not hold control characters or lone surrogates/],
    [{ ...hall, device: 'level:x' }, /: device the pattern has no level x/],
    [{ ...hall, decoder: 'yaml' }, /: decoder must be one of .*json/],
    [{ ...hall, value_name: '{x}' }, /: value_name the pattern has no level x/],
    [{ ...hall, prefix: 'x'.repeat(256) }, /: prefix must have at most 255 bytes/],
    [{ ...hall, unregistered: 'keep' }, /: unregistered must be own, prefix or refuse/],
    [{ ...hall, position: 0 }, /: position must be 1 or more/],
    [{ ...hall, name: '' }, /: name must have 1 to 128 bytes/],
    [{ ...hall, order: 1 }, /: order is not known here/],
  ];
  for (const [body, message] of wrong) {
    const refused = await server.call('POST', '/v1/topic-rules', { body });
    assertFailure(refused, 400, 'body_invalid');
    assert.match(refused.body.error.message, message);
  }
  assert.deepEqual(await names(), []);
});

test('a rule that takes topics from another is named with it', async () => {
  await make({ ...hall, name: 'wide', pattern: 'hall/#', device: 'connection' });
  await make({ ...hall, name: 'narrow' });
  await make({ ...hall, name: 'sensors', pattern: 'tele/{device}/SENSOR' });
  const { conflicts } = await listed();
  const named = conflicts.map(({ first, later, kind }: Record<string, string>) => `${first} ${kind} ${later}`);
  assert.ok(named.includes('wide hides narrow') && named.includes('sensors hides tasmota'), named.join());
  const tasmota = conflicts.find(({ first, kind }: Record<string, string>) => first === 'sensors' && kind === 'hides');
  assert.deepEqual([tasmota.first_pattern, tasmota.later_pattern], ['tele/{device}/SENSOR', 'tele/{device}/SENSOR']);
});

test('a tenant has 100 rules at most', async () => {
  const forms = Array.from({ length: 99 }, (_, index) => `r${index}`);
  await server.database.sql`insert into topic_rules (tenant_id, name, position, rule)
    select 'acme', name, position, '{"pattern":"x","device":"connection","decoder":"json"}' from unnest(${forms}::text[]) with ordinality as laid (name, position)`;
  await make({ ...hall, tenant: 'acme' });
  const refused = await server.call('POST', '/v1/topic-rules', { body: { ...hall, name: 'more', tenant: 'acme' } });
  assertFailure(refused, 409, 'topic_rules_exhausted');
  assert.equal((await names('acme')).length, 100);
  await server.database.sql`delete from topic_rules where name like 'r%'`;
});

test('a rule that only another build can use is left out, shown with its problem, and reported', async () => {
  const { sql, control } = server.database;
  await sql`insert into topic_rules values ('acme', 'newer', 1, '{"pattern":"x","device":"connection","decoder":"of-tomorrow"}')`;
  const events: unknown[] = [];
  const published: unknown[] = [];
  const publish = (...what: unknown[]) => void published.push(what);
  await TopicRules.load({ database: control, publish, event: (...what) => void events.push(what) });
  assert.deepEqual(published, [['acme', [], []]]);
  assert.equal(events.length, 1);
  await make({ ...hall, tenant: 'acme' });
  const { rules } = await listed('acme');
  assert.match(rules[0].problem, /^decoder: must be one of/);
  assert.deepEqual(server.plane.topicRules.get('acme'), [hall]);
});

test('rules need the admin key', async () => {
  const headers = { authorization: 'Bearer no-key' };
  assertFailure(await server.call('GET', '/v1/topic-rules', { headers }), 401, 'admin_key_invalid');
  assertFailure(await server.call('POST', '/v1/topic-rules', { headers, body: hall }), 401, 'admin_key_invalid');
  assertFailure(await server.call('POST', '/v1/topic-rules/test', { headers, body: {} }), 401, 'admin_key_invalid');
});
