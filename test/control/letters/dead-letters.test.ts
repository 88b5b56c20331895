import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Sql } from 'postgres';
import { queryDeadLetters } from '../../../src/control/letters/dead-letters.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';
import { until } from '../../support/until.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

test('no tenant sees the dead letters of another, deleted devices included', async () => {
  const { sql } = server.database;
  for (const tenant of ['north', 'south']) {
    const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', tenant } })).body;
    await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
      values (0, 1, ${number}, now(), 'json_malformed', ${Buffer.from(tenant)})`;
  }
  const payloads = async (query: string) => {
    const { body } = await server.call('GET', `/v1/dead-letters?${query}`);
    return body.dead_letters.map(({ payload_base64: payload }: { payload_base64: string }) => Buffer.from(payload, 'base64').toString());
  };
  assert.deepEqual(await payloads('tenant=north'), ['north']);
  assert.deepEqual(await payloads('tenant=south&device_id=dev-1'), ['south']);
  assert.deepEqual(await payloads('tenant=third'), []);
  assert.deepEqual(await payloads(''), []);
  await server.call('DELETE', '/v1/devices/dev-1?tenant=north');
  await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', tenant: 'north' } });
  assert.deepEqual(await payloads('tenant=north&device_id=dev-1'), ['north']);
});

test('dead letters are filtered and paged, without overlap or gap', async () => {
  const { sql } = server.database;
  const numbers: Record<string, number> = {};
  for (const device_id of ['a', 'b']) {
    const body = { device_id, tenant: 'paged', ...(device_id === 'b' && { device_class: 'pump' }) };
    numbers[device_id] = (await server.call('POST', '/v1/devices', { body })).body.number;
  }
  // Five of each microsecond.
  await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select 0, i, case when i % 2 = 0 then ${numbers.a!}::int else ${numbers.b!}::int end,
      '2026-05-01T00:00:00Z'::timestamptz + (i / 5) * interval '1 microsecond',
      case when i % 3 = 0 then 'ts_malformed' else 'json_malformed' end, ''::bytea from generate_series(0, 29) i`;
  const offsets = async (query: string) => {
    const found: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await server.call('GET', `/v1/dead-letters?tenant=paged&${query}${after}`);
      found.push(...body.dead_letters.map((letter: { log_offset: string }) => letter.log_offset));
      if (body.next === null) return found.map(Number);
      after = `&cursor=${body.next}`;
    }
  };
  const all = Array.from({ length: 30 }, (_, i) => 29 - i);
  for (const limit of [1, 7, 15, 1000]) assert.deepEqual(await offsets(`limit=${limit}`), all, `pages of ${limit}`);
  assert.deepEqual(
    await offsets('device_id=a&limit=4'),
    all.filter((i) => i % 2 === 0),
  );
  assert.deepEqual(await offsets('reason=ts_malformed&device_id=b&limit=4'), [27, 21, 15, 9, 3]);
  assert.deepEqual(
    await offsets('device_class=pump&limit=4'),
    all.filter((i) => i % 2 === 1),
  );
  assert.deepEqual(await offsets('device_class=meter'), []);
  assert.equal((await offsets('from=2026-05-01T00:00:00Z&to=2026-05-01T00:00:00Z')).length, 30);
  assert.deepEqual(await offsets('from=2026-05-01T00:00:01Z'), []);
  assert.deepEqual(await offsets('to=2026-04-30T23:59:59.999Z'), []);
  for (const query of ['cursor=x', 'device=a', 'unknown=yes', 'from=never', 'tenant=']) {
    assertFailure(await server.call('GET', `/v1/dead-letters?${query}`), 400, 'query_invalid');
  }
});

test('the letters of a device, or of a tenant with few, are looked up and not searched among those of everybody', async () => {
  const { sql } = server.database;
  const { number: busy } = (await server.call('POST', '/v1/devices', { body: { device_id: 'busy', tenant: 'large' } })).body;
  for (const device_id of ['quiet', 'idle']) await server.call('POST', '/v1/devices', { body: { device_id, tenant: 'small' } });
  await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select 0, i, ${busy}::int, now(), 'json_malformed', ''::bytea from generate_series(1, 50000) i`;
  await sql`analyze dead_letters, devices`;
  const asked = { reason: 'json_malformed', limit: 100, after: { us: '1800000000000000', id: '7' } };
  for (const query of [
    { ...asked, tenant: 'small', device: 'quiet', hasFewDevices: false },
    { ...asked, tenant: 'small', hasFewDevices: true },
  ]) {
    const plan = await planOf(sql, (explaining) => queryDeadLetters(explaining, query));
    assert.match(plan, /dead_letters_by_device/);
    assert.doesNotMatch(plan, /Seq Scan on dead_letters|dead_letters_received_at_idx/);
  }
});

/** The plan of the statement that is run, whose rows are left out. */
async function planOf(sql: Sql, run: (explaining: Sql) => Promise<unknown>): Promise<string> {
  let plan = '';
  const explaining = (strings: TemplateStringsArray, ...values: never[]) => {
    if (!strings[0]?.trimStart().startsWith('select letter.')) return sql(strings, ...values);
    const explained = [`explain ${strings[0]}`, ...strings.slice(1)];
    return sql(Object.assign(explained, { raw: explained }), ...values).then((rows) => {
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return [];
    });
  };
  await run(explaining as unknown as Sql);
  return plan;
}

test('how many letters there are is answered with the limits, by tenant and reason', async () => {
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'deep', tenant: 'depth' } })).body;
  await server.database.sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    values (63, 1, ${number}, now(), 'json_malformed', ${Buffer.from('{')}), (63, 2, ${number}, now(), 'ts_malformed', ${Buffer.from('{}')})`;
  const offsets = {
    startOffset: 0n,
    durableOffset: 0n,
    processedOffset: 0n,
    committedOffset: 0n,
    checkpointOffset: undefined,
    storedOffset: undefined,
  };
  const counts = { lagBytes: 0, lagMs: 0, committedRecords: 0, gaps: 0, gapBytes: 0, checkpointMs: undefined, storedMs: undefined };
  server.plane.partitions = [{ partition: 63, isHere: true, ...offsets, ...counts }];
  const own = async () => {
    const { body } = await server.call('GET', '/v1/dead-letters/depth');
    return body.tenants.find(({ tenant }: { tenant: string | null }) => tenant === 'depth');
  };
  await until('they are counted', async () => (await own()) !== undefined);
  const by_reason = { json_malformed: 1, ts_malformed: 1 };
  assert.deepEqual(await own(), { tenant: 'depth', letters: 2, bytes: 3, removed: 0, removed_bytes: 0, by_reason });
  const { body } = await server.call('GET', '/v1/dead-letters/depth');
  assert.deepEqual(body.limits, { days: 90, letters: 10_000_000, mib: 10_240, tenant_letters: 2_000_000, tenant_mib: 2048 });
  assert.match((await server.call('GET', '/metrics')).text, /^spillway_dead_letters\{reason="ts_malformed"\} 1$/m);
});
