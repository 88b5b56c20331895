import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricNames, RefusedNames } from '../../../src/control/metrics/metric-names.js';
import type { NameCount } from '../../../src/control/metrics/name-limits.js';
import { NameWatch } from '../../../src/control/metrics/name-watch.js';

const total: NameCount = { kind: 'total', names: 100, max: 1000 };
const tenant: NameCount = { kind: 'tenant', tenant: 'acme', names: 80, max: 100 };
const pumps: NameCount = { kind: 'class', tenant: 'acme', deviceClass: 'pump', names: 79, max: 100 };
const namer = { device: 7, id: 'p1', tenant: 'acme', deviceClass: 'pump' };

function watched(counts: readonly NameCount[]) {
  const names = { size: 100, counts: () => counts, refused: (_: RefusedNames) => {} };
  const events: [name: string, fields: Readonly<Record<string, unknown>>][] = [];
  let nowMs = 0;
  const watch = new NameWatch({
    metricNames: names as unknown as MetricNames,
    event: (_, name, fields) => events.push([name, fields]),
    nowMs: () => nowMs,
  });
  return { names, events, watch, pass: (ms: number) => (nowMs += ms) };
}

test('an alert is raised for each limit of which 80 % is used, with a link to who uses it', () => {
  const { watch } = watched([total, pumps, tenant, { ...total, kind: 'device', tenant: 'acme', deviceId: 'p1', names: 1000 }]);
  assert.deepEqual(
    [...watch.rule.findEach().values()],
    [
      { message: 'device p1 of tenant acme has 1000 of at most 1000 names of metrics', link: '/v1/metric-names?tenant=acme' },
      { message: 'tenant acme has 80 of at most 100 names of metrics', link: '/v1/metric-names?tenant=acme' },
    ],
  );
});

test('names that are refused are counted, and reported once an hour for each limit', () => {
  const { names, events, watch, pass } = watched([]);
  for (let i = 0; i < 3; i++) names.refused({ namer, limit: tenant, names: ['a', 'b'] });
  names.refused({ namer: undefined, limit: total, names: ['c'] });
  pass(3_600_000);
  names.refused({ namer, limit: tenant, names: ['d'] });
  assert.deepEqual(events, [
    ['metric-names-refused', { device: 'p1', tenant: 'acme', limit: 'tenant acme', max: 100, names: 'a, b' }],
    ['metric-names-refused', { limit: 'the deployment', max: 1000, names: 'c' }],
    ['metric-names-refused', { device: 'p1', tenant: 'acme', limit: 'tenant acme', max: 100, names: 'd' }],
  ]);
  const refused = watch.metrics.find(({ name }) => name === 'spillway_metric_names_refused_total');
  assert.deepEqual(Object.fromEntries(refused!.values()), { total: 1, tenant: 7, class: 0, device: 0 });
});
