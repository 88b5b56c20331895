import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import zlib, { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import {
  FORMAT_BY_SHAPE,
  FORMAT_CBOR,
  FORMAT_JSON,
  FORMAT_MSGPACK,
  FORMAT_PROTOBUF,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
} from '../../assembly/abi/block.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { assertFailure } from '../support/failure.js';
import { type Called, type ServerUnderTest, startServerUnderTest, TOKEN } from '../support/server-under-test.js';

const MESSAGE = '{"metrics":{"temperature":21.5},"seq":1}';
/** Node has it from 22.15 on; where it has not, such a body is refused with the encodings that are read. */
const zstd = (zlib as unknown as { zstdCompressSync?: (body: string) => Buffer }).zstdCompressSync;
let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: TOKEN } });
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.onIngest = () => Promise.resolve(0);
});
after(() => server.close());

function post(raw: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = '/v1/ingest/dev-1'): Promise<Called> {
  return server.call('POST', path, { raw, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

function payloads(): string[] {
  return server.plane.ingested.map(({ payload }) => Buffer.from(payload).toString());
}

test('a body of a type that is not decoded is refused with the types that are', async () => {
  for (const type of ['application/xml', 'multipart/form-data; boundary=x']) {
    const answer = await post(MESSAGE, { 'content-type': type });
    assertFailure(answer, 415, 'content_type_unsupported');
    assert.match(answer.headers.get('accept') ?? '', /^application\/json, /);
  }
  assert.deepEqual(payloads(), []);
});

test('JSON is read under its own types and under those of clients that say nothing about it', async () => {
  const types = ['application/json', 'Application/JSON; charset=utf-8', 'text/json', 'text/plain', 'application/x-www-form-urlencoded'];
  for (const type of types) {
    const answer = await post(MESSAGE, { 'content-type': type });
    assert.deepEqual([answer.status, answer.body], [202, { status: 'durable' }], type);
  }
  // A body of bytes goes out without a type.
  const bare = await post(new TextEncoder().encode(MESSAGE));
  assert.deepEqual([bare.status, bare.body], [202, { status: 'durable' }]);
  assert.equal(payloads().length, types.length + 1);
});

test('the media type of a body is the content format of its record', async () => {
  const types = {
    'application/cbor': FORMAT_CBOR,
    'Application/MsgPack; charset=binary': FORMAT_MSGPACK,
    'application/x-msgpack': FORMAT_MSGPACK,
    'application/vnd.msgpack': FORMAT_MSGPACK,
    'application/x-ndjson': FORMAT_JSON,
    'application/senml+json': FORMAT_SENML_JSON,
    'application/senml+cbor': FORMAT_SENML_CBOR,
    'application/json': FORMAT_BY_SHAPE,
  };
  for (const [type, format] of Object.entries(types)) {
    const answer = await post(MESSAGE, { 'content-type': type });
    assert.deepEqual([answer.status, answer.body], [202, { status: 'durable' }], type);
    assert.equal(server.plane.ingested.at(-1)?.format, format, type);
  }
});

test('a space is a value in CBOR and in MessagePack, and a body of no bytes is refused in both', async () => {
  for (const type of ['application/cbor', 'application/msgpack']) {
    assert.equal((await post(' ', { 'content-type': type })).status, 202);
    assertFailure(await post('', { 'content-type': type }), 400, 'payload_empty');
  }
});

test('a body of nothing is refused, with a length of 0 and with white space alone', async () => {
  for (const raw of ['', ' \r\n\t']) assertFailure(await post(raw), 400, 'payload_empty');
  assertFailure(await post(gzipSync(''), { 'content-encoding': 'gzip' }), 400, 'payload_empty');
  assert.deepEqual(payloads(), []);
});

test('a payload that cannot become readings is kept, and the answer does not call it durable', async () => {
  const cases: [string, RegExp][] = [
    ['nonsense', /is not JSON/],
    ['{"metrics":', /is not JSON/],
    ['{}', /holds no reading/],
    ['[]', /holds no reading/],
  ];
  for (const [raw, reason] of cases) {
    const { status, body } = await post(raw);
    assert.deepEqual([status, body.status], [202, 'undecodable']);
    assert.match(body.message, reason);
    assert.equal(payloads().at(-1), raw);
  }
  const readable = ['{"temperature":21.5}', '[1]', '47.3', '{"metrics":{"a":{"b":1}}}', '{"a":1}\n{"b":2}\n', 'x'.repeat(5000)];
  for (const raw of readable) assert.equal((await post(raw)).body.status, 'durable', raw);
});

test('encoded bodies are inflated, deflate with and without the header of zlib', async () => {
  const bodies = [
    ['gzip', gzipSync(MESSAGE)],
    ['X-GZIP', gzipSync(MESSAGE)],
    ['deflate', deflateSync(MESSAGE)],
    ['deflate', deflateRawSync(MESSAGE)],
    ['br', brotliCompressSync(MESSAGE)],
    ['BR', brotliCompressSync(MESSAGE)],
    ['identity', Buffer.from(MESSAGE)],
    ...(zstd ? [['zstd', zstd(MESSAGE)] as const] : []),
  ] as const;
  for (const [encoding, bytes] of bodies) {
    const { status, body } = await post(new Uint8Array(bytes), { 'content-encoding': encoding });
    assert.deepEqual([status, body], [202, { status: 'durable' }], encoding);
    const { payload } = server.plane.ingested.at(-1)!;
    assert.equal(payload.buffer.byteLength, payload.length, 'the payload owns its buffer');
  }
  assert.deepEqual(payloads(), new Array(bodies.length).fill(MESSAGE));
  const device = gzipSync(JSON.stringify({ device_id: 'dev-zip' }));
  const created = await server.call('POST', '/v1/devices', { raw: new Uint8Array(device), headers: { 'content-encoding': 'gzip' } });
  assert.equal(created.status, 201);
});

test('what inflates to more than a payload may have is refused, and so is what does not inflate', async () => {
  const gzip = { 'content-encoding': 'gzip' };
  const encoders = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ...(zstd ? [['zstd', zstd] as const] : []),
  ] as const;
  for (const [encoding, encode] of encoders) {
    const headers = { 'content-encoding': encoding };
    // A megabyte takes no hundred bytes in any of them.
    const large = new Uint8Array(encode('x'.repeat(64 * PAYLOAD_BYTES_MAX)));
    assertFailure(await post(large, headers), 413, 'payload_oversize');
    assertFailure(await post(new Uint8Array(encode(MESSAGE)).subarray(0, 12), headers), 400, 'encoding_malformed');
    assertFailure(await post(MESSAGE, headers), 400, 'encoding_malformed');
  }
  const most = gzipSync(`{"metrics":{"v":1}}${' '.repeat(PAYLOAD_BYTES_MAX - 19)}`);
  assert.equal((await post(new Uint8Array(most), gzip)).status, 202);
  assert.equal(server.plane.ingested[0]!.payload.length, PAYLOAD_BYTES_MAX);
  for (const encoding of ['compress', 'gzip, gzip', ...(zstd ? [] : ['zstd'])]) {
    const answer = await post(MESSAGE, { 'content-encoding': encoding });
    assertFailure(answer, 415, 'encoding_unsupported');
    assert.equal(answer.headers.get('accept-encoding'), zstd ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br');
  }
});

test('a message without a device, and headers that are not honoured, are refused and not passed over', async () => {
  assertFailure(await post(MESSAGE, {}, '/v1/ingest'), 400, 'device_missing');
  const tenant = await post(MESSAGE, { 'x-tenant': 'acme' });
  assertFailure(tenant, 400, 'header_unsupported');
  assert.match(tenant.body.error.message, /X-Tenant is not read: name the tenant as \?tenant=/);
  const key = await post(MESSAGE, { 'idempotency-key': 'k1' });
  assertFailure(key, 400, 'header_unsupported');
  assert.match(key.body.error.message, /"seq"/);
  assert.equal((await post(MESSAGE, { 'x-tenant': 'default' })).status, 202);
  assert.deepEqual(payloads(), [MESSAGE]);
});

test('Protobuf is taken of a device whose schema reads it, even without a byte, and refused of others', async () => {
  const schema = { device_class: 'http-pb', firmware_version: '*', format: 'protobuf', mode: 'flexible' };
  const schema_definition = 'syntax = "proto3"; message Reading { float temperature = 1; }';
  assert.equal((await server.call('POST', '/v1/schemas', { body: { ...schema, schema_definition } })).status, 201);
  await server.call('POST', '/v1/devices', { body: { device_id: 'pb-1', device_class: 'http-pb', token: TOKEN } });
  const headers = { 'content-type': 'application/x-protobuf' };
  for (const bytes of [Uint8Array.of(0x0d, 0, 0, 0xac, 0x41), new Uint8Array()]) {
    assert.equal((await post(bytes, headers, '/v1/ingest/pb-1')).status, 202);
    assert.equal(server.plane.ingested.at(-1)?.format, FORMAT_PROTOBUF);
  }
  const other = await post(Uint8Array.of(0x0d, 0, 0, 0xac, 0x41), headers);
  assertFailure(other, 415, 'content_type_unsupported');
  assert.match(other.body.error.message, /no schema says how to read Protobuf of this device/);
});
