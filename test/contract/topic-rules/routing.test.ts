import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeContext } from '../../../src/contract/record-context.js';
import { routeMessage } from '../../../src/contract/topic-rules/routing.js';
import { RuleSet } from '../../../src/contract/topic-rules/rule-set.js';
import type { TopicRule } from '../../../src/contract/topic-rules/topic-rule.js';

const devices = new Map([['web1', { number: 2, via: 1 }]]);
const sender = { number: 1, id: 'gw', find: (id: string) => devices.get(id) };
const document = (host: string) => ({ name: 'cpu', fields: { v: 1 }, tags: { host, cpu: 'cpu0' } });

function ownTags(rule: Omit<TopicRule, 'name' | 'pattern'>, documents: unknown): [device: number, ownTag: string | undefined][] {
  const routed = routeMessage(new RuleSet([{ name: 'r', pattern: 'm/#', ...rule }]), 'm/x', Buffer.from(JSON.stringify(documents)), sender);
  assert.ok(typeof routed === 'object');
  return routed.map(({ device, context }) => [device, decodeContext(Buffer.from(context))?.ownTag]);
}

test('the tag by which a rule names the device goes along with the message', () => {
  assert.deepEqual(ownTags({ device: 'member:tags.host', decoder: 'telegraf' }, [document('web1'), document('web2')]), [
    [2, 'host'],
    [1, 'host'],
  ]);
});

test('a member that is no tag, and a document that names no device, leave all tags', () => {
  assert.deepEqual(ownTags({ device: 'member:tags.site', decoder: 'telegraf' }, [document('web1')]), [[1, undefined]]);
  assert.deepEqual(ownTags({ device: 'member:name', decoder: 'telegraf' }, [{ name: 'web1', fields: { v: 1 } }]), [[2, undefined]]);
});
