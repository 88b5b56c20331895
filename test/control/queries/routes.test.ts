import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DatabaseUnavailable } from '../../../src/contract/database.js';
import { latestOf } from '../../../src/control/queries/latest.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';
import { until } from '../../support/until.js';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
let server: ServerUnderTest;
let device: number;
/** A device with many readings at a time. */
let crowd: number;
let metrics: Map<string, number>;
before(async () => {
  server = await startServerUnderTest();
  const { sql } = server.database;
  device = (await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1' } })).body.number;
  await server.call('POST', '/v1/devices', { body: { device_id: 'silent' } });
  crowd = (await server.call('POST', '/v1/devices', { body: { device_id: 'crowd' } })).body.number;
  metrics = new Map((await server.metricNames.add(['temperature', 'state', 'mixed', 'a&b=c/%', 'close', 'crowded'])) as [string, number][]);
  const readings = Array.from({ length: 20 }, (_, i) => ({
    device_id: device,
    metric_id: metrics.get('temperature')!,
    ts: new Date(T0 + i * 1000).toISOString(),
    value: i + 0.5,
  }));
  // Rows lie in the table in whatever order their blocks were committed.
  await sql`insert into readings ${sql(readings.reverse())}`;
  await sql`insert into readings values (${device}, ${metrics.get('mixed')!}, ${new Date(T0)}, -0.25), (${device}, ${metrics.get('a&b=c/%')!}, ${new Date(T0)}, 1e300)`;
  await sql`insert into text_readings values
    (${device}, ${metrics.get('state')!}, ${new Date(T0 + 5000)}, 'on'),
    (${device}, ${metrics.get('state')!}, ${new Date(T0 + 9000)}, 'öff'),
    (${device}, ${metrics.get('mixed')!}, ${new Date(T0 + 1000)}, 'text')`;
  await sql`insert into readings values (${device}, ${metrics.get('temperature')!}, '2026-03-01T12:00:30.000999Z', 99)`;
});
after(() => server.close());

function path(query: Record<string, string | number>, id = 'dev-1'): string {
  return `/v1/devices/${id}/metrics?${new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))}`;
}

test('a range is answered in order of time, its ends included', async () => {
  const { body } = await server.call('GET', path({ metric: 'temperature', from: T0 + 3000, to: T0 + 6000, resolution: 'raw' }));
  assert.deepEqual(body, {
    device_id: 'dev-1',
    metric: 'temperature',
    series: [{ metric: 'temperature' }],
    resolution: 'raw',
    from: '2026-03-01T12:00:03.000Z',
    to: '2026-03-01T12:00:06.000Z',
    points: [3, 4, 5, 6].map((i) => ({ ts: `2026-03-01T12:00:0${i}.000000Z`, value: i + 0.5 })),
    truncated: false,
    next: null,
  });
  // A time that was shown finds its row, though the row has microseconds.
  const fraction = await server.call('GET', path({ metric: 'temperature', from: T0 + 3000.75, to: T0 + 3999.5 }));
  assert.deepEqual([fraction.body.from, fraction.body.points.length], ['2026-03-01T12:00:03.000Z', 1]);
  const exact = await server.call(
    'GET',
    path({ metric: 'temperature', from: '2026-03-01T12:00:30Z', to: '2026-03-01T13:00:30.000+01:00' }),
  );
  assert.deepEqual(exact.body.points, [{ ts: '2026-03-01T12:00:30.000999Z', value: 99 }]);
});

test('a limit cuts the end off and says so', async () => {
  const cut = await server.call('GET', path({ metric: 'temperature', from: T0, to: T0 + 60_000, limit: 20 }));
  assert.deepEqual([cut.body.points.length, cut.body.truncated, cut.body.points[0].value], [20, true, 0.5]);
  const whole = await server.call('GET', path({ metric: 'temperature', from: T0, to: T0 + 60_000, limit: 21 }));
  assert.deepEqual([whole.body.points.length, whole.body.truncated], [21, false]);
});

test('a base name means all of its series of the device; tags, or empty braces, mean one', async () => {
  const { sql } = server.database;
  const tagged = (await server.call('POST', '/v1/devices', { body: { device_id: 'tagged' } })).body.number;
  const names = ['usage', 'usage{cpu=0}', 'usage{cpu=1}', 'usage{of=another device}'];
  const added = new Map((await server.metricNames.add(names)) as [string, number][]);
  const number = (name: string) => added.get(name) as number;
  for (const [index, name] of names.slice(0, 3).entries()) {
    await sql`insert into readings select ${tagged}, ${number(name)}, ${new Date(T0)}, 7 from generate_series(1, 4)`;
    await sql`insert into readings values (${tagged}, ${number(name)}, ${new Date(T0 + 1 + index)}, ${index})`;
    await sql`insert into text_readings values (${tagged}, ${number(name)}, ${new Date(T0)}, 'same')`;
  }
  await sql`insert into readings values (${crowd}, ${number('usage{of=another device}')}, ${new Date(T0)}, 1)`;
  const range = { from: T0, to: T0 + 1000 };
  const all = await server.call('GET', path({ metric: 'usage', ...range }, 'tagged'));
  assert.deepEqual(all.body.series, [{ metric: 'usage' }, { metric: 'usage{cpu=0}' }, { metric: 'usage{cpu=1}' }]);
  assert.equal(all.body.points.length, 18);
  assert.deepEqual(all.body.points.at(-1), { ts: '2026-03-01T12:00:00.003000Z', value: 2, metric: 'usage{cpu=1}' });
  // Readings of one time and value in several series are each given once, wherever a page ends.
  for (const limit of [1, 2, 5, 7]) {
    const points: unknown[] = [];
    let after: string | null = null;
    do {
      const { body } = await server.call('GET', path({ metric: 'usage', ...range, limit, ...(after && { after }) }, 'tagged'));
      points.push(...body.points);
      after = body.next;
    } while (after !== null);
    assert.deepEqual(points, all.body.points, `pages of ${limit}`);
  }
  const one = await server.call('GET', path({ metric: 'usage{cpu=0}', ...range }, 'tagged'));
  assert.deepEqual([one.body.points.length, one.body.series], [6, [{ metric: 'usage{cpu=0}' }]]);
  assert.ok(!('metric' in one.body.points[0]));
  const base = await server.call('GET', path({ metric: 'usage{}', ...range }, 'tagged'));
  assert.deepEqual([base.body.points.length, base.body.series], [6, [{ metric: 'usage' }]]);
  const view = await sql`select metric_name, tags, value from raw_metrics where device_id = 'tagged' and value < 3 order by value`;
  assert.deepEqual(
    view.map((row) => ({ ...row })),
    names.slice(0, 3).map((_, value) => ({
      metric_name: 'usage',
      tags: { tenant: 'default', ...(value > 0 && { cpu: String(value - 1) }) },
      value,
    })),
  );
});

test('readings have the unit in which the schema of the device stores them', async () => {
  const fields = { t: { type: 'number', unit: '[degF]', to: 'Cel', rename: 'air' }, p: { unit: 'kPa' }, n: {} };
  const schema = { device_class: 'weather', format: 'json', schema_definition: { fields } };
  assert.equal((await server.call('POST', '/v1/schemas', { body: schema })).status, 201);
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'w1', device_class: 'weather' } })).body;
  const added = (await server.metricNames.add(['air', 'p', 'n'])) as [string, number][];
  for (const [, metric] of added) await server.database.sql`insert into readings values (${number}, ${metric}, ${new Date(T0)}, 1)`;
  const units = (metrics: Record<string, { unit?: string }>) =>
    Object.fromEntries(Object.entries(metrics).map(([name, { unit }]) => [name, unit]));
  const expected = { air: 'Cel', p: 'kPa', n: undefined };
  assert.deepEqual(units((await server.call('GET', '/v1/devices/w1/metrics/latest')).body.metrics), expected);
  assert.deepEqual(units((await server.call('GET', '/v1/devices/w1')).body.latest), expected);
  const range = await server.call('GET', path({ metric: 'air', from: T0, to: T0 }, 'w1'));
  assert.deepEqual(range.body.series, [{ metric: 'air', unit: 'Cel' }]);
  // What the device states counts where the schema does not say otherwise.
  for (const [name, metric] of added) server.plane.reportUnit({ device: number, metric, unit: `stated ${name}` });
  const shown = async () => units((await server.call('GET', '/v1/devices/w1/metrics/latest')).body.metrics);
  await until('units that were written', async () => (await shown()).n !== undefined);
  assert.deepEqual(await shown(), { air: 'Cel', p: 'kPa', n: 'stated n' });
  assert.deepEqual((await server.call('GET', path({ metric: 'n', from: T0, to: T0 }, 'w1'))).body.series, [
    { metric: 'n', unit: 'stated n' },
  ]);
  server.plane.reportUnit({ device: number, metric: added[2]![1], unit: 'K' });
  await until('a unit that changed', async () => (await shown()).n === 'K');
});

