import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { CODE_LOG_FULL, CODE_METRIC_UNKNOWN, CODE_NONE } from '../../../../assembly/abi/codes.js';
import { NamedDevices } from '../../../../src/control/ingest/named-devices.js';
import { translate } from '../../../../src/control/ingest/otlp/request.js';
import { StartTimes } from '../../../../src/control/ingest/otlp/start-times.js';
import type { Json } from '../../../../src/control/ingest/otlp/values.js';
import { readRequest } from '../../../../src/control/ingest/otlp/wire.js';
import { type Called, type ServerUnderTest, startServerUnderTest, TOKEN } from '../../../support/server-under-test.js';
import { until } from '../../../support/until.js';

const GATEWAY = 'token-of-a-gateway';
const NS = '1796029200000000000';
const verdict = { code: 0, stored: 1, duplicate: 0, skipped: 0, skippedCode: 0 };
/** What the exporter of OpenTelemetry for JavaScript sends: a histogram, a gauge, a counter, and a gauge of NaN. */
const EXPORTED = Buffer.from(
  [
    '0abc020a310a160a0c736572766963652e6e616d6512060a0470756d700a150a096465766963652e696412080a0670756d702d3710001286020a030a016d126e0a0468697374',
    '4a660a6211005139920cf4ec1819c020a4920cf4ec18210200000000000000290000000000004440321800000000000000000100000000000000010000000000',
    '00003a1000000000000024400000000000003440590000000000002e40610000000000003940100212330a056c6576656c2a2a0a2811c00e2a920cf4ec1819c0',
    '20a4920cf4ec182100000000008035403a0b0a04726f6f6d12030a016112340a05636f756e743a2b0a2511005139920cf4ec1819c020a4920cf4ec1821000000',
    '00000014403a080a026f6b120210011002180112240a036e616e2a1d0a1b11c020a4920cf4ec1819c020a4920cf4ec1821000000000000f87f',
  ].join(''),
  'hex',
);
const answers = protobuf.parse(`syntax = "proto3";
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected_data_points = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }`).root;
let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: TOKEN } });
  await server.call('POST', '/v1/devices', { body: { device_id: 'gw', token: GATEWAY, metadata: { subdevices: true } } });
  await server.call('POST', '/v1/devices', { body: { device_id: 'known-uuid', via: 'gw' } });
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.onIngest = () => Promise.resolve(CODE_NONE);
  server.plane.onVerdict = () => verdict;
});
after(() => server.close());

interface Exported {
  readonly status: number;
  readonly type: string | null;
  readonly bytes: Buffer;
}

async function send(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>, query = ''): Promise<Exported> {
  const all = { authorization: `Bearer ${TOKEN}`, ...headers };
  const answer = await fetch(`${server.url}/v1/metrics${query}`, { method: 'POST', headers: all, body });
  return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
}

function sendProtobuf(bytes: Uint8Array, headers: Record<string, string> = {}): Promise<Exported> {
  return send(new Uint8Array(bytes), { 'content-type': 'application/x-protobuf', ...headers });
}

async function sendJson(value: unknown, headers: Record<string, string> = {}, query = ''): Promise<Pick<Called, 'status' | 'body'>> {
  const { status, type, bytes } = await send(JSON.stringify(value), { 'content-type': 'application/json', ...headers }, query);
  assert.equal(type, 'application/json');
  return { status, body: JSON.parse(bytes.toString()) };
}

function request(resource: Record<string, string>, ...metrics: object[]) {
  const attributes = Object.entries(resource).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] };
}

function gauge(name: string, point: object, attributes: Record<string, object> = {}) {
  const list = Object.entries(attributes).map(([key, value]) => ({ key, value }));
  return { name, gauge: { dataPoints: [{ timeUnixNano: NS, attributes: list, ...point }] } };
}

function messages(): [device: string, message: { ts?: number; metrics: Record<string, number> }][] {
  return server.plane.ingested.map(({ device, payload }) => [
    server.registry.byNumber(device)!.id,
    JSON.parse(Buffer.from(payload).toString()),
  ]);
}

