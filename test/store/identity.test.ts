import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StoredIdentity } from '../../src/store/identity.js';
import { type StoreDatabase, storeDatabases, unguarded } from '../support/database.js';

for (const [name, start] of storeDatabases) {
  describe(`identity of a database, ${name}`, () => {
    let database: StoreDatabase;
    let identity: StoredIdentity;
    before(async () => {
      database = await start();
      identity = new StoredIdentity(unguarded(database.sql));
    });
    after(() => database.stop());

    async function register(device: string): Promise<number> {
      const [row] =
        await database.sql`insert into devices (tenant_id, name, token_hash) values ('acme', ${device}, ${Buffer.alloc(32)}) returning id`;
      return row?.id;
    }

    test('a new database has a random id, gave nothing out, and takes no unmarked log', async () => {
      const { id, ...rest } = await identity.read();
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      assert.deepEqual(rest, { takesUnmarkedLog: false, devices: 0, metrics: 0 });
    });

    test('a new id is another one', async () => {
      const before = (await identity.read()).id;
      const renewed = await identity.renew();
      assert.notEqual(renewed, before);
      assert.equal((await identity.read()).id, renewed);
    });

    test('numbers that were skipped are never given out; devices between are lost, those that are there are not', async () => {
      assert.equal(await register('a'), 1);
      await identity.skipNumbers({ devices: 7, metrics: 4 });
      assert.deepEqual(await identity.lostDevices(), [[2, 7]]);
      const [metric] = await database.sql`insert into metrics (name) values ('m') returning id`;
      assert.deepEqual([await register('b'), metric?.id], [8, 5]);
      // A start that ended in the middle comes to the same numbers again.
      await identity.skipNumbers({ devices: 7, metrics: 4 });
      assert.equal(await register('c'), 9);
      await identity.skipNumbers({ devices: 20, metrics: 4 });
      assert.deepEqual(await identity.lostDevices(), [
        [2, 7],
        [10, 20],
      ]);
      assert.equal(await register('d'), 21);
    });

    test('a number counts as given out when its row is gone', async () => {
      await database.sql`delete from devices where id = 21`;
      assert.equal((await identity.read()).devices, 21);
    });
  });
}
