import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

function lagOf(partition: number, durable: bigint, committed: bigint, lagMs: number) {
  const lagBytes = Number(durable - committed);
  const offsets = { isHere: true, startOffset: 0n, durableOffset: durable, processedOffset: durable, committedOffset: committed };
  const checkpoint = { checkpointOffset: undefined, checkpointMs: undefined, storedOffset: undefined, storedMs: undefined };
  return { partition, ...offsets, ...checkpoint, lagBytes, lagMs, committedRecords: 0, gaps: 0, gapBytes: 0 };
}

test('the lag is answered by partition and in sum, offsets as strings', async () => {
  server.plane.partitions = [
    lagOf(0, 2n ** 60n, 2n ** 60n - 100n, 20),
    { ...lagOf(1, 50n, 0n, 70), checkpointOffset: 30n, checkpointMs: Date.now() - 5000, storedOffset: 20n, storedMs: Date.now() - 9000 },
  ];
  const { body } = await server.call('GET', '/v1/pipeline/lag');
  assert.deepEqual(body.partitions[0], {
    partition: 0,
    here: true,
    start_offset: '0',
    durable_offset: '1152921504606846976',
    processed_offset: '1152921504606846976',
    committed_offset: '1152921504606846876',
    checkpoint_offset: null,
    checkpoint_age_ms: null,
    checkpoint_store_offset: null,
    checkpoint_store_age_ms: null,
    lag_bytes: 100,
    lag_ms: 20,
    committed_messages: 0,
    gaps: 0,
    gap_bytes: 0,
  });
  assert.deepEqual([body.partitions.length, body.lag_bytes, body.lag_ms], [2, 150, 70]);
  assert.deepEqual([body.log, body.topic], ['up', null]);
  assert.deepEqual([typeof body.committed_bytes_per_second, typeof body.committed_messages_per_second], ['number', 'number']);
  assert.ok('catch_up_seconds' in body && 'input_bytes_per_second' in body);
  const { checkpoint_offset, checkpoint_age_ms } = body.partitions[1];
  assert.equal(checkpoint_offset, '30');
  assert.ok(checkpoint_age_ms >= 5000 && checkpoint_age_ms < 60_000);
  assert.equal(body.partitions[1].checkpoint_store_offset, '20');
  assert.ok(body.partitions[1].checkpoint_store_age_ms >= 9000);
  assert.deepEqual([body.lag_bytes_max, body.gateways, body.gateways_paused, body.gateway_pauses], [1000, 2, 1, 7]);
});

