import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { ApiFailure } from '../../../src/contract/api-errors.js';
import { AdminKeys } from '../../../src/control/keys/admin-keys.js';
import { type ControlledDatabase, openDatabase } from '../../support/database.js';

/** May do everything, for good. */
const WHOLE = { role: 'admin', tenant: null, group: null, expiresAtMs: null } as const;

let database: ControlledDatabase;
beforeEach(() => database.sql`truncate api_keys`);
before(async () => {
  database = await openDatabase();
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

async function made(keys: AdminKeys, name: string) {
  const answer = await keys.create({ name });
  assert.ok(!(answer instanceof ApiFailure));
  return answer;
}

test('a key is made, listed without what it is, and revoked for good', async () => {
  const keys = await AdminKeys.load(database.control);
  const [first, second] = [await made(keys, 'first'), await made(keys, 'second')];
  assert.deepEqual(keys.list(), [first.key, second.key]);
  assert.deepEqual({ ...first.key, createdAtMs: 0 }, { id: first.key.id, name: 'first', ...WHOLE, createdAtMs: 0 });
  assert.ok(!JSON.stringify(keys.list()).includes(second.secret));
  let closed = 0;
  keys.onEnd(first.key.id, () => closed++);
  const forget = keys.onEnd(first.key.id, () => closed++);
  forget();
  assert.deepEqual(await keys.revoke(first.key.id), first.key);
  assert.deepEqual([keys.verify(first.secret), keys.verify(second.secret), closed], [false, true, 1]);
  assert.equal(await keys.ensure(first.secret, 'again'), false);
  const again = await AdminKeys.load(database.control);
  assert.equal(await again.ensure(first.secret, 'again'), false);
  assert.deepEqual([again.verify(first.secret), again.size], [false, 1]);
  const unknown = await keys.revoke(first.key.id);
  assert.ok(unknown instanceof ApiFailure && unknown.error.code === 'key_unknown');
});

test('who uses a key learns when it expires, and nobody who has left does', async () => {
  const keys = await AdminKeys.load(database.control);
  const answer = await keys.create({ name: 'brief', expiresAtMs: Date.now() + 50 });
  assert.ok(!(answer instanceof ApiFailure));
  const { id } = answer.key;
  let left = 0;
  const forget = keys.onEnd(id, () => left++);
  forget();
  forget();
  const ended = new Promise<string>((resolve) => keys.onEnd(id, () => resolve('ended')));
  const keep = setTimeout(() => {}, 10_000);
  assert.deepEqual([await ended, left], ['ended', 0]);
  clearTimeout(keep);
  await new Promise<void>((resolve) => keys.onEnd(id, resolve));
});

test('a key that stays valid for years is not ended early', async () => {
  const keys = await AdminKeys.load(database.control);
  const answer = await keys.create({ name: 'long', expiresAtMs: Date.now() + 2 ** 40 });
  assert.ok(!(answer instanceof ApiFailure));
  let ended = 0;
  const forget = keys.onEnd(answer.key.id, () => ended++);
  await keys.refresh();
  assert.equal(ended, 0);
  forget();
});

test('the last key cannot be revoked, also when two are revoked at once by two processes', async () => {
  const [one, other] = [await AdminKeys.load(database.control), await AdminKeys.load(database.control)];
  const keys = [await made(one, 'first'), await made(other, 'second')];
  const answers = await Promise.all([one.revoke(keys[0]!.key.id), other.revoke(keys[1]!.key.id)]);
  assert.deepEqual(answers.map((answer) => (answer instanceof ApiFailure ? answer.error.code : 'revoked')).sort(), ['key_last', 'revoked']);
  await one.refresh();
  assert.equal(one.size, 1);
});

test('there are ten thousand keys at most', async () => {
  const keys = await AdminKeys.load(database.control);
  await database.sql`insert into api_keys (key_hash, name) select decode(lpad(to_hex(n), 64, '0'), 'hex'), 'k' from generate_series(1, 9999) n`;
  await made(keys, 'the last');
  const refused = await keys.create({ name: 'one more' });
  assert.ok(refused instanceof ApiFailure && refused.error.code === 'keys_exhausted');
});
