import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

test('names of metrics are counted by who brought them, those with the most first', async () => {
  for (const [index, tenant] of ['acme', 'other'].entries()) {
    const body = { device_id: 'd1', tenant, ...(index === 0 && { device_class: 'pump' }) };
    const { number } = (await server.call('POST', '/v1/devices', { body })).body;
    await server.metricNames.add(['a', 'b', `c${index}`].slice(index), number);
  }
  await server.metricNames.add(['nobody']);
  const { body } = await server.call('GET', '/v1/metric-names');
  const { names, tenants, classes, devices } = body;
  assert.equal(names, 5);
  const withoutMax = (list: { max?: number }[]) => list.map(({ max: _, ...one }) => one);
  assert.deepEqual(withoutMax(tenants), [
    { tenant: 'acme', names: 3 },
    { tenant: 'other', names: 1 },
  ]);
  assert.deepEqual(withoutMax(classes), [{ tenant: 'acme', device_class: 'pump', names: 3 }]);
  assert.deepEqual(withoutMax(devices), [
    { tenant: 'acme', device_id: 'd1', device_class: 'pump', names: 3 },
    { tenant: 'other', device_id: 'd1', device_class: null, names: 1 },
  ]);
  const one = await server.call('GET', '/v1/metric-names?tenant=other');
  assert.deepEqual([one.body.tenants.length, one.body.devices.length, one.body.names], [1, 1, 5]);
});
