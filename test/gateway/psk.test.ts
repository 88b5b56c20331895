import assert from 'node:assert/strict';
import { test } from 'node:test';
import { device } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const NOW_MS = 1_800_000_000_000;

test('an identity of TLS-PSK is that of one device, with the keys that count now', () => {
  const { directory } = new KernelDriver([device(1, 'd1'), device(2, 'd1', { tenant: 'acme' }), device(3, 'off', { status: 'inactive' })]);
  const key = (id: number, byte: number, expiresMs: number | null = null) => {
    return { id, type: 'psk', key: new Uint8Array(16).fill(byte), notBeforeMs: null, expiresMs } as const;
  };
  directory.setIdentity({ subject: 'credentials', device: 1, credentials: [key(1, 1), key(2, 2, NOW_MS), key(3, 3, NOW_MS + 1)] });
  directory.setIdentity({ subject: 'credentials', device: 2, credentials: [key(4, 4)] });
  const keysOf = (identity: string) => directory.pskOf(identity, NOW_MS)?.keys.map(({ key: bytes }) => bytes[0]);
  assert.deepEqual(keysOf('d1'), [1, 3]);
  assert.deepEqual(keysOf('default/d1'), [1, 3]);
  assert.deepEqual(keysOf('acme/d1'), [4]);
  for (const identity of ['off', 'd2', 'other/d1', '', '/', 'acme/', 'acme/d1/x']) assert.equal(keysOf(identity), undefined, identity);
});
