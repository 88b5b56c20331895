import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Identities } from '../../../src/control/identity/identities.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TEST_BOX, TOKEN } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  for (const [device_id, device_class] of [
    ['d1', 'meter'],
    ['d2', undefined],
  ]) {
    const made = await server.call('POST', '/v1/devices', {
      body: { device_id, tenant: 'acme', token: TOKEN, ...(device_class && { device_class }) },
    });
    assert.equal(made.status, 201, made.text);
  }
});
after(() => server.close());

async function make(rule: object): Promise<number> {
  const made = await server.call('POST', '/v1/acl', { body: { tenant: 'acme', ...rule } });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

async function check(question: object) {
  return (await server.call('POST', '/v1/acl/check', { body: { tenant: 'acme', ...question } })).body;
}

test('a rule is made, known to the gateways, listed, asked about, and deleted', async () => {
  const id = await make({ subject: 'class:meter', action: 'subscribe', filter: 'plant/%d/#' });
  const rule = { id, subject: 'class:meter', action: 'subscribe', filter: 'plant/%d/#', effect: 'allow' };
  assert.deepEqual(server.plane.identity.at(-1), { subject: 'acl', tenant: 'acme', rules: [rule] });
  const listed = await server.call('GET', '/v1/acl?tenant=acme');
  assert.deepEqual(listed.body.rules, [{ ...rule, tenant: 'acme' }]);
  assert.ok(listed.body.built_in.length > 0);
  assert.deepEqual(await check({ device: 'd1', action: 'subscribe', topic: 'plant/d1/x' }), {
    allowed: true,
    rule: id,
    why: `rule ${id} allows it (plant/%d/#)`,
  });
  for (const question of [
    { device: 'd2', action: 'subscribe', topic: 'plant/d2/x' },
    { device: 'd1', action: 'publish', topic: 'plant/d1/x' },
    { device: 'd1', action: 'subscribe', topic: 'plant/#' },
  ]) {
    assert.deepEqual([(await check(question)).allowed, (await check(question)).rule], [false, null]);
  }
  assert.equal((await server.call('DELETE', `/v1/acl/${id}?tenant=other`)).status, 404);
  const deleted = await server.call('DELETE', `/v1/acl/${id}?tenant=acme`);
  assert.deepEqual([deleted.status, deleted.body], [200, { tenant: 'acme', id, deleted: true }]);
  assert.deepEqual(server.plane.identity.at(-1), { subject: 'acl', tenant: 'acme', rules: [] });
  assert.equal((await check({ device: 'd1', action: 'subscribe', topic: 'plant/d1/x' })).allowed, false);
});

test('rules are there after a restart, and what another process changed is taken up', async () => {
  const id = await make({ action: 'both', filter: 'a/#', effect: 'deny' });
  const news: unknown[] = [];
  const options = { database: server.database.control, box: TEST_BOX, event: () => {} };
  const again = await Identities.load({ ...options, publish: async (what) => void news.push(...what) });
  assert.deepEqual(news, [{ subject: 'acl', tenant: 'acme', rules: [...again.aclRules.of('acme')] }]);
  await server.call('DELETE', `/v1/acl/${id}?tenant=acme`);
  await again.refresh({ subject: 'acl', tenant: 'acme' });
  assert.deepEqual(again.aclRules.of('acme'), []);
});

test('what a rule or a question says is checked', async () => {
  const bad = [
    [{ action: 'both', filter: 'a/#/b' }, 'filter must have "#" as its last level only'],
    [{ action: 'both', filter: 'a+' }, 'filter must have "+" and "#" as whole levels only'],
    [{ action: 'read', filter: 'a' }, 'action must be publish, subscribe or both'],
    [{ action: 'both', filter: 'a', subject: 'device:a/b' }, 'subject must be all, class:NAME, device:ID or service:NAME'],
    [{ action: 'both', filter: 'a', subject: 'everybody' }, 'subject must be all, class:NAME, device:ID or service:NAME'],
  ] as const;
  for (const [body, problem] of bad) {
    const refused = await server.call('POST', '/v1/acl', { body });
    assertFailure(refused, 400, 'body_invalid');
    assert.ok(refused.text.includes(JSON.stringify(problem).slice(1, -1)), refused.text);
  }
  const question = { tenant: 'acme', action: 'publish', topic: 'a' };
  const ask = (body: object) => server.call('POST', '/v1/acl/check', { body: { ...question, ...body } });
  assertFailure(await ask({ device: 'gone' }), 404, 'device_unknown');
  assertFailure(await ask({ service: 'gone' }), 404, 'service_client_unknown');
  assertFailure(await ask({}), 400, 'body_invalid');
  assertFailure(await server.call('DELETE', '/v1/acl/abc'), 404, 'acl_rule_unknown');
});

test('telemetry needs no rule, and a rule that denies it is said by the check, the trial and HTTP alike', async () => {
  const topic = 'devices/d1/telemetry';
  const publish = (body: object = {}) => check({ device: 'd1', action: 'publish', topic: 'tele/plug/SENSOR', ...body });
  assert.deepEqual(await publish(), { allowed: true, rule: null, why: 'it is telemetry, by the topic rule tasmota' });
  assert.equal((await publish({ topic: 'devices/d2/telemetry' })).allowed, false);
  const post = (query = '') =>
    server.call('POST', `/v1/ingest/d1?tenant=acme${query}`, { raw: '{"v":1}', headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal((await post()).status, 202);

  const id = await make({ action: 'publish', filter: 'devices/%d/telemetry', effect: 'deny' });
  const denied = { allowed: false, rule: id, why: `rule ${id} denies it (devices/%d/telemetry)` };
  assert.deepEqual(await publish({ topic }), denied);
  assertFailure(await post(), 403, 'topic_forbidden');
  assertFailure(await post(`&topic=${topic}`), 403, 'topic_forbidden');
  assert.equal((await post('&topic=tele/plug/SENSOR')).status, 202);
  const payload_base64 = Buffer.from('{"v":1}').toString('base64');
  const trial = await server.call('POST', '/v1/topic-rules/test', { body: { tenant: 'acme', device_id: 'd1', topic, payload_base64 } });
  assert.equal(trial.body.reason, 'topic_forbidden', trial.text);
  await server.call('DELETE', `/v1/acl/${id}?tenant=acme`);
  assert.equal((await post()).status, 202);
});