interface Page {
  readonly points: { readonly ts: string; readonly value: number | string }[];
  readonly truncated: boolean;
  readonly next: string | null;
}

/** All pages of a range, as a client walks them. */
async function pagesOf(query: Record<string, string | number>): Promise<Page[]> {
  const pages: Page[] = [];
  for (let next: string | null | undefined; next !== null; next = pages.at(-1)!.next) {
    assert.ok(pages.length < 100, 'the pages come to an end');
    const { status, body, text } = await server.call('GET', path({ ...query, ...(next === undefined ? {} : { after: next }) }, 'crowd'));
    assert.equal(status, 200, text);
    assert.equal(body.truncated, body.next !== null);
    pages.push(body);
  }
  return pages;
}

test('pages neither overlap nor miss, with readings closer than a millisecond', async () => {
  const metric = metrics.get('close')!;
  await server.database.sql`
    insert into readings select ${crowd}, ${metric}, '2026-03-02T12:00:00.1231Z'::timestamptz + i * interval '100 microseconds', i from generate_series(0, 29) i`;
  const pages = await pagesOf({ metric: 'close', from: '2026-03-02', to: '2026-03-03', limit: 15 });
  assert.deepEqual(
    pages.map(({ points }) => points.map(({ value }) => value)),
    [Array.from({ length: 15 }, (_, i) => i), Array.from({ length: 15 }, (_, i) => i + 15)],
  );
  assert.deepEqual([pages[0]!.points[0]!.ts, pages[0]!.points[8]!.ts], ['2026-03-02T12:00:00.123100Z', '2026-03-02T12:00:00.123900Z']);
});