test("what OpenTelemetry's exporter sends in Protobuf is one message of a moment, and the answer says what was left out", async () => {
  const { status, type, bytes } = await sendProtobuf(EXPORTED);
  assert.deepEqual([status, type], [200, 'application/x-protobuf']);
  const { partialSuccess } = answers.lookupType('Response').decode(bytes).toJSON();
  assert.equal(partialSuccess.rejectedDataPoints, '1');
  assert.match(partialSuccess.errorMessage, /^1 of 4 data points are not stored: nan: the value is not a finite number$/);
  const tags = 'otel.scope.name=m,service.name=pump';
  const [[device, { metrics }]] = messages() as [ReturnType<typeof messages>[number]];
  const { [`hist.start_time{${tags}}`]: histStart, [`count.start_time{ok=true,${tags}}`]: countStart, ...values } = metrics;
  assert.equal(device, 'dev-1');
  assert.deepEqual(values, {
    [`hist.count{${tags}}`]: 2,
    [`hist.sum{${tags}}`]: 40,
    [`hist.min{${tags}}`]: 15,
    [`hist.max{${tags}}`]: 25,
    [`hist.bucket{le=10,${tags}}`]: 0,
    [`hist.bucket{le=20,${tags}}`]: 1,
    [`hist.bucket{le=+Inf,${tags}}`]: 2,
    'level{otel.scope.name=m,room=a,service.name=pump}': 21.5,
    [`count{ok=true,${tags}}`]: 5,
  });
  assert.ok(histStart === countStart && histStart! > 1.79e9);
  // The time is in nanoseconds, to the digit, and the starts are not said again.
  await sendProtobuf(gzipSync(EXPORTED), { 'content-encoding': 'gzip' });
  const again = Buffer.from(server.plane.ingested[1]!.payload).toString();
  assert.match(again, /^\{"ts":17960\d{14},/);
  assert.doesNotMatch(again, /start_time/);
});

test('a scope is part of the name of its metrics, and its version a text that is said when it changes', async () => {
  const of = (name: string, version: string | undefined, ...metrics: object[]) => ({ scope: { name, version }, metrics });
  const all = (version: string) => ({
    resourceMetrics: [
      {
        scopeMetrics: [
          of('a', version, gauge('g', { asInt: '1' }), gauge('h', { asInt: '2' })),
          of('b', undefined, gauge('g', { asInt: '3' })),
        ],
      },
    ],
  });
  const values = { 'g{otel.scope.name=a}': 1, 'h{otel.scope.name=a}': 2, 'g{otel.scope.name=b}': 3 };
  const said = (version: string) => ({ ...values, 'otel.scope.version{otel.scope.name=a}': version });
  for (const version of ['1.0', '1.0', '1.1']) assert.equal((await sendJson(all(version))).status, 200);
  assert.deepEqual(
    messages().map(([, { metrics }]) => metrics),
    [said('1.0'), values, said('1.1')],
  );
});

test('the unit of a metric is kept for its values, and not for counts, once its series are known', async () => {
  const histogram = {
    name: 'took',
    unit: 'ms',
    histogram: { dataPoints: [{ timeUnixNano: NS, count: '2', sum: 3, bucketCounts: ['2'], explicitBounds: [] }] },
  };
  const body = request({}, { ...gauge('level', { asInt: '1' }), unit: 'm' }, histogram, {
    ...gauge('bad', { asInt: '1' }),
    unit: 'm\u0000',
  });
  const added = (await server.metricNames.add(['level', 'took.sum', 'took.count', 'bad'])) as [string, number][];
  const device = server.registry.get('default', 'dev-1')!.number;
  await sendJson(body);
  const kept = async () => {
    const rows = await server.database.sql`select metric_id, unit from series_units where device_id = ${device}`;
    return added.map(([name, number]) => [name, rows.find(({ metric_id }) => metric_id === number)?.unit]);
  };
  await until('the units of a request', async () => (await kept())[1]?.[1] !== undefined);
  assert.deepEqual(await kept(), [
    ['level', 'm'],
    ['took.sum', 'ms'],
    ['took.count', undefined],
    ['bad', undefined],
  ]);
});

test('JSON is answered in JSON; numbers of both kinds are one series, and attributes of all kinds are tags', async () => {
  const attributes = {
    a: { intValue: '7' },
    b: { boolValue: false },
    c: { doubleValue: 0.5 },
    d: { arrayValue: { values: [{ stringValue: 'x' }, {}] } },
  };
  const { status, body } = await sendJson(
    request({ 'service.name': 'unknown_service:node' }, gauge('g', { asInt: '5' }, attributes), gauge('g', { asDouble: 5.5 }, attributes)),
  );
  assert.deepEqual([status, body], [200, {}]);
  const name = String.raw`g{a=7,b=false,c=0.5,d=["x"\,null]}`;
  assert.deepEqual(messages(), [
    ['dev-1', { ts: Number(NS), metrics: { [name]: 5 } }],
    ['dev-1', { ts: Number(NS), metrics: { [name]: 5.5 } }],
  ]);
  assert.deepEqual((await sendJson({})).body, {});
});

test('good points are taken, and bad ones are counted with their cause: partial success', async () => {
  const long = gauge('x'.repeat(300), { asInt: 1 });
  const { status, body } = await sendJson(
    request({}, gauge('a', { asDouble: null }), gauge('b', { asInt: 1 }), long, gauge('c\n', { asInt: 1 })),
  );
  assert.equal(status, 200);
  assert.equal(body.partialSuccess.rejectedDataPoints, '3');
  assert.match(body.partialSuccess.errorMessage, /^3 of 4 data points are not stored: a: the value is not a finite number$/);
  assert.deepEqual(messages(), [['dev-1', { ts: Number(NS), metrics: { b: 1 } }]]);
  server.plane.onVerdict = () => ({ ...verdict, stored: 0, code: CODE_METRIC_UNKNOWN });
  const judged = await sendJson(request({}, gauge('b', { asInt: 1 }), gauge('c', { asInt: 2 })), {}, '?wait=decoded');
  assert.match(judged.body.partialSuccess.errorMessage, /^2 of 2 data points are not stored: metric_unknown: /);
  const { text } = await server.call('GET', '/metrics');
  assert.match(text, /spillway_otlp_points_total\{result="rejected"\} \d/);
});

test('resource attributes name the device of a gateway, known ones first, and only those that last register one', async () => {
  const headers = { authorization: `Bearer ${GATEWAY}` };
  const device = async (resource: Record<string, string>) => {
    server.plane.ingested.length = 0;
    await sendJson(request(resource, gauge('g', { asInt: 1 })), headers);
    return messages()[0]![0];
  };
  assert.equal(await device({ 'device.id': 'pump-7', 'host.name': 'h' }), 'pump-7');
  assert.equal(await device({ 'service.instance.id': 'known-uuid', 'host.name': 'h2' }), 'known-uuid');
  assert.equal(await device({ 'service.instance.id': '0f6c5e0e-8a43-4f0c-9a4e-2f9f2f9f2f9f' }), 'gw');
  assert.equal(await device({ 'service.instance.id': 'new', 'host.name': 'edge-1' }), 'edge-1');
  assert.equal(await device({ 'device.id': 'dev-1' }), 'gw', 'a device of its own right is not written for');
  assert.equal(server.registry.get('default', 'new'), undefined);
});

test('what cannot be read as a whole is refused in the encoding of the request, as a Status', async () => {
  const bad = await sendProtobuf(Buffer.from([0x0a, 0x05, 0x01]));
  assert.deepEqual([bad.status, bad.type], [400, 'application/x-protobuf']);
  const status = answers.lookupType('Status').decode(bad.bytes).toJSON();
  assert.deepEqual([status.code, status.message], [3, 'cannot take in metrics of OTLP: the body is no ExportMetricsServiceRequest']);
  for (const body of ['{', '[]', '7', '{"resourceMetrics":{}}']) {
    const answer = await send(body, { 'content-type': 'application/json' });
    assert.deepEqual([answer.status, JSON.parse(answer.bytes.toString()).error.code], [400, 'body_malformed'], body);
  }
  const unauthorized = await sendJson({}, { authorization: 'Bearer wrong-token' });
  assert.deepEqual([unauthorized.status, unauthorized.body.code], [401, 16]);
  server.plane.onIngest = () => Promise.resolve(CODE_LOG_FULL);
  const full = await sendProtobuf(EXPORTED);
  assert.deepEqual([full.status, answers.lookupType('Status').decode(full.bytes).toJSON().code], [503, 14]);
  const text = await send('x', { 'content-type': 'text/plain' });
  assert.equal(text.status, 415);
});

test('whatever a document holds, it is read or refused, and nothing else happens', async () => {
  const odd = [null, 5, 'x', [], {}, true, [null], [5]];
  for (const value of odd) {
    const documents = [
      { resourceMetrics: [value] },
      { resourceMetrics: [{ resource: value, scopeMetrics: value }] },
      { resourceMetrics: [{ scopeMetrics: [{ metrics: value }] }] },
      ...['gauge', 'histogram', 'exponentialHistogram', 'summary'].map((kind) => request({}, { name: 'm', [kind]: value })),
      ...['gauge', 'histogram', 'exponentialHistogram', 'summary'].map((kind) =>
        request({}, { name: 'm', [kind]: { dataPoints: [value] } }),
      ),
      request({}, gauge('m', { asInt: value, attributes: value })),
      request({}, { name: value, gauge: { dataPoints: [{ asInt: 1, timeUnixNano: value, flags: value }] } }),
    ];
    for (const document of documents) assert.equal((await sendJson(document)).status, 200, JSON.stringify(document));
  }
});

test('a request that is cut off anywhere, or of which a byte is another, is read or refused', async () => {
  const named = new NamedDevices({ children: () => 0, get: () => undefined }, { add: async () => {} });
  const read = async (bytes: Uint8Array): Promise<boolean> => {
    const document = readRequest('protobuf', bytes);
    if (document === undefined) return false;
    const device = server.registry.get('default', 'dev-1')!;
    const translated = await translate(document as object as Json, { device, named, starts: new StartTimes() });
    assert.ok(translated!.messages.all().every(({ message }) => JSON.parse(Buffer.from(message.payload).toString())));
    return true;
  };
  assert.equal(await read(EXPORTED), true);
  let refused = 0;
  for (let at = 1; at < EXPORTED.length; at++) {
    if (!(await read(EXPORTED.subarray(0, at)))) refused++;
    for (const bit of [1, 128]) {
      const flipped = Uint8Array.from(EXPORTED);
      flipped[at]! ^= bit;
      await read(flipped);
    }
  }
  assert.equal(refused, EXPORTED.length - 1, 'the whole is one field, which ends too soon');
});
