import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchedToken, storedToken } from '../../src/contract/token.js';
import { TokenIndex } from '../../src/contract/token-index.js';

const stored = (token: string) => storedToken('default', 'any', token);

test('holders are found by their token among many, also after they changed it', () => {
  const index = new TokenIndex();
  const count = 5000;
  for (let holder = 0; holder < count; holder++) index.set(holder, stored(`token-${holder}`));
  for (let holder = 0; holder < count; holder += 2) index.set(holder, stored(`other-${holder}`));
  for (let holder = 0; holder < count; holder += 3) index.delete(holder);
  for (let holder = 0; holder < count; holder++) {
    const isThere = holder % 3 !== 0;
    const isOther = holder % 2 === 0;
    assert.equal(index.find(searchedToken(`token-${holder}`)), isThere && !isOther ? holder : undefined);
    assert.equal(index.find(searchedToken(`other-${holder}`)), isThere && isOther ? holder : undefined);
  }
});

test('a token of many holders finds nobody, and costs no more with each of them', () => {
  const index = new TokenIndex();
  const shared = stored('shared');
  for (let holder = 0; holder < 200_000; holder++) index.set(holder, shared);
  assert.equal(index.find(searchedToken('shared')), undefined);
});

test('numbers of holders may be far apart', () => {
  const index = new TokenIndex();
  for (const holder of [1, 8192, 2 ** 31 - 1]) index.set(holder, stored(`token-${holder}`));
  assert.equal(index.find(searchedToken(`token-${2 ** 31 - 1}`)), 2 ** 31 - 1);
});

test('a token of an older build is not found', () => {
  const index = new TokenIndex();
  index.set(7, stored('token').subarray(0, 32));
  assert.equal(index.find(searchedToken('token')), undefined);
});