test('nor with more readings in one microsecond than a page holds, numbers and texts, some of them equal', async () => {
  const metric = metrics.get('crowded')!;
  const { sql } = server.database;
  const at = '2026-03-02T12:00:00.000001Z';
  await sql`insert into readings select ${crowd}, ${metric}, ${at}::timestamptz, i % 7 from generate_series(1, 40) i`;
  await sql`insert into readings values (${crowd}, ${metric}, ${at}, 0), (${crowd}, ${metric}, ${at}, '-0'), (${crowd}, ${metric}, ${at}, 0.1)`;
  await sql`insert into text_readings select ${crowd}, ${metric}, ${at}::timestamptz, 't' || i % 5 from generate_series(1, 20) i`;
  await sql`insert into readings values (${crowd}, ${metric}, '2026-03-02T12:00:00.000002Z', 1), (${crowd}, ${metric}, '2026-03-02T12:00:00Z', 2)`;
  const whole = await pagesOf({ metric: 'crowded', from: '2026-03-02', to: '2026-03-03' });
  assert.deepEqual([whole.length, whole[0]!.points.length], [1, 65]);
  for (const limit of [1, 2, 3, 7, 64, 65]) {
    const pages = await pagesOf({ metric: 'crowded', from: '2026-03-02', to: '2026-03-03', limit });
    assert.equal(pages.length, Math.ceil(65 / limit));
    assert.deepEqual(
      pages.flatMap(({ points }) => points),
      whole[0]!.points,
      `pages of ${limit}`,
    );
  }
});

test('strings are values too, and a metric may have both', async () => {
  const state = await server.call('GET', path({ metric: 'state', from: T0, to: T0 + 60_000 }));
  assert.deepEqual(
    state.body.points.map((point: { value: unknown }) => point.value),
    ['on', 'öff'],
  );
  const mixed = await server.call('GET', path({ metric: 'mixed', from: T0, to: T0 + 60_000 }));
  assert.deepEqual(
    mixed.body.points.map((point: { value: unknown }) => point.value),
    [-0.25, 'text'],
  );
  const odd = await server.call('GET', path({ metric: 'a&b=c/%', from: T0, to: T0 + 60_000 }));
  assert.deepEqual(odd.body.points, [{ ts: '2026-03-01T12:00:00.000000Z', value: 1e300 }]);
});

