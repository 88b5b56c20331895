import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_CREDENTIALS_INVALID } from '../../assembly/abi/codes.js';
import type { AclRule, AclSubject } from '../../src/contract/acl/acl.js';
import type { IdentityNews } from '../../src/contract/identity/news.js';
import type { Will } from '../../src/contract/threads/broker.js';
import { MemoryStore } from './memory-store.js';
import { ofDevice, Site } from './site.js';

function rule(filter: string, more: Partial<AclRule> & { subject?: AclSubject } = {}): AclRule {
  return { id: 1, subject: 'all', action: 'both', filter, effect: 'allow', ...more };
}

function acl(...rules: AclRule[]): IdentityNews {
  return { subject: 'acl', tenant: 'acme', rules };
}

function services(...ids: number[]): IdentityNews {
  const all = ids.map((id) => ({ id, name: id === 1 ? 'app' : `app-${id}`, secretHash: new Uint8Array(32) }));
  return { subject: 'services', tenant: 'acme', services: all };
}

function will(more: Partial<Will> = {}): Will {
  const base = { topic: 'a/gone', payload: Buffer.from('will'), qos: 1, retain: false, delaySeconds: 0 } as const;
  return { ...base, properties: new Uint8Array(0), isTelemetry: false, ...more };
}

test('a rule that is gone ends subscriptions, of clients that are away too, and drops what waits for them', async () => {
  const site = new Site({ store: new MemoryStore() }, [services(1), acl(rule('a/#'), rule('b'))]);
  const here = site.client('here', { receiveMax: 1 }).subscribe('a/+').subscribe('b');
  const away = site.client('away').subscribe('a/+').subscribe('b');
  away.detach();
  for (const [topic, text] of [
    ['a/1', '1'],
    ['a/2', '2'],
    ['b', '3'],
  ] as const)
    site.publish(topic, text, { qos: 1 });
  await site.rest();
  site.broker.setIdentity([acl(rule('b'))], false);
  site.publish('a/1', 'too late', { qos: 1 });
  site.publish('b', '4', { qos: 1 });
  const back = site.client('away');
  await site.rest();
  here.answer(4, here.messages[0]?.packetId ?? 0);
  here.answer(4, 2);
  await site.rest();
  assert.deepEqual(here.texts, ['1', '3', '4']);
  assert.deepEqual(back.texts, ['3', '4']);
  assert.equal(site.broker.counts.subscriptionsNow, 2);
  assert.deepEqual([site.broker.counts.subscriptionsRevoked, site.broker.counts.droppedRevoked], [2, 3]);
  assert.deepEqual(
    site.events.filter(({ name }) => name === 'subscriptions-revoked').map(({ fields }) => fields),
    [{ tenant: 'acme', sessions: 2, subscriptions: 2, messages: 3, client: 'here', filter: 'a/+' }],
  );
  assert.deepEqual(site.gateways[0]?.of('taps').at(-1), { kind: 'taps', tenant: 'acme', added: [], removed: ['a/+'] });
});

test('a new rule that denies revokes only what it is about, and rules that only give revoke nothing', async () => {
  const site = new Site({}, [services(1, 2), acl(rule('a/#'))]);
  const other = { who: { kind: 'service', tenant: 'acme', name: 'app-2' }, key: 's:2:o', label: 'o' } as const;
  const [mine, others] = [site.client('mine').subscribe('a/b'), site.client('o', { client: other }).subscribe('a/b')];
  site.broker.setIdentity([acl(rule('a/#'), rule('c'), rule('a/b', { subject: 'service:app', action: 'publish', effect: 'deny' }))], false);
  site.publish('a/b', 'both');
  await site.rest();
  site.broker.setIdentity([acl(rule('a/#'), rule('a/b', { subject: 'service:app', effect: 'deny' }))], false);
  site.publish('a/b', 'one');
  await site.rest();
  assert.deepEqual([mine.texts, others.texts], [['both'], ['both', 'one']]);
});

