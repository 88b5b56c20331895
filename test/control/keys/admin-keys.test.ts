import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { AdminKeys } from '../../../src/control/keys/admin-keys.js';
import { startTestDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
after(() => database.stop());

test('a key is valid once it is ensured, also after a restart, and only its hash is stored', async () => {
  const keys = await AdminKeys.load(database.control);
  assert.equal(keys.verify(''), false);
  const [first, second] = [AdminKeys.generate(), AdminKeys.generate()];
  assert.match(first, /^spk_[\w-]{32}$/);
  await keys.ensure(first, 'first');
  await keys.ensure(first, 'again');
  await keys.ensure(second, 'second');
  const again = await AdminKeys.load(database.control);
  for (const loaded of [keys, again]) {
    assert.deepEqual([loaded.size, loaded.verify(first), loaded.verify(second)], [2, true, true]);
    for (const wrong of ['', first.slice(1), `${first} `, first.toUpperCase(), AdminKeys.generate()])
      assert.equal(loaded.verify(wrong), false);
  }
  const rows = await database.sql`select key_hash, name from api_keys order by created_at`;
  assert.deepEqual(rows[0]!.key_hash, createHash('sha256').update(first).digest());
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['first', 'second'],
  );
});