test('from and to have the forms that a device may use for ts, and a date is its first moment in UTC', async () => {
  for (const from of [
    ...['2026-03-01T12:00:03Z', '2026-03-01T13:00:03+0100', '2026-03-01T13:00:03+01', '20260301T120003Z', '2026-03-01T12:00:03,000Z'],
    ...['2026-03-01 13:00:03 01:00', '2026-03-01T13:00:03 0100', T0 + 3000, (T0 + 3000) / 1000, (T0 + 3000) * 1000, `${T0 + 3000}000000`],
  ]) {
    const { body } = await server.call('GET', path({ metric: 'temperature', from, to: T0 + 3999 }));
    assert.deepEqual([body.from, body.points?.length], ['2026-03-01T12:00:03.000Z', 1], String(from));
  }
  const { body } = await server.call('GET', path({ metric: 'temperature', from: '2026-02-28T24:00Z', to: '2026-03-02' }));
  assert.deepEqual([body.from, body.to], ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z']);
});

test('without from and to it is the last hour; a metric never met has no points', async () => {
  const { sql } = server.database;
  await sql`insert into readings values (${device}, ${metrics.get('temperature')!}, now() - interval '59 minutes', 1), (${device}, ${metrics.get('temperature')!}, now() - interval '61 minutes', 2)`;
  const recent = await server.call('GET', path({ metric: 'temperature' }));
  assert.deepEqual(
    recent.body.points.map((point: { value: unknown }) => point.value),
    [1],
  );
  const none = await server.call('GET', path({ metric: "x' or '1'='1" }));
  assert.deepEqual([none.status, none.body.points, none.body.truncated], [200, [], false]);
  await sql`delete from readings where ts > now() - interval '2 hours'`;
});

test('queries that cannot be are refused by name', async () => {
  const cases: [Record<string, string>, string, RegExp][] = [
    [{}, 'query_invalid', /metric must be given/],
    [{ metric: '' }, 'query_invalid', /metric must not be empty/],
    [{ metric: 'm', from: 'yesterday' }, 'query_invalid', /from must be an ISO 8601 time/],
    [{ metric: 'm', from: '2026-13-01' }, 'query_invalid', /from must be an ISO 8601 time/],
    [{ metric: 'm', from: '2026-03-01T12:00:00' }, 'query_invalid', /from must be .* with a zone/],
    [{ metric: 'm', to: '9999999999999999999999' }, 'query_invalid', /to must be an ISO 8601 time/],
    [{ metric: 'm', to: 'Infinity' }, 'query_invalid', /to must be an ISO 8601 time/],
    [{ metric: 'm', from: '2', to: '1' }, 'query_invalid', /from must not be later/],
    [{ metric: 'm', limit: '10001' }, 'query_invalid', /limit must be a whole number from 1 to 10000/],
    [{ metric: 'm', limit: '0' }, 'query_invalid', /limit/],
    [{ metric: 'm', tenant: '' }, 'query_invalid', /tenant must not be empty/],
    [{ metric: 'm', after: 'x' }, 'query_invalid', /after must be the next of an earlier answer/],
    [{ metric: 'm', after: Buffer.from('{"us":"1; drop"}').toString('base64url') }, 'query_invalid', /after must be the next/],
    [{ metric: 'm', resolution: '1m' }, 'resolution_unsupported', /raw/],
  ];
  for (const [query, code, message] of cases) {
    const answer = await server.call('GET', path(query));
    assertFailure(answer, 400, code);
    assert.match(answer.body.error.message, message);
  }
  assertFailure(await server.call('GET', '/v1/devices/nobody/metrics?metric=m'), 404, 'device_unknown');
  assertFailure(await server.call('GET', '/v1/devices/dev-1/metrics?metric=m&tenant=acme'), 404, 'device_unknown');
  assertFailure(await server.call('GET', '/v1/devices/nobody/metrics/latest'), 404, 'device_unknown');
});

/** A device as its own page and as the list show it. */
async function viewsOf(id: string) {
  const [{ body: device }, { body: list }] = await Promise.all([
    server.call('GET', `/v1/devices/${id}`),
    server.call('GET', '/v1/devices?limit=1000'),
  ]);
  return { device, list, listed: list.devices.find(({ device_id }: { device_id: string }) => device_id === id) };
}

test('latest comes from memory, strings and unknown devices from the database', async () => {
  const stored = await server.call('GET', '/v1/devices/dev-1/metrics/latest');
  assert.deepEqual(stored.body, {
    device_id: 'dev-1',
    metrics: {
      temperature: { value: 99, ts: '2026-03-01T12:00:30.000Z', received_at: null },
      mixed: { value: 'text', ts: '2026-03-01T12:00:01.000Z', received_at: null },
      'a&b=c/%': { value: 1e300, ts: '2026-03-01T12:00:00.000Z', received_at: null },
      state: { value: 'öff', ts: '2026-03-01T12:00:09.000Z', received_at: null },
    },
    partitions_not_running: [],
  });
  server.plane.points = [{ device, metric: metrics.get('temperature')!, tsMs: T0 + 60_000, value: 7, receivedMs: T0 + 60_250 }];
  const live = await server.call('GET', '/v1/devices/dev-1/metrics/latest');
  assert.deepEqual(live.body.metrics, {
    temperature: { value: 7, ts: '2026-03-01T12:01:00.000Z', received_at: '2026-03-01T12:01:00.250Z' },
    // Memory does not know it: it was read by a process with another state.
    'a&b=c/%': { value: 1e300, ts: '2026-03-01T12:00:00.000Z', received_at: null },
    mixed: { value: 'text', ts: '2026-03-01T12:00:01.000Z', received_at: null },
    state: { value: 'öff', ts: '2026-03-01T12:00:09.000Z', received_at: null },
  });
  const { device: viewed, listed } = await viewsOf('dev-1');
  assert.deepEqual([viewed.latest, viewed.last_seen_at], [live.body.metrics, '2026-03-01T12:01:00.250Z']);
  const { latest_complete, partitions_not_running, ...rest } = viewed;
  assert.deepEqual([latest_complete, partitions_not_running, listed], [true, [], rest]);
  assert.deepEqual((await server.call('GET', '/v1/devices/silent/metrics/latest')).body, {
    device_id: 'silent',
    metrics: {},
    partitions_not_running: [],
  });
});

test('a text that is newer than a number, or of its time, is the latest value in all three views', async () => {
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'faulty' } })).body;
  const { sql } = server.database;
  const [temperature, state, mixed] = ['temperature', 'state', 'mixed'].map((name) => metrics.get(name)!);
  await sql`insert into readings values (${number}, ${temperature!}, ${new Date(T0)}, 21.5), (${number}, ${mixed!}, '2026-03-01T12:00:00.0005Z', 1)`;
  await sql`insert into text_readings values (${number}, ${mixed!}, '2026-03-01T12:00:00.0005Z', 'of one time')`;
  const point = { device: number, metric: temperature!, receivedMs: T0 + 60_250 };
  server.plane.points = [
    { ...point, tsMs: T0 + 60_000, value: 'sensor fault' },
    { ...point, metric: state!, tsMs: T0, value: 'on', receivedMs: T0 + 70_000 },
    { ...point, metric: mixed!, tsMs: T0 + 0.5, value: 2, receivedMs: T0 },
  ];
  const { body } = await server.call('GET', '/v1/devices/faulty/metrics/latest');
  assert.deepEqual(body.metrics, {
    temperature: { value: 'sensor fault', ts: '2026-03-01T12:01:00.000Z', received_at: '2026-03-01T12:01:00.250Z' },
    mixed: { value: 'of one time', ts: '2026-03-01T12:00:00.000Z', received_at: null },
    state: { value: 'on', ts: '2026-03-01T12:00:00.000Z', received_at: '2026-03-01T12:01:10.000Z' },
  });
  const [row] = await sql`
    select value, text from raw_metrics where device_id = 'faulty' and metric_name = 'mixed' order by ts desc, text nulls last limit 1`;
  assert.deepEqual(row, { value: null, text: 'of one time' });
  const { device, listed } = await viewsOf('faulty');
  assert.deepEqual([device.latest, listed.latest], [body.metrics, body.metrics]);
  assert.deepEqual([device.last_seen_at, listed.last_seen_at], ['2026-03-01T12:01:10.000Z', '2026-03-01T12:01:10.000Z']);
});

