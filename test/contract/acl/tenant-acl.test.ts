import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclAction, AclRule, AclSubject, Principal } from '../../../src/contract/acl/acl.js';
import { TenantAcl } from '../../../src/contract/acl/tenant-acl.js';

const d1: Principal = { kind: 'device', tenant: 'acme', name: 'd1', deviceClass: 'meter' };
const service: Principal = { kind: 'service', tenant: 'acme', name: 'grafana' };

let lastId = 0;
function rule(effect: AclRule['effect'], filter: string, subject: AclSubject = 'all', action: AclRule['action'] = 'both'): AclRule {
  return { id: ++lastId, subject, action, filter, effect };
}

function aclOf(...rules: AclRule[]): TenantAcl {
  const acl = new TenantAcl();
  acl.set('acme', rules);
  return acl;
}

function allows(acl: TenantAcl, topic: string, action: AclAction = 'subscribe', who: Principal = d1): boolean {
  return acl.allows(who, action, topic).allowed;
}

test('without rules a device has its own telemetry and commands, exactly, and nothing else', () => {
  const acl = new TenantAcl();
  for (const topic of ['devices/d1/commands', 'devices/d1/commands/#', 'devices/d1/commands/+/x', 'tenant/acme/device/d1/commands']) {
    assert.equal(allows(acl, topic), true, topic);
  }
  for (const topic of [
    'devices/d1',
    'devices/D1/commands',
    'devices/d10/commands',
    'devices/+/commands',
    'devices/#',
    '#',
    'devices/d1/telemetry',
  ]) {
    assert.equal(allows(acl, topic), false, topic);
  }
  assert.equal(allows(acl, 'devices/d1/telemetry', 'publish'), true);
  assert.equal(allows(acl, 'devices/d2/telemetry', 'publish'), false);
  assert.equal(allows(acl, 'devices/d1/commands', 'publish'), false);
  assert.equal(allows(acl, 'devices/x/commands', 'subscribe', service), false);
});

test('a device whose id is a word of our topics gains nothing by it', () => {
  const named: Principal = { ...d1, name: 'devices' };
  assert.equal(allows(aclOf(rule('allow', '%d/#')), 'devices/#', 'subscribe', named), true);
  assert.equal(allows(new TenantAcl(), 'devices/#', 'subscribe', named), false);
  const ofServer: Principal = { ...d1, name: '$SYS' };
  assert.equal(allows(aclOf(rule('allow', '%d/#')), '$SYS/#', 'subscribe', ofServer), false);
});

test('wildcards in an id that stands for a placeholder are exact text', () => {
  const acl = aclOf(rule('allow', 'site/%d/x'));
  assert.equal(allows(acl, 'site/d2/x', 'subscribe', { ...d1, name: '+' }), false);
  assert.equal(allows(acl, 'site/d2/x', 'subscribe', { ...d1, name: '#' }), false);
});

test('a filter is allowed only if every topic that it matches is allowed', () => {
  const acl = aclOf(rule('allow', 'a/#'), rule('deny', 'a/secret/+'));
  assert.equal(allows(acl, 'a'), true);
  assert.equal(allows(acl, 'a/b/c'), true);
  assert.equal(allows(acl, 'a/+'), true);
  for (const filter of ['a/#', 'a/+/+', 'a/secret/x', 'a/+/x', '+/b', '+', '#']) assert.equal(allows(acl, filter), false, filter);
  assert.equal(allows(acl, 'a/secret'), true);
  assert.equal(allows(acl, 'a/secret/x/y'), true);
});

test('several rules together may allow what none allows alone', () => {
  const acl = aclOf(rule('allow', 'a'), rule('allow', 'a/+/#'));
  assert.equal(allows(acl, 'a/#'), true);
  assert.equal(allows(aclOf(rule('allow', 'a/+/#')), 'a/#'), false);
});

test('wildcards of rules and filters leave topics of the server out', () => {
  assert.equal(allows(aclOf(rule('allow', '#')), '$SYS/broker/load'), false);
  assert.equal(allows(aclOf(rule('allow', '+/x')), '$SYS/x'), false);
  const acl = aclOf(rule('allow', '#'), rule('deny', '$SYS/#'));
  assert.equal(allows(acl, '#'), true);
  assert.equal(allows(aclOf(rule('allow', '$SYS/#')), '$SYS/broker/load'), true);
  assert.equal(allows(aclOf(rule('allow', '$SYS/#')), '$SYS/broker/load', 'publish'), false);
});

test('a shared subscription needs the rights of the filter in it', () => {
  const acl = aclOf(rule('allow', 'a/+'));
  assert.equal(allows(acl, '$share/group/a/b'), true);
  assert.equal(allows(acl, '$share/group/b'), false);
  assert.equal(allows(acl, '$share/group/$share/g/a/b'), false);
  assert.equal(allows(aclOf(rule('allow', '#')), '$share/group'), false);
});

