import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrations } from '../../../src/store/schema/migrations/list.js';
import { root } from '../../source-tree.js';

/** Of the statements of each step, as they were released. A new step adds its line; no line ever changes. */
const released: Readonly<Record<number, string>> = {
  1: '53f18ba59689948b',
  2: '6b65acb4c2a65d27',
  3: '56b0f72db9a3c04a',
  4: 'd0dd334a7b036ddb',
  5: 'f773a9d24fdb07fc',
  6: '319453f7cf0146a8',
  7: '5ee290172e07858a',
  8: 'e3acb90d0372034f',
  9: '86a982100eb0effb',
  10: 'f92b6ea85a85df19',
  11: 'ab3f92e86ce99551',
  12: '065bc7323636dca6',
  13: '28c757ecbe275632',
  14: '9dea4f4ba8d699bb',
  15: '09471baa20145c3e',
  16: '6138cd3b53363c8e',
  17: '0cb5a8c6c1d7449c',
  18: 'f8d0c3154b338c36',
  19: '927aa45059ce9e07',
  20: 'bbf57418ac589f82',
  21: '47097b706c966845',
  22: '3532e4d32d66e635',
  23: '9735fd40e4394625',
  24: '78d36304bbca8058',
  25: '2f453b69c64be927',
  26: 'c5eb2c5cef6cc801',
  27: 'cc57213a91c9fb13',
  28: 'a554a1ff71b8dbc8',
};

test('a released step is what it was: databases out there took it as it stood', () => {
  const now = migrations.map(({ version, statements }) => [version, hashOf(statements)]);
  assert.deepEqual(Object.fromEntries(now), released);
});

test('steps are numbered without a gap, each in a file of its number', () => {
  const numbers = migrations.map(({ version }) => version);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  const files = readdirSync(join(root, 'src', 'store', 'schema', 'migrations')).filter((name) => /^\d/.test(name));
  assert.deepEqual(
    files.sort(),
    files.filter((file, index) => file.startsWith(`${String(migrations[index]?.version).padStart(4, '0')}-`)).sort(),
  );
});

function hashOf(statements: object): string {
  return createHash('sha256').update(JSON.stringify(statements)).digest('hex').slice(0, 16);
}
