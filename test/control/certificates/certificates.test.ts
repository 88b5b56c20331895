import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubjectRule } from '../../../src/control/alerts/rule.js';
import { certificatesPart } from '../../../src/control/certificates/part.js';

const DAY_MS = 86_400_000;

test('a certificate is shown with the time that is left, and raises an alert 30, 7 and 1 days before its end', () => {
  let leftMs = 31 * DAY_MS;
  const { metrics = [], rules = [] } = certificatesPart(
    () => [{ name: 'server', expiresMs: leftMs }],
    () => 0,
  );
  const raised = () =>
    (rules as SubjectRule[]).filter((rule) => rule.findEach().has('server')).map(({ name, severity }) => [name, severity]);
  const all = [
    ['certificate_expires_in_30_days', 'warning'],
    ['certificate_expires_in_7_days', 'warning'],
    ['certificate_expires_in_1_day', 'critical'],
  ];
  for (const [days, count] of [
    [31, 0],
    [29, 1],
    [6, 2],
    [0.5, 3],
    [-1, 3],
  ] as const) {
    leftMs = days * DAY_MS;
    assert.deepEqual(raised(), all.slice(0, count), String(days));
    assert.deepEqual([...(metrics[0]?.values() ?? [])], [['server', days * 86_400]]);
  }
  const finding = (rules[0] as SubjectRule).findEach().get('server');
  assert.equal(finding?.message, 'the certificate server has expired at 1969-12-31T00:00:00.000Z');
});