test('a subscription that a gateway grants by older rules is refused', async () => {
  const site = new Site({}, [services(1), acl(rule('a'))]);
  const client = site.client('c').subscribe('b', { qos: 1 }).subscribe('a', { qos: 2 });
  await site.rest();
  assert.deepEqual(client.codes, [[0x87], [2]]);
});

test('what is left of a shared subscription goes to a member that may have it', async () => {
  // Of the message only the store has the body.
  const options = { store: new MemoryStore(), residentBytesMax: 0 };
  const site = new Site(options, [services(1, 2), acl(rule('a', { subject: 'service:app' }), rule('a', { subject: 'service:app-2' }))]);
  const other = { who: { kind: 'service', tenant: 'acme', name: 'app-2' }, key: 's:2:o', label: 'o' } as const;
  site.client('mine').subscribe('$share/g/a').detach();
  site.publish('a', 'shared', { qos: 1 });
  await site.rest();
  const taker = site.client('o', { client: other }).subscribe('$share/g/a');
  site.broker.setIdentity([acl(rule('a', { subject: 'service:app-2' }))], false);
  await site.rest();
  assert.deepEqual(taker.texts, ['shared']);
  assert.equal(site.broker.counts.droppedRevoked, 0);
});

test('a device that comes back in another class gets nothing that its class may not have', async () => {
  const pumps = rule('pumps/#', { subject: 'class:pump' });
  const site = new Site({ store: new MemoryStore() }, [acl(pumps)]);
  const pump = site
    .client('p', { client: ofDevice(1, 'p', 'pump') })
    .subscribe('pumps/#')
    .subscribe('devices/p/commands');
  pump.detach();
  site.publish('pumps/1', 'for pumps', { qos: 1 });
  site.publish('devices/p/commands', 'for p', { qos: 1 });
  const valve = site.client('p', { client: ofDevice(1, 'p', 'valve') });
  await site.rest();
  assert.equal(valve.attached?.isPresent, true);
  assert.deepEqual(valve.texts, ['for p']);
  assert.equal(site.broker.counts.subscriptionsNow, 1);
});

test('a connected device whose class changes loses at once what its new class may not have', async () => {
  const site = new Site({}, [acl(rule('pumps/#', { subject: 'class:pump' }))]);
  const pump = site.client('p', { client: ofDevice(1, 'p', 'pump') }).subscribe('pumps/#');
  site.receive(0, { kind: 'principal', session: pump.session, who: ofDevice(1, 'p', 'valve').who });
  site.publish('pumps/1', 'for pumps');
  await site.rest();
  assert.deepEqual([pump.texts, pump.ended], [[], undefined]);
});

test('the sessions of a service client that is deleted are gone, and it does not come back', async () => {
  const site = new Site({}, [services(1), acl(rule('#'))]);
  const watcher = site.client('d', { client: ofDevice(1, 'd') }).subscribe('a/gone');
  const here = site.client('here', { will: will() }).subscribe('t');
  site.client('away').subscribe('t').detach();
  site.publish('t', 'waits', { qos: 1 });
  site.broker.setIdentity([services()], false);
  const again = site.client('here');
  await site.rest();
  assert.deepEqual([here.ended, again.ended, again.attached], [CODE_CREDENTIALS_INVALID, CODE_CREDENTIALS_INVALID, undefined]);
  assert.deepEqual([site.broker.counts.sessionsNow, site.broker.counts.queuedNow], [1, 0]);
  assert.deepEqual(watcher.texts, []);
});

test('a will is not published where its client may no longer publish', async () => {
  const site = new Site({}, [services(1), acl(rule('a/#'))]);
  const watcher = site.client('watcher').subscribe('a/#');
  const lost = site.client('lost', { will: will({ retain: true }) });
  site.broker.setIdentity([acl(rule('a/#', { action: 'subscribe' }))], false);
  lost.detach(false);
  await site.rest();
  assert.deepEqual(watcher.texts, []);
  assert.deepEqual([site.broker.counts.wills, site.broker.counts.willsRefused, site.broker.counts.retainedNow], [0, 1, 0]);
  assert.deepEqual(site.events.at(-1), { name: 'will-refused', fields: { tenant: 'acme', client: 'lost', topic: 'a/gone' } });
});

