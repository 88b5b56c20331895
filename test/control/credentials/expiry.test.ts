import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnedCredential } from '../../../src/control/credentials/device-credentials.js';
import { credentialExpiry } from '../../../src/control/credentials/expiry.js';

const DAY_MS = 86_400_000;
const credential: OwnedCredential = {
  ...{ id: 1, type: 'token', tenant: 'acme', device: 'd1', fingerprint: null, secret: null, shown: null },
  ...{ notBeforeMs: null, expiresMs: 31 * DAY_MS, createdAtMs: -60 * DAY_MS },
};

/** Looks at credentials of devices, one list each, so many days after the epoch. */
function look(devices: readonly (readonly OwnedCredential[])[], days = 0) {
  const { metrics, rules } = credentialExpiry({ all: () => devices.map((owned, number) => [number, owned] as const) }, () => days * DAY_MS);
  const counts = [...(metrics[0]?.values() ?? [])].map(([, count]) => count);
  return { counts, findings: rules.map((rule) => rule.findEach()) };
}

test('credentials of devices are counted, and raise an alert, 30, 7 and 1 days before they end', () => {
  for (const [left, counts] of [
    [31, [0, 0, 0]],
    [29, [1, 0, 0]],
    [6, [1, 1, 0]],
    [0.5, [1, 1, 1]],
    [-1, [1, 1, 1]],
  ] as const) {
    const { counts: counted, findings } = look([[credential]], 31 - left);
    assert.deepEqual(counted, counts, String(left));
    assert.deepEqual(
      findings.map((found) => found.size),
      counts,
    );
  }
});

test('a certificate ends when it says so', () => {
  const certificate = { ...credential, type: 'x509', expiresMs: null, shown: { valid_to: new Date(6 * DAY_MS).toISOString() } } as const;
  assert.deepEqual(look([[certificate]]).counts, [1, 1, 0]);
  assert.deepEqual(look([[{ ...certificate, shown: null }]]).counts, [0, 0, 0]);
});

test('a credential that a later one of its kind replaces, or that was made for a short time, is no news', () => {
  const ending = { ...credential, expiresMs: DAY_MS / 2 };
  assert.deepEqual(look([[ending]]).counts, [1, 1, 1]);
  assert.deepEqual(look([[ending, { ...credential, expiresMs: 90 * DAY_MS }]]).counts, [0, 0, 0]);
  assert.deepEqual(look([[ending, { ...credential, type: 'psk', expiresMs: null }]]).counts, [1, 1, 1]);
  assert.deepEqual(look([[{ ...ending, createdAtMs: -2 * DAY_MS }]]).counts, [0, 0, 1]);
});

test('an alert is of a tenant and names the devices that end first', () => {
  const devices = [3, 1, 2, 6, 5, 4].map((days) => [{ ...credential, device: `d${days}`, expiresMs: days * DAY_MS }]);
  const { findings } = look([...devices, [{ ...credential, tenant: 'other', expiresMs: 20 * DAY_MS }]]);
  assert.deepEqual(
    findings.map((found) => [...found.keys()]),
    [['acme', 'other'], ['acme'], []],
  );
  assert.deepEqual(findings[1]?.get('acme'), {
    message:
      'credentials of devices of tenant acme expire within 7 days or have expired, the first at 1970-01-02T00:00:00.000Z: d1, d2, d3, d4, d5 and 1 more',
    link: '/v1/devices/d1/credentials?tenant=acme',
  });
});