test('the database is asked once a page, again for values that memory had no room for, and not for known ones', async (context) => {
  const ids = ['page-1', 'page-2', 'page-3'];
  const numbers: number[] = [];
  for (const device_id of ids)
    numbers.push((await server.call('POST', '/v1/devices', { body: { device_id, tenant: 'paged' } })).body.number);
  const run = context.mock.method(server.database.control, 'run');
  const state = metrics.get('state')!;
  const put = (number: number, text: string) =>
    server.database.sql`insert into text_readings values (${number}, ${state}, ${new Date(T0)}, ${text})`;
  const list = async () => {
    const { body } = await server.call('GET', '/v1/devices?tenant=paged');
    return body.devices.map(({ latest }: { latest: { state?: { value: string } } }) => latest.state?.value);
  };
  for (const number of numbers) await put(number, 'stored');
  assert.deepEqual(await list(), ['stored', 'stored', 'stored']);
  for (const id of ids) await server.call('GET', `/v1/devices/${id}/metrics/latest?tenant=paged`);
  await server.call('GET', '/v1/devices/page-1?tenant=paged');
  await list();
  assert.equal(run.mock.callCount(), 2, 'for values and for units');
  // A text for which memory has no room: only the database has it.
  server.plane.points = [{ device: numbers[0]!, metric: state, tsMs: T0 + 1000, value: undefined, receivedMs: T0 + 1500 }];
  server.plane.unheld = [numbers[0]!];
  await server.database.sql`insert into text_readings values (${numbers[0]!}, ${state}, ${new Date(T0 + 1000)}, 'long')`;
  assert.deepEqual(await list(), ['long', 'stored', 'stored']);
  assert.equal((await server.call('GET', '/v1/devices/page-1?tenant=paged')).body.last_seen_at, '2026-03-01T12:00:01.500Z');
  assert.equal(run.mock.callCount(), 4);
  // Nobody runs a partition: what its devices send is known to the database alone.
  [server.plane.unheld, server.plane.points, server.plane.notRunning] = [[], [], [0]];
  await server.database.sql`insert into text_readings values (${numbers[1]!}, ${state}, ${new Date(T0 + 2000)}, 'later')`;
  assert.deepEqual(await list(), ['long', 'later', 'stored']);
  server.plane.notRunning = [];
});