test('rules are for everybody, a class, one device, or one service client of their tenant', () => {
  const acl = aclOf(rule('allow', 'm', 'class:meter'), rule('allow', 'd', 'device:d1'), rule('allow', 's', 'service:grafana'));
  assert.deepEqual(
    ['m', 'd', 's'].map((topic) => allows(acl, topic)),
    [true, true, false],
  );
  assert.deepEqual(
    ['m', 'd', 's'].map((topic) => allows(acl, topic, 'subscribe', service)),
    [false, false, true],
  );
  assert.equal(allows(acl, 'm', 'subscribe', { ...d1, deviceClass: null }), false);
  assert.equal(allows(aclOf(rule('allow', '#')), 'm', 'subscribe', { ...d1, tenant: 'other' }), false);
  assert.equal(allows(aclOf(rule('allow', 'x/%d')), 'x/grafana', 'subscribe', service), false);
  assert.equal(allows(aclOf(rule('allow', '%t/x')), 'acme/x', 'subscribe', service), true);
});

test('a rule is for the action that it names', () => {
  const acl = aclOf(rule('allow', 'in', 'all', 'publish'), rule('allow', 'out', 'all', 'subscribe'));
  assert.deepEqual(
    ['in', 'out'].map((topic) => allows(acl, topic, 'publish')),
    [true, false],
  );
  assert.deepEqual(
    ['in', 'out'].map((topic) => allows(acl, topic)),
    [false, true],
  );
});

test('a verdict names the rule and an example', () => {
  const deny = rule('deny', 'a/secret');
  const allow = rule('allow', 'a/#');
  const acl = aclOf(allow, deny);
  assert.deepEqual(acl.allows(d1, 'subscribe', 'a/+'), {
    allowed: false,
    rule: deny,
    why: `rule ${deny.id} denies a/secret, which it matches (a/secret)`,
  });
  assert.deepEqual(acl.allows(d1, 'subscribe', 'a/b'), { allowed: true, rule: allow, why: `rule ${allow.id} allows it (a/#)` });
  assert.equal(acl.allows(d1, 'subscribe', 'b').why, 'no rule allows it');
  assert.equal(acl.allows(d1, 'subscribe', 'a/#/b').why, 'it is no topic filter of MQTT');
});

test('rules that would take too long to compare refuse the filter', () => {
  const levels = 'abcdefghijklmn'.split('');
  const many = levels.map((letter, at) => rule('allow', `${'+/'.repeat(at)}${letter}/#`));
  const verdict = aclOf(...many).allows(d1, 'subscribe', `${'+/'.repeat(levels.length)}#`);
  assert.equal(verdict.allowed, false);
});

test('what is decided is what trying every topic of a small alphabet decides', () => {
  const seed = Date.now() % 2 ** 31;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const letters = ['a', 'b', '$s', ''];
  const topics = [1, 2, 3, 4].flatMap((count) => topicsOf(['a', 'b', 'z', '$s', ''], count));
  const filterOf = () => {
    const levels = Array.from({ length: 1 + random(3) }, () => [...letters, '+', '+'][random(6)]!);
    if (random(3) === 0) levels.push('#');
    return levels.join('/');
  };
  for (let round = 0; round < 400; round++) {
    const rules = Array.from({ length: 1 + random(4) }, () => rule(random(3) === 0 ? 'deny' : 'allow', filterOf() || 'a'));
    const filter = filterOf() || 'a';
    const isAllowed = (topic: string) => {
      const matching = rules.filter((candidate) => matches(candidate.filter, topic));
      return matching.length > 0 && matching.every(({ effect }) => effect === 'allow');
    };
    const expected = topics.filter((topic) => matches(filter, topic)).every(isAllowed);
    const text = JSON.stringify({ seed, round, filter, rules: rules.map((one) => `${one.effect} ${one.filter}`) });
    assert.equal(allows(aclOf(...rules), filter), expected, text);
  }
});

function topicsOf(letters: readonly string[], count: number): string[] {
  if (count === 1) return letters.filter((letter) => letter !== '');
  const firsts = ['a', 'b', 'z', '$s', ''];
  return firsts.flatMap((first) => restsOf(letters, count - 1).map((rest) => `${first}/${rest}`));
}

function restsOf(letters: readonly string[], count: number): string[] {
  return count === 1 ? [...letters] : letters.flatMap((letter) => restsOf(letters, count - 1).map((rest) => `${letter}/${rest}`));
}

/** The definition of MQTT 5 §4.7, level by level. */
function matches(filter: string, topic: string): boolean {
  const [wanted, given] = [filter.split('/'), topic.split('/')];
  if (given[0]!.startsWith('$') && /^[+#]/.test(wanted[0]!)) return false;
  for (const [at, level] of wanted.entries()) {
    if (level === '#') return true;
    if (at >= given.length || (level !== '+' && level !== given[at])) return false;
  }
  return wanted.length === given.length;
}
