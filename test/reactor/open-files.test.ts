import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionShares } from '../../src/reactor/open-files.js';

test("HTTP has a quarter of the open files at most, gateways share the rest, and a reserve is nobody's", () => {
  assert.deepEqual(connectionShares(2000, 1, 100_256), { http: 2000, gateway: 65_536 });
  assert.deepEqual(connectionShares(2000, 2, 1024), { http: 192, gateway: 288 });
  assert.deepEqual(connectionShares(2000, 4, 200), { http: 16, gateway: 16 });
});