test('without the database devices are shown with what memory holds, and the answer says that it may miss metrics', async (context) => {
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'lonely', tenant: 'lonely' } })).body;
  const away = new DatabaseUnavailable('ECONNREFUSED', 'nobody listens');
  context.mock.method(server.database.control, 'run', () => Promise.reject(away));
  server.plane.points = [{ device: number, metric: metrics.get('state')!, tsMs: T0, value: 'on', receivedMs: T0 }];
  const on = { state: { value: 'on', ts: '2026-03-01T12:00:00.000Z', received_at: '2026-03-01T12:00:00.000Z' } };
  const { body } = await server.call('GET', '/v1/devices?tenant=lonely');
  assert.deepEqual([body.latest_complete, body.devices[0].latest], [false, on]);
  const one = await server.call('GET', '/v1/devices/lonely?tenant=lonely');
  assert.deepEqual([one.body.latest_complete, one.body.latest], [false, on]);
  assertFailure(await server.call('GET', '/v1/devices/lonely/metrics/latest?tenant=lonely'), 503, 'database_unavailable');
  // A database that stands still holds no page up.
  const silent = { latest: () => new Promise<never>(() => {}) };
  const { unavailable, devices } = await latestOf(
    { ...server, views: server.plane, queries: silent, units: { of: async () => () => undefined } },
    [server.registry.get('lonely', 'lonely')!],
    1,
  );
  assert.deepEqual([unavailable?.code, devices.get(number)?.metrics.get('state')], ['ANSWER_LATE', on.state]);
  server.plane.points = [];
});

test('ten thousand points are answered whole', async () => {
  const metric = metrics.get('a&b=c/%')!;
  await server.database.sql`
    insert into readings select ${device}, ${metric}, '2026-02-01'::timestamptz + make_interval(secs => i), i from generate_series(1, 10001) i`;
  const { body } = await server.call('GET', path({ metric: 'a&b=c/%', from: '2026-02-01', to: '2026-02-02' }));
  assert.deepEqual([body.points.length, body.truncated, body.points.at(-1).value], [10_000, true, 10_000]);
});
