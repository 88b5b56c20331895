import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { standStill } from '../../../bench/standstill.js';
import { DatabaseUnavailable } from '../../../src/contract/database.js';
import { ControlDatabase } from '../../../src/store/control-database.js';
import { startEmbedded } from '../../../src/store/embedded/embedded.js';
import { startTestDatabase, type TestDatabase } from '../../support/database.js';
import { SLOWNESS, until } from '../../support/until.js';

const limits = { lookEveryMs: 20, answerMsMax: 2000 };

describe('control database', () => {
  let database: TestDatabase;
  let control: ControlDatabase | undefined;
  const events: string[] = [];

  before(async () => {
    database = await startTestDatabase();
    await database.sql`create table notes (text text)`;
    await database.sql`create role sw login superuser password 'sw'`;
  });
  afterEach(async () => {
    await control?.close();
    await database.sql`alter role sw reset default_transaction_read_only`;
  });
  after(() => database.stop());

  function open(): ControlDatabase {
    events.length = 0;
    const url = new URL(database.url);
    [url.username, url.password] = ['sw', 'sw'];
    control = new ControlDatabase(url.href, (level, name, { code = '' }) => events.push(`${level} ${name} ${code}`.trim()), limits);
    return control;
  }

  const write = (to: ControlDatabase) => to.run((sql) => sql`insert into notes values ('written') returning text`);
  const read = (from: ControlDatabase) => from.run((sql) => sql`select 1 as one`);
  const cut = () => database.sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sw'`;

  async function failOver(): Promise<void> {
    await database.sql`alter role sw set default_transaction_read_only = on`;
    await cut();
  }

  test('sessions that became read-only are given up: writes are refused with the cause, reads go on, and writes come back unaided', async () => {
    const sw = open();
    await write(sw);
    await failOver();
    // The look may meet the end of its own session first.
    await until('the look finds it', () => sw.trouble?.cause.startsWith('25006: it is read-only'));
    const refused = { name: 'DatabaseUnavailable', code: '25006' };
    await assert.rejects(write(sw), refused);
    assert.equal((await read(sw))[0]?.one, 1);
    await database.sql`alter role sw reset default_transaction_read_only`;
    await until('it takes writes again', () => sw.trouble === undefined);
    await write(sw);
    assert.match(
      events.join(),
      /^(error database-unavailable CONNECTION_CLOSED,)?error database-unavailable 25006,info database-available$/,
    );
  });

  test('a session alone that is read-only costs no query', async () => {
    const sw = open();
    await sw.run((sql) => sql.unsafe('set default_transaction_read_only = on'));
    const [row] = await write(sw);
    assert.equal(row?.text, 'written');
    assert.deepEqual(events, []);
  });

  test('a connection that the server ended does not fail the query that comes after it', async () => {
    const sw = open();
    for (let round = 0; round < 5; round++) {
      await read(sw);
      await cut();
      await until('the pool has none of them', async () => {
        const [row] =
          await database.sql`select count(*)::int as count from pg_stat_activity where usename = 'sw' and application_name = 'spillway'`;
        return row?.count === 0;
      });
      await write(sw).catch((error: unknown) => assert.ok(error instanceof DatabaseUnavailable, String(error)));
      await until('a query is answered', () =>
        write(sw).then(
          () => true,
          () => false,
        ),
      );
    }
  });

  test('a stalled server fails each query within a bound, and is used again when it resumes', async () => {
    const sw = open();
    await write(sw);
    const { pid } = await startEmbedded(database.folder, { sync: false });
    const goOn = standStill(pid);
    try {
      const startMs = performance.now();
      await Promise.all(Array.from({ length: 20 }, () => assert.rejects(read(sw), { name: 'DatabaseUnavailable', code: 'silent' })));
      assert.ok(performance.now() - startMs < 5 * limits.answerMsMax * SLOWNESS, 'within a bound');
      const knownMs = performance.now();
      await assert.rejects(read(sw), /^DatabaseUnavailable: it has not answered for 2 s$/);
      assert.ok(performance.now() - knownMs < limits.answerMsMax * SLOWNESS, 'at once when it is known');
    } finally {
      goOn();
    }
    await until('it is up again', () => sw.trouble === undefined);
    await write(sw);
    assert.deepEqual(events, ['error database-unavailable silent', 'info database-available']);
  });

  test('the newest cause of an outage is reported', async () => {
    const sw = open();
    await read(sw);
    await (await startEmbedded(database.folder, { sync: false })).stop();
    await until('it is down', () => /ECONNREFUSED|57P0|CONNECT/.test(sw.trouble?.cause ?? ''));
    await startEmbedded(database.folder, { sync: false });
    await until('it is up again', () => sw.trouble === undefined);
    await database.sql`alter role sw set default_transaction_read_only = on`;
    await cut();
    await until('the newest cause', () => /^25006/.test(sw.trouble?.cause ?? ''));
  });

  test('notifications are received again after each loss of their connection, and after a failover', async () => {
    const sw = open();
    const received: string[] = [];
    let connected = 0;
    await sw.listen(['one', 'Two "2"'], { received: (text) => void received.push(text), connected: () => void connected++ });
    assert.equal(connected, 1);
    await failOver();
    await until('it listens anew', () => connected > 1);
    await database.sql`alter role sw reset default_transaction_read_only`;
    await until('the database is up', () => sw.trouble === undefined);
    await until('a notification comes', async () => {
      await database.sql`select pg_notify('Two "2"', 'again')`;
      return received.includes('again');
    });
  });

  test('arrays reach the server as they are, whatever their texts hold', async () => {
    const texts = ['', 'a,b', '{}', 'NULL', '"quoted"', 'back\\slash', 'ü €', ' blank '];
    const rows = await open().run(
      (sql) => sql`select text from unnest(${texts}::text[]) with ordinality as t (text, place) order by place`,
    );
    assert.deepEqual(
      rows.map(({ text }) => text),
      texts,
    );
    const [sum] = await control!.run((sql) => sql`select sum(number)::int as sum from unnest(${[1, -2, 30]}::int[]) number`);
    assert.equal(sum?.sum, 29);
    const [none] = await control!.run((sql) => sql`select count(*)::int as count from unnest(${[] as string[]}::text[])`);
    assert.equal(none?.count, 0);
  });

  test('after its end nothing is asked, so that no connection outlives it', async () => {
    const ended = open();
    await write(ended);
    await ended.close();
    await assert.rejects(write(ended), DatabaseUnavailable);
    const [row] = await database.sql`select count(*)::int as sessions from pg_stat_activity where usename = 'sw' and state <> 'idle'`;
    assert.equal(row?.sessions, 0);
  });

  test('a warning of the server is an event', async () => {
    await open().run((sql) => sql.unsafe("do $$ begin raise warning 'the disk is slow'; end $$"));
    assert.deepEqual(events, ['warn database-notice']);
  });

  test('what the server says of a statement reaches the caller as it is', async () => {
    await assert.rejects(
      open().run((sql) => sql`select 1 / 0`),
      { name: 'PostgresError', code: '22012' },
    );
  });
});
