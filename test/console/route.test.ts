import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatRoute, parseRoute, parseSignIn, plainPages, type Route } from '../../src/console/data/route.js';

test('every route survives its way through the address', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  const routes: fc.Arbitrary<Route> = fc.oneof(
    fc.record({ page: fc.constant('fleet' as const), tenant: name }),
    fc.record({ page: fc.constant('dead-letters' as const), tenant: name }),
    fc.record({ page: fc.constant('dead-letters' as const), tenant: name, device: name, reason: name }),
    fc.record({ page: fc.constantFrom(...plainPages), tenant: name }),
    fc.record({ page: fc.constant('schemas' as const), tenant: name }),
    fc.record({ page: fc.constant('schemas' as const), tenant: name, schema: name }),
    fc.record({ page: fc.constant('audit' as const), tenant: name }),
    fc.record({ page: fc.constant('audit' as const), tenant: name, actor: name, action: name, target: name, from: name, to: name }),
    fc.record({ page: fc.constant('debug' as const), tenant: name }),
    fc.record({ page: fc.constant('debug' as const), tenant: name, device: name }),
    fc.record({ page: fc.constant('device' as const), tenant: name, device: name, metrics: fc.array(name) }),
  );
  fc.assert(
    fc.property(routes, (route) => {
      assert.deepEqual(parseRoute(formatRoute(route)), { ...route });
    }),
  );
});

test('an unknown or broken address is the fleet', () => {
  for (const fragment of ['', '#', '#/', '#/nowhere', '#/devices', '#/devices/', '#/devices/%E0%A4%A', '#devices/x']) {
    assert.deepEqual(parseRoute(fragment), { page: 'fleet', tenant: 'default' });
  }
});

test('a sign-in link carries the key and the tenant, a route never does', () => {
  assert.deepEqual(parseSignIn('#key=a%2Bb&tenant=demo'), { key: 'a+b', tenant: 'demo' });
  assert.deepEqual(parseSignIn('#tenant=demo&key=k'), { key: 'k', tenant: 'demo' });
  assert.deepEqual(parseSignIn('#key=k'), { key: 'k', tenant: 'default' });
  for (const fragment of ['', '#', '#key=', '#/devices?key=k', '#tenant=demo']) assert.equal(parseSignIn(fragment), undefined);
});