test('a session that was loaded waits until all rules are known, and is then judged by them', async () => {
  const store = new MemoryStore();
  const before = new Site({ store }, [services(1, 2), acl(rule('#'))]);
  const gone = { who: { kind: 'service', tenant: 'acme', name: 'app-2' }, key: 's:2:o', label: 'o' } as const;
  before.client('o', { client: gone }).subscribe('a').detach();
  before.client('c').subscribe('a').subscribe('b').detach();
  before.client('lost', { will: will({ topic: 'b' }) });
  before.publish('a', 'secret', { qos: 1 });
  before.publish('b', 'public', { qos: 1 });
  await before.rest();
  const site = new Site({ store: store.crashed(), clock: before.clock, isWhole: false }, []);
  const client = site.client('c');
  await site.second();
  assert.deepEqual([client.attached, client.texts, site.broker.counts.sessionsNow], [undefined, [], 3]);
  site.broker.setIdentity([services(1), acl(rule('b'))], false);
  await site.second();
  assert.deepEqual([client.attached, client.texts], [undefined, []]);
  site.broker.setIdentity([], true);
  await site.second();
  assert.deepEqual([client.attached?.isPresent, client.texts], [true, ['public', 'will']]);
  assert.deepEqual([site.broker.counts.sessionsNow, site.broker.counts.subscriptionsNow], [2, 1]);
});

test('a QoS 2 message under way that is revoked while its client is away frees its id by PUBREL', async () => {
  const site = new Site({ store: new MemoryStore() }, [services(1), acl(rule('a'), rule('b'))]);
  const first = site.client('c').subscribe('a', { qos: 2 }).subscribe('b', { qos: 2 });
  site.publish('a', 'under way', { qos: 2 });
  await site.rest();
  first.detach(false);
  site.broker.setIdentity([acl(rule('b'))], false);
  const back = site.client('c');
  site.publish('b', 'next', { qos: 2 });
  await site.rest();
  assert.deepEqual([back.pubrels, back.texts], [[1], ['next']]);
  assert.notEqual(back.messages[0]?.packetId, 1);
  back.answer(7, 1);
  await site.rest();
  assert.equal(site.broker.counts.queuedNow, 1);
});

test('whatever rule changes, a subscription is there as long as the rules allow it whole', async () => {
  const filters = ['a', 'a/#', 'a/+', 'a/b', 'a/b/#', '+/b', '#', '$share/g/a/+', 'ab/#', 'cmd/dev', 'cmd/dev/x'];
  const rules = ['#', 'a/#', 'a', 'a/b', 'ab/#', 'a/+', '+/b', 'cmd/%d', 'cmd/%d/#', 'cmd/+'].map((filter, i) =>
    rule(filter, { id: i + 1 }),
  );
  for (const gone of rules) {
    for (const denied of [undefined, ...rules]) {
      const kept = [...rules.filter((one) => one !== gone), ...(denied ? [rule(denied.filter, { id: 99, effect: 'deny' })] : [])];
      const site = new Site({}, [services(1), acl(...rules)]);
      const client = site.client('dev', { client: ofDevice(7, 'dev') });
      for (const filter of filters) client.subscribe(filter);
      await site.rest();
      site.broker.setIdentity([acl(...kept)], false);
      const fresh = new Site({}, [services(1), acl(...kept)]);
      const other = fresh.client('dev', { client: ofDevice(7, 'dev') });
      for (const filter of filters) other.subscribe(filter);
      await fresh.rest();
      assert.equal(
        site.broker.counts.subscriptionsNow,
        fresh.broker.counts.subscriptionsNow,
        `${gone.filter} gone, ${denied?.filter} denied`,
      );
    }
  }
});
