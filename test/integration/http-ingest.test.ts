import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import postgres, { type Sql } from 'postgres';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';

const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-http-'));
let appliance: Appliance;
let sql: Sql;
const tokens = new Map<string, string>();

before(async () => {
  appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  sql = postgres(appliance.databaseUrl, { max: 1, onnotice: () => {} });
});

after(async () => {
  await sql?.end();
  await appliance?.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

async function register(id: string, metadata: object = {}): Promise<string> {
  const { auth_token: token } = await call<{ auth_token: string }>(appliance, 'POST', '/v1/devices', { device_id: id, metadata });
  tokens.set(id, token);
  return token;
}

async function post(id: string, body: string, query = ''): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${tokens.get(id)}` };
  const answer = await fetch(`${appliance.http}/v1/ingest/${id}${query}`, { method: 'POST', headers, body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Readings of a device in the database, by metric and time. */
async function readings(id: string): Promise<(readonly [metric: string, value: number])[]> {
  await committed(appliance);
  const rows = await sql<{ name: string; value: number }[]>`
    select m.name, r.value from readings r join metrics m on m.id = r.metric_id join devices d on d.id = r.device_id
    where d.name = ${id} order by m.name collate "C", r.ts, r.value`;
  return rows.map(({ name, value }) => [name, value] as const);
}

test('the good items of a body are stored, and the answer says which are dead letters', async () => {
  await register('batch');
  const items = ['{"ts":1796029200000,"metrics":{"a":1},"seq":1}', '{"metrics":{"a":', '{"ts":1796029200000,"metrics":{"a":1},"seq":1}'];
  const lines = await post('batch', `${items.join('\n')}\n{"b":2}\n`, '?wait=decoded');
  assert.equal(lines.status, 202);
  const { dead, ...rest } = lines.body as { dead: { index: number; code: string; position: number }[] };
  assert.deepEqual(rest, { status: 'durable', decoded: 'known', accepted: 3, duplicate: 1, skipped: [], unknown: [] });
  assert.deepEqual(
    dead.map(({ index, code, position }) => [index, code, position]),
    [[1, 'json_malformed', 16]],
  );
  const array = await post('batch', '[{"c":3},{"c":"x","c":4},{"d":5}]', '?wait=decoded');
  assert.deepEqual([array.body.accepted, (array.body.dead as { code: string }[])[0]?.code], [2, 'metric_duplicate']);
  const protocol = await post('batch', 'cpu idle=6\ncpu idle=\ncpu idle=7', '?wait=decoded');
  assert.deepEqual([protocol.body.accepted, (protocol.body.dead as { code: string }[])[0]?.code], [2, 'line_malformed']);
  assert.deepEqual(await readings('batch'), [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['cpu.idle', 6],
    ['cpu.idle', 7],
    ['d', 5],
  ]);
  const ledger = await call<{ stored: number; duplicate: number; dead_by_reason: Record<string, number> }>(
    appliance,
    'GET',
    '/v1/devices/batch/ledger',
  );
  assert.deepEqual([ledger.stored, ledger.duplicate], [6, 1]);
  assert.deepEqual(ledger.dead_by_reason, { json_malformed: 1, metric_duplicate: 1, line_malformed: 1 });
});

test("lines of InfluxDB's own client are stored, in each precision", async () => {
  const token = await register('influx');
  for (const precision of ['ns', 'us', 'ms', 's'] as const) {
    const writer = new InfluxDB({ url: appliance.http, token }).getWriteApi('org', 'bucket', precision, {
      maxRetries: 0,
      gzipThreshold: 0,
    });
    writer.writePoint(
      new Point(`of_${precision}`)
        .tag('room', 'a b')
        .floatField('t', 21.5)
        .intField('n', 7)
        .booleanField('on', true)
        .timestamp(new Date(1796029200000)),
    );
    await writer.close();
  }
  await committed(appliance);
  const rows = await sql<{ name: string; value: number; ms: string }[]>`
    select m.name, r.value, (extract(epoch from r.ts) * 1000)::bigint as ms from readings r join metrics m on m.id = r.metric_id
    join devices d on d.id = r.device_id where d.name = 'influx' order by m.name collate "C"`;
  const expected = ['ms', 'ns', 's', 'us'].flatMap((precision) => [
    [`of_${precision}.n{room=a b}`, 7],
    [`of_${precision}.on{room=a b}`, 1],
    [`of_${precision}.t{room=a b}`, 21.5],
  ]);
  assert.deepEqual(
    rows.map(({ name, value }) => [name, value]),
    expected,
  );
  assert.ok(rows.every(({ ms }) => ms === '1796029200000'));
});

test('data points of OTLP are stored, a count and when it began, and one that cannot be is said in the answer', async () => {
  const token = await register('otlp');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const times = { startTimeUnixNano: '1796029100000000000', timeUnixNano: '1796029200123456789' };
  const attributes = [{ key: 'path', value: { stringValue: '/a,b' } }];
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...times, attributes, asInt: '7' }] };
  const metrics = [
    { name: 'requests', sum },
    {
      name: 'load',
      gauge: {
        dataPoints: [
          { ...times, asDouble: null },
          { ...times, asDouble: 0.5 },
        ],
      },
    },
  ];
  const body = JSON.stringify({ resourceMetrics: [{ resource: { attributes: [] }, scopeMetrics: [{ metrics }] }] });
  const errorMessage = '1 of 3 data points are not stored: load: the value is not a finite number';
  const answer = await fetch(`${appliance.http}/v1/metrics?wait=decoded`, { method: 'POST', headers, body });
  assert.deepEqual([answer.status, await answer.json()], [200, { partialSuccess: { rejectedDataPoints: '1', errorMessage } }]);
  assert.deepEqual(await readings('otlp'), [
    ['load', 0.5],
    [String.raw`requests.start_time{path=/a\,b}`, 1796029100],
    [String.raw`requests{path=/a\,b}`, 7],
  ]);
});

test('a pack of SenML is one message, and one with a bad record is its good records at their times', async () => {
  await register('senml');
  const base = '{"bn":"urn:dev:ow:1:","bt":1796029200,"n":"t","u":"Cel","v":21.5}';
  const good = await post('senml', `[${base},{"n":"h","v":48.5,"t":-10}]`, '?wait=decoded');
  assert.deepEqual([good.body.accepted, good.body.dead], [1, []]);
  const bad = await post('senml', `[${base.replace('21.5', '22.5')},{"n":"h","v":"x"},{"n":"p","v":7,"t":-10}]`, '?wait=decoded');
  const [dead] = bad.body.dead as { index: number; code: string }[];
  assert.deepEqual([bad.body.accepted, dead?.index, dead?.code], [2, 1, 'senml_malformed']);
  assert.deepEqual(await readings('senml'), [
    ['h', 48.5],
    ['p', 7],
    ['t', 21.5],
    ['t', 22.5],
  ]);
  const [row] = await sql<{ ms: string }[]>`
    select (extract(epoch from r.ts) * 1000)::bigint as ms from readings r join metrics m on m.id = r.metric_id where m.name = 'p'`;
  assert.equal(row?.ms, '1796029190000');
});