test('dead letters are listed newest first with the device and the bytes', async () => {
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', tenant: 'acme' } })).body;
  const { sql } = server.database;
  for (const [index, payload] of [Buffer.from('{'), Buffer.from([0, 255])].entries()) {
    await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
      values (3, ${String(index + 10)}, ${index === 0 ? number : 999_999}, ${new Date(Date.UTC(2026, 0, 1, 0, 0, index))}, 'json_malformed', ${payload})`;
  }
  const { body } = await server.call('GET', '/v1/dead-letters?tenant=acme');
  for (const letter of body.dead_letters) assert.match(letter.id, /^\d+$/);
  const letter = {
    device_id: 'dev-1',
    tenant: 'acme',
    received_at: '2026-01-01T00:00:00.000Z',
    reason: 'json_malformed',
    position: 1,
    topic: null,
    field: null,
    format: null,
    replayed_at: null,
    payload_base64: 'ew==',
    partition: 3,
    log_offset: '10',
    metric: null,
    sqlstate: null,
    message: null,
  };
  const withoutId = (letters: { id: string }[]) => letters.map(({ id, ...rest }) => rest);
  assert.deepEqual([withoutId(body.dead_letters), body.next], [[letter], null]);
  // A device that is in no registry belongs to no tenant.
  const unknown = await server.call('GET', '/v1/dead-letters?unknown=true');
  assert.deepEqual(withoutId(unknown.body.dead_letters), [
    {
      ...letter,
      device_id: null,
      tenant: null,
      received_at: '2026-01-01T00:00:01.000Z',
      position: 0,
      payload_base64: 'AP8=',
      log_offset: '11',
    },
  ]);
  assert.equal((await server.call('GET', '/v1/dead-letters?tenant=acme&limit=1')).body.dead_letters.length, 1);
  const [[, metric] = ['', 0]] = (await server.metricNames.add(['pressure'])) as [string, number][];
  const payload = Buffer.from(JSON.stringify({ device: number, metric, ts: '2026-01-01T00:00:00.000000Z', value: -1 }));
  await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload, metric_id, sqlstate, message)
    values (3, 12, ${number}, ${new Date(Date.UTC(2026, 0, 2))}, 'row_refused', ${payload}, ${metric}, '23514', 'violates check constraint')`;
  const [row] = (await server.call('GET', '/v1/dead-letters?tenant=acme&limit=1')).body.dead_letters;
  assert.deepEqual(
    [row.device_id, row.metric, row.sqlstate, row.message, row.reason],
    ['dev-1', 'pressure', '23514', 'violates check constraint', 'row_refused'],
  );
  assertFailure(await server.call('GET', '/v1/dead-letters?limit=1001'), 400, 'query_invalid');
});

test('stats answer counters and the rates of the last second', async () => {
  server.plane.totals = {
    ...server.plane.totals,
    accepted: 1000,
    readings: 1500,
    textReadings: 500,
    rounded: 8,
    connections: 7,
    byCode: { json_malformed: 2 },
  };
  const { body } = await server.call('GET', '/v1/stats');
  assert.deepEqual([body.connections, body.devices, body.counters.accepted, body.counters.byCode], [7, 1, 1000, { json_malformed: 2 }]);
  assert.equal(body.counters.rounded, 8);
  assert.ok(body.uptime_seconds > 0);
  assert.equal(body.mqtt_port, server.plane.mqttPort);
  assert.equal(typeof body.messages_per_second, 'number');
});

test('health needs no key; readiness says what is missing', async () => {
  const anonymous = { headers: { authorization: '' } };
  const health = await server.call('GET', '/healthz', anonymous);
  assert.deepEqual([health.status, health.body], [200, { status: 'ok' }]);
  assert.deepEqual((await server.call('GET', '/readyz', anonymous)).body, { status: 'ready', acknowledgement: null });
  server.plane.reason = 'the database does not answer';
  const missing = await server.call('GET', '/readyz', anonymous);
  const reason = 'the database does not answer';
  assert.deepEqual([missing.status, missing.body], [503, { status: 'not ready', reason, acknowledgement: null }]);
  server.plane.reason = undefined;
});

test('readiness says what an acknowledgement means, and one copy makes no process unready', async () => {
  server.plane.acknowledged = { log: 'kafka', topic: 'telemetry.raw', copies: 1, copiesConfigured: 1, copiesMin: undefined };
  const { status, body } = await server.call('GET', '/readyz', { headers: { authorization: '' } });
  const meaning = 'an acknowledged message is on one Kafka broker: one copy';
  assert.deepEqual(
    [status, body],
    [200, { status: 'ready', acknowledgement: { copies: 1, copies_configured: 1, copies_min: null, meaning } }],
  );
  server.plane.acknowledged = undefined;
});

test('the metrics parse as Prometheus text and say what the plane counts', async () => {
  server.plane.totals = {
    ...server.plane.totals,
    received: 110,
    accepted: 100,
    refused: 10,
    acked: 90,
    stored: 70,
    duplicate: 20,
    dead: 5,
    rowsRefused: 6,
    lettersRefused: 2,
    readings: 150,
    textReadings: 3,
    rounded: 2,
    connections: 4,
    byCode: { credentials_invalid: 10, json_malformed: 4, ts_malformed: 1 },
  };
  server.plane.partitions = [
    {
      ...lagOf(0, 500n, 100n, 2500),
      checkpointOffset: 90n,
      checkpointMs: Date.now() - 5000,
      storedOffset: 80n,
      storedMs: Date.now() - 9000,
    },
    lagOf(1, 0n, 0n, 0),
  ];
  server.plane.cpu = [
    { name: 'gateway-0', cpuSeconds: 1.25 },
    { name: 'log', cpuSeconds: undefined },
  ];
  const answer = await server.call('GET', '/metrics', { headers: { authorization: '' } });
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const { samples, types } = parseExposition(answer.text);
  const expected: Record<string, number> = {
    spillway_messages_received_total: 110,
    spillway_messages_accepted_total: 100,
    spillway_messages_acked_total: 90,
    'spillway_messages_refused_total{code="credentials_invalid"}': 10,
    'spillway_dead_letters_total{code="json_malformed"}': 4,
    'spillway_dead_letters_total{code="ts_malformed"}': 1,
    'spillway_records_total{state="stored"}': 70,
    'spillway_records_total{state="duplicate"}': 20,
    'spillway_records_total{state="dead"}': 5,
    spillway_rows_refused_total: 6,
    spillway_dead_letters_refused_total: 2,
    spillway_pipeline_committed_messages_rate: 0,
    spillway_readings_total: 153,
    spillway_readings_rounded_total: 2,
    spillway_connections: 4,
    'spillway_log_start_offset_bytes{partition="0"}': 0,
    'spillway_log_durable_offset_bytes{partition="0"}': 500,
    'spillway_log_processed_offset_bytes{partition="0"}': 500,
    'spillway_log_committed_offset_bytes{partition="0"}': 100,
    'spillway_checkpoint_offset_bytes{partition="0"}': 90,
    'spillway_pipeline_lag_bytes{partition="0"}': 400,
    'spillway_pipeline_lag_seconds{partition="0"}': 2.5,
    'spillway_thread_cpu_seconds_total{thread="gateway-0"}': 1.25,
    spillway_ready: 1,
    spillway_gateways_paused: 1,
    spillway_gateway_pauses_total: 7,
    'spillway_http_requests_total{method="GET",route="/v1/pipeline/lag",status="200"}': 1,
    spillway_devices: 1,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(name), value, name);
  // Nothing is committed: never, once that was looked at.
  assert.ok([0, 86_400].includes(samples.get('spillway_pipeline_catch_up_seconds') as number));
  assert.equal(types.get('spillway_messages_received_total'), 'counter');
  assert.equal(types.get('spillway_pipeline_lag_bytes'), 'gauge');
  assert.equal(types.get('spillway_http_request_seconds'), 'histogram');
  assert.equal(samples.get('spillway_messages_refused_total{code="json_malformed"}'), undefined);
  assert.equal(samples.get('spillway_checkpoint_offset_bytes{partition="1"}'), undefined, 'there is none');
  assert.ok((samples.get('spillway_checkpoint_age_seconds{partition="0"}') ?? 0) >= 5);
  assert.ok((samples.get('spillway_checkpoint_store_age_seconds{partition="0"}') ?? 0) >= 9);
  assert.ok(samples.has('process_resident_memory_bytes'));
  // Reading twice does not count twice.
  const again = parseExposition((await server.call('GET', '/metrics')).text);
  assert.equal(again.samples.get('spillway_messages_received_total'), 110);
  server.plane.reason = 'the database does not answer';
  assert.equal(parseExposition((await server.call('GET', '/metrics')).text).samples.get('spillway_ready'), 0);
  server.plane.reason = undefined;
});

/** The text format 0.0.4: every line is a comment, HELP, TYPE or a sample of a family announced before. */
function parseExposition(text: string): { samples: Map<string, number>; types: Map<string, string> } {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]!), `${type[1]} is announced once`);
      types.set(type[1]!, type[2]!);
      continue;
    }
    const sample = /^(([a-zA-Z_:][\w:]*)(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$/.exec(line);
    assert.ok(sample, `not Prometheus text: ${line}`);
    const family = sample[2]!;
    assert.ok(types.has(family) || types.has(family.replace(/_(bucket|sum|count)$/, '')), `${family} has a type`);
    const value = Number(sample[3]!.replace('+Inf', 'Infinity').replace('Nan', 'NaN'));
    assert.ok(!Number.isNaN(value) || sample[3] === 'NaN' || sample[3] === 'Nan', line);
    assert.ok(!samples.has(sample[1]!), `${sample[1]} is told once`);
    samples.set(sample[1]!, value);
  }
  return { samples, types };
}

test('a failing log is answered with its cause until it works again', async () => {
  const lag = async () => (await server.call('GET', '/v1/pipeline/lag')).body.log;
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  server.plane.logTrouble = { code: 'EIO', message: 'EIO: i/o error, fdatasync' };
  assert.equal(await lag(), 'failing, EIO: i/o error, fdatasync');
  assert.match(await metrics(), /^spillway_log_failing\{code="EIO"\} 1$/m);
  server.plane.logTrouble = undefined;
  assert.equal(await lag(), 'up');
  assert.doesNotMatch(await metrics(), /^spillway_log_failing\{/m);
});
