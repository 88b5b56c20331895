import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Sql } from 'postgres';
import type { RowBatch } from '../../../src/contract/threads/store.js';
import { loadOffsets } from '../../../src/store/offsets.js';
import { BatchWriter } from '../../../src/store/write/batch-writer.js';
import { readingsTables, type StoreDatabase, storeDatabases } from '../../support/database.js';
import { fuzzScale, Random } from '../../support/random.js';
import { layBatch, sharedMemory, type TestRows } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const GROUP = 'poison';
const now = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);

for (const [name, start] of storeDatabases)
  describe(`rows that the database refuses, ${name}`, () => {
    let database: StoreDatabase;
    let sql: Sql;
    let writer: BatchWriter;
    let offset = 0n;
    const memory = sharedMemory(64 * 1024 * 1024);

    before(async () => {
      database = await start();
      sql = database.sql;
      // Bad: negative readings, and texts and dead letters that say so.
      for (const table of await readingsTables(sql))
        await sql`alter table ${sql(table)} add constraint positive check (value >= 0) not valid`;
      for (const {
        child,
      } of await sql`select inhrelid::regclass::text as child from pg_inherits where inhparent = to_regclass('readings_hot')`)
        await sql`alter table ${sql(child)} add constraint positive_here check (value >= 0) not valid`.catch(() => {});
      await sql`alter table text_readings add constraint fine check (value not like 'bad%')`;
      await sql`alter table dead_letters add constraint kept check (payload <> 'refused')`;
    });
    after(async () => {
      await writer.close();
      await database.stop();
    });
    beforeEach(async () => {
      await writer?.close();
      writer = new BatchWriter(database.url, GROUP, '');
      offset = 0n;
      await sql`truncate ${sql(await readingsTables(sql))}, text_readings, dead_letters, pipeline_offsets`;
      await loadOffsets(sql, GROUP, 2);
    });

    function lay(rows: TestRows): RowBatch {
      const from = offset;
      offset += 1000n;
      return layBatch(memory, 1, from, offset, rows);
    }

    function readingsOf(rows: number, bad: (row: number) => boolean) {
      return Array.from({ length: rows }, (_, row) => [row >> 3, row & 7, now, bad(row) ? -row - 1 : row] as const);
    }

    async function stored() {
      const [row] = await sql`select count(*)::int as rows, count(distinct (device_id, metric_id))::int as different,
        coalesce(sum(value), 0)::float8 as sum from readings`;
      return { ...row };
    }

    const attemptsOf = (events: readonly { fields: Record<string, unknown> }[]) => Number(events[0]?.fields.attempts);

    test('one bad reading of 100,000 is a dead letter with all that is known of it; the others are stored', async () => {
      const batch = lay({ readings: readingsOf(100_000, (row) => row === 77_777) });
      const refused = await writer.write(batch, memory.buffer);
      assert.deepEqual([refused.rows, refused.letters], [1, 0]);
      assert.ok(attemptsOf(refused.events) <= 2 * 17 + 3, `${attemptsOf(refused.events)} attempts`);
      assert.deepEqual(await stored(), { rows: 99_999, different: 99_999, sum: (100_000 * 99_999) / 2 - 77_777 });
      const letters =
        await sql`select partition_id, log_offset::int, device_id, metric_id, received_at, reason, sqlstate, message, payload from dead_letters`;
      const { message, payload, received_at, ...letter } = letters[0] as Record<string, unknown>;
      assert.equal(letters.length, 1);
      assert.deepEqual(letter, { partition_id: 1, log_offset: 0, device_id: 9722, metric_id: 1, reason: 'row_refused', sqlstate: '23514' });
      assert.match(String(message), /violates check constraint "positive/);
      assert.ok(Math.abs(Number(received_at) - batch.lastReceiveUs / 1000) < 2);
      const iso = now.toISOString().replace('Z', '000Z');
      assert.deepEqual(JSON.parse(String(payload)), { table: 'readings', device: 9722, metric: 1, ts: iso, value: -77_778 });
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 1000n]);
      // What is written again after an answer that was lost is not doubled, and the count is that of the first time.
      assert.deepEqual(await writer.write(batch, memory.buffer), refused);
      assert.equal((await stored()).rows, 99_999);
    });

    test('readings, texts and dead letters: each bad row is found, in one transaction with the offset', async () => {
      const refused = await writer.write(
        lay({
          readings: readingsOf(20_000, (row) => row % 5000 === 17),
          texts: Array.from({ length: 500 }, (_, row) => [row, 9, now, row % 100 === 3 ? `bad ${row}` : `ok ${row}`]),
          deads: Array.from({ length: 60 }, (_, row) => [
            1,
            BigInt(row),
            row,
            now,
            'json_malformed',
            Buffer.from(row === 31 ? 'refused' : '{'),
          ]),
        }),
        memory.buffer,
      );
      assert.deepEqual([refused.rows, refused.letters], [9, 1]);
      const [found] = await sql`select (select count(*) from readings)::int as readings, (select count(*) from text_readings)::int as texts,
        (select count(*) from dead_letters where reason = 'row_refused')::int as rows,
        (select count(*) from dead_letters where reason = 'json_malformed')::int as letters`;
      assert.deepEqual({ ...found }, { readings: 19_996, texts: 495, rows: 9, letters: 59 });
      const lost = refused.events.find(({ name }) => name === 'dead-letter-refused')?.fields;
      assert.deepEqual(
        [
          lost?.partition,
          lost?.offset,
          lost?.device,
          lost?.reason,
          lost?.sqlstate,
          Buffer.from(String(lost?.payload), 'base64').toString(),
        ],
        [1, '31', 31, 'json_malformed', '23514', 'refused'],
      );
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 1000n]);
    });

    test('when every row is bad each is a dead letter, and the connection stays open', async () => {
      const refused = await writer.write(lay({ readings: readingsOf(20_000, () => true) }), memory.buffer);
      assert.equal(refused.rows, 20_000);
      assert.ok(attemptsOf(refused.events) < 400, `${attemptsOf(refused.events)} attempts`);
      const [letters] = await sql`select count(*)::int as rows, count(distinct payload)::int as different from dead_letters`;
      assert.deepEqual({ ...letters }, { rows: 20_000, different: 20_000 });
      // Made before the rows, or each refused one would have made and undone it.
      const [made] = await sql`select count(*)::int as chunks from pg_inherits where inhparent = to_regclass('readings')`;
      assert.equal(made?.chunks, name === 'embedded' ? 0 : 1);
      const next = await writer.write(lay({ readings: readingsOf(5000, () => false) }), memory.buffer);
      assert.deepEqual([next.rows, (await stored()).rows], [0, 5000]);
    });

    test('a trigger that refuses, a time that the server has not, a unique index and a deferred check', async () => {
      await sql`create function refuse() returns trigger language plpgsql as $$ begin
        if new.value = 'no' then raise exception 'no means no' using errcode = 'SP001'; end if; return new; end $$`;
      await sql`create trigger refuse before insert on text_readings for each row execute function refuse()`;
      await sql`create unique index once on dead_letters (log_offset) where reason = 'once'`;
      await sql`create table known (id int primary key)`;
      await sql`insert into known select generate_series(0, 9)`;
      await sql`alter table dead_letters add constraint deferred foreign key (device_id) references known deferrable initially deferred`;
      try {
        const distant = new Date(946_684_800_000);
        const batch = lay({
          texts: [
            [1, 1, now, 'yes'],
            [1, 2, now, 'no'],
            [1, 3, distant, 'of another time'],
          ],
          deads: [1n, 2n, 2n, 3n].map((at, row) => [1, at, row === 3 ? 77 : 1, now, 'once', Buffer.from('{')]),
        });
        // No Date of JavaScript reaches beyond what the server takes: i64 before the last.
        const bytes = new DataView(memory.buffer, batch.texts.offset, batch.texts.bytes);
        bytes.setBigInt64(batch.texts.bytes - 2 - 'of another time'.length - 4 - 8, 2n ** 63n - 3n);
        const refused = await writer.write(batch, memory.buffer);
        assert.deepEqual([refused.rows, refused.letters], [2, 2]);
        const rows = await sql`select sqlstate, message from dead_letters where reason = 'row_refused' order by metric_id`;
        assert.deepEqual(
          rows.map(({ sqlstate }) => sqlstate),
          ['SP001', '22008'],
        );
        assert.equal(rows[0]?.message, 'no means no');
        const lost = refused.events.filter(({ name }) => name === 'dead-letter-refused').map(({ fields }) => fields.sqlstate);
        assert.deepEqual(lost, ['23505', '23503']);
      } finally {
        await sql`drop trigger refuse on text_readings`;
        await sql`drop function refuse`;
        await sql`drop index once`;
        await sql`alter table dead_letters drop constraint deferred`;
        await sql`drop table known`;
      }
    });

    describe('a check that a trigger puts off to the commit', () => {
      const sink = (name: string, next: string) => `create table ${name} (value text);
        create function check_${name}() returns trigger language plpgsql as $$ begin ${next} return null; end $$;
        create constraint trigger checked after insert on ${name} deferrable initially deferred for each row execute function check_${name}();`;

      before(async () => {
        await sql.unsafe(`${sink('latest', `raise exception 'at the very end' using errcode = 'SP002';`)}
          ${sink(
            'late',
            `if new.value = 'late bad' then raise exception 'too late' using errcode = 'SP001'; end if;
            if new.value = 'never found' then set constraints all deferred; insert into latest values (new.value); end if;`,
          )}
          create function put_off() returns trigger language plpgsql as $$ begin
            if new.value like 'late%' or new.value = 'never found' then set constraints all deferred; insert into late values (new.value); end if;
            return new; end $$;
          create trigger put_off before insert on text_readings for each row execute function put_off();`);
      });
      after(async () => {
        await sql.unsafe('drop trigger put_off on text_readings; drop function put_off; drop table late, latest');
        await sql.unsafe('drop function check_late; drop function check_latest');
      });

      test('the row is found all the same', async () => {
        // More than the attempts by halves, so that the server looks at row after row as well.
        for (const bad of [1, 300]) {
          const texts = Array.from(
            { length: 1000 },
            (_, row) => [row, bad, now, row % 3 === 0 && row < bad * 3 ? 'late bad' : 'late good'] as const,
          );
          const refused = await writer.write(lay({ readings: readingsOf(100, () => false), texts }), memory.buffer);
          assert.deepEqual([refused.rows, refused.letters], [bad, 0]);
          const [found] = await sql`select (select count(*) from text_readings where metric_id = ${bad})::int as texts,
            (select count(*) from dead_letters where metric_id = ${bad} and sqlstate = 'SP001' and message = 'too late')::int as letters`;
          assert.deepEqual({ ...found }, { texts: 1000 - bad, letters: bad });
        }
        assert.deepEqual([(await stored()).rows, await loadOffsets(sql, GROUP, 2)], [200, [0n, 2000n]]);
      });

      test('where nothing before the commit can find it, the batch is dead letters, and the next one goes in', async () => {
        const text = (at: number, value: string) => [at, 7, now, value] as const;
        const deads = [[1, 5n, 1, now, 'json_malformed', Buffer.from('{')]] as const;
        const batch = lay({ readings: readingsOf(50, () => false), texts: [text(1, 'fine'), text(2, 'never found')], deads });
        const refused = await writer.write(batch, memory.buffer);
        assert.deepEqual([refused.rows, refused.letters, (await stored()).rows], [52, 0, 0]);
        const letters = await sql`select reason, sqlstate, count(*)::int as letters from dead_letters group by 1, 2 order by 1`;
        assert.deepEqual(
          letters.map(({ reason, sqlstate, letters }) => [reason, sqlstate, letters]),
          [
            ['json_malformed', null, 1],
            ['row_refused', 'SP002', 52],
          ],
        );
        assert.equal((await writer.write(lay({ texts: [text(3, 'fine')] }), memory.buffer)).rows, 0);
        assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 2000n]);
      });
    });

    test('a failure that is no fault of a row fails the whole batch, by halves and row by row, and it goes in once afterwards', async () => {
      await sql`create function fill() returns trigger language plpgsql as $$ begin
        if new.value = 'full' then raise exception 'no room' using errcode = '53100'; end if; return new; end $$`;
      for (const bad of [1, 300]) {
        await sql`create trigger fill before insert on text_readings for each row execute function fill()`;
        const texts = Array.from({ length: 1000 }, (_, row) => [row, bad, now, row < bad ? 'bad' : row === 999 ? 'full' : 'fine'] as const);
        const batch = lay({ readings: readingsOf(100, () => false), texts });
        await assert.rejects(writer.write(batch, memory.buffer), { code: '53100' });
        await assert.rejects(writer.write(batch, memory.buffer), { code: '53100' });
        const [before] = await sql`select count(*)::int as rows from text_readings where metric_id = ${bad}`;
        assert.equal(before?.rows, 0);
        await sql`drop trigger fill on text_readings`;
        assert.equal((await writer.write(batch, memory.buffer)).rows, bad);
        const [found] = await sql`select count(*)::int as rows from text_readings where metric_id = ${bad}`;
        assert.equal(found?.rows, 1000 - bad);
      }
      await sql`drop function fill`;
      assert.equal((await stored()).rows, 200);
    });

    test('without the right to temporary tables bad rows are found by bisection', async () => {
      const [{ name: databaseName } = { name: '' }] = await sql<{ name: string }[]>`select current_database() as name`;
      await sql.unsafe(`create role plain login password 'plain'; revoke temp on database ${databaseName} from public;
        grant all on all tables in schema public to plain; grant usage on schema public to plain`);
      const url = new URL(database.url);
      [url.username, url.password] = ['plain', 'plain'];
      const plain = new BatchWriter(url.href, GROUP, '');
      try {
        const refused = await plain.write(lay({ readings: readingsOf(1000, (row) => row % 2 === 1) }), memory.buffer);
        assert.equal(refused.rows, 500);
        assert.ok(attemptsOf(refused.events) > 1000, `${attemptsOf(refused.events)} attempts`);
        assert.equal((await stored()).rows, 500);
      } finally {
        await plain.close();
        await sql.unsafe(`grant temp on database ${databaseName} to public; drop owned by plain; drop role plain`);
      }
    });

    test('rows are restored from their dead letters by the statement of deploy/DATABASE.md', async () => {
      const text = (at: number, value: string) => [at, 9, now, value] as const;
      await writer.write(lay({ readings: readingsOf(100, (row) => row === 4), texts: [text(1, 'bad'), text(2, 'good')] }), memory.buffer);
      const [few = ''] = await readingsTables(sql);
      const statement = /```sql\n(with mended[^`]+)```/.exec(readFileSync('deploy/DATABASE.md', 'utf8'))?.[1] ?? '';
      await sql`alter table ${sql(few)} drop constraint positive`;
      await sql.unsafe(statement);
      await sql`delete from readings where value < 0`.then(({ count }) => assert.equal(count, 1));
      await sql`alter table ${sql(few)} add constraint positive check (value >= 0) not valid`;
      const left = await sql`select payload from dead_letters`;
      assert.deepEqual(
        left.map(({ payload }) => JSON.parse(String(payload)).value),
        ['bad'],
      );
    });

    test('a connection that is killed in the middle of it leaves nothing, and the batch goes in once afterwards', async () => {
      const batch = lay({ readings: readingsOf(8000, (row) => row % 2 === 0) });
      const failed = assert.rejects(writer.write(batch, memory.buffer));
      const kill = () => sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and application_name = 'spillway-store' and query like '%savepoint piece%'`;
      await until('the savepoints to be killed', async () => (await kill()).length > 0);
      await failed;
      const [letters] = await sql`select count(*)::int as rows from dead_letters`;
      assert.deepEqual([(await stored()).rows, letters?.rows], [0, 0]);
      const refused = await writer.write(batch, memory.buffer);
      assert.deepEqual([refused.rows, (await stored()).rows], [4000, 4000]);
      assert.deepEqual(await writer.write(batch, memory.buffer), refused);
      assert.equal((await stored()).rows, 4000);
    });

    test('any rows of any table may be bad: what is stored and what is dead are what they should be', async () => {
      const random = new Random();
      let expected = { readings: 0, texts: 0, rows: 0, letters: 0, sum: 0 };
      for (let round = 0; round < 12 * fuzzScale; round++) {
        const share = random.pick([0, 0.001, 0.02, 0.5]);
        const readings = readingsOf(random.int(0, 3000), () => random.chance(share));
        const texts = Array.from({ length: random.int(0, 200) }, (_, row) => {
          return [row, 1, now, random.chance(share) ? 'bad' : 'x'.repeat(random.int(0, 900))] as const;
        });
        const deads = Array.from({ length: random.int(0, 50) }, (_, row) => {
          return [1, BigInt(row), 1, now, 'json_malformed', Buffer.from(random.chance(share) ? 'refused' : '[')] as const;
        });
        await writer.write(lay({ readings, texts, deads }), memory.buffer);
        const good = readings.filter(([, , , value]) => value >= 0);
        const goodTexts = texts.filter(([, , , value]) => value !== 'bad').length;
        expected = {
          readings: expected.readings + good.length,
          texts: expected.texts + goodTexts,
          rows: expected.rows + readings.length - good.length + texts.length - goodTexts,
          letters: expected.letters + deads.filter(([, , , , , payload]) => payload.length === 1).length,
          sum: expected.sum + good.reduce((sum, [, , , value]) => sum + value, 0),
        };
      }
      const [found] = await sql`select (select count(*) from readings)::int as readings, (select count(*) from text_readings)::int as texts,
        (select count(*) from dead_letters where reason = 'row_refused')::int as rows,
        (select count(*) from dead_letters where reason = 'json_malformed')::int as letters,
        (select coalesce(sum(value), 0)::float8 from readings) as sum`;
      assert.deepEqual({ ...found }, expected, `SEED=${random.seed}`);
    });
  });
