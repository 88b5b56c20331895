import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { TokenHashes } from '../../../src/control/registry/token-hashes.js';

test('hashes of sparse numbers are kept apart, and copies own their bytes', () => {
  const hashes = new TokenHashes();
  const expected = new Map([1, 2, 8191, 8192, 8193, 1_000_000, 2_147_483_647].map((number) => [number, randomBytes(40)]));
  for (const [number, hash] of expected) hashes.set(number, hash);
  for (const [number, hash] of expected) {
    assert.deepEqual(Buffer.from(hashes.view(number)!), hash);
    assert.equal(hashes.copy(number).buffer.byteLength, 40);
  }
  const older = randomBytes(32);
  hashes.set(1, older);
  assert.deepEqual(Buffer.from(hashes.view(1)!), Buffer.concat([older, Buffer.alloc(8)]));
  assert.equal(hashes.view(20_000), undefined);
  assert.throws(() => hashes.copy(20_000), /no token hash/);
  assert.throws(() => hashes.set(1, new Uint8Array(31)), /32 bytes/);
});
