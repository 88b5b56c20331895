import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ObjectStore } from '../../src/object-store/client.js';
import { StoreFailure } from '../../src/object-store/failure.js';
import { type S3Server, startS3 } from '../support/s3/server.js';

// A real S3 server, which makes its own signature of every request and compares.

const OBJECTS = 25;
const BYTES_MAX = 64 * 1024 * 1024;

let server: S3Server;
before(async () => {
  const started = await startS3();
  if ('missing' in started) throw new Error(`cannot start an S3 server: ${started.missing}`);
  server = started;
});
after(() => server?.stop());

test('objects are put, listed, got and removed, large ones in one piece', async () => {
  const store = new ObjectStore(server.store);
  const large = Buffer.alloc(8 * 1024 * 1024, 'checkpoint');
  assert.equal(await store.put('00/00000000000000000001.checkpoint', large), undefined);
  assert.equal(await store.put('01/00000000000000000002.checkpoint', Buffer.from('small')), undefined);
  const listed = await store.list('');
  assert.ok(!(listed instanceof StoreFailure));
  assert.deepEqual(
    listed.map(({ key }) => key),
    ['00/00000000000000000001.checkpoint', '01/00000000000000000002.checkpoint'],
  );
  assert.ok(listed.every(({ modifiedMs }) => Math.abs(modifiedMs - Date.now()) < 60_000));
  const got = await store.get('00/00000000000000000001.checkpoint', BYTES_MAX);
  assert.ok(!(got instanceof StoreFailure) && Buffer.compare(got, large) === 0);
  assert.equal(await store.remove('00/00000000000000000001.checkpoint'), undefined);
  assert.equal(await store.remove('00/00000000000000000001.checkpoint'), undefined, 'twice is no failure');
  assert.deepEqual(await server.keys(), ['checkpoints/01/00000000000000000002.checkpoint']);
});

test('a listing of more than a page, and a prefix that has to be signed as it is', async () => {
  const store = new ObjectStore({ ...server.store, prefix: 'a-b_c.d/telemetry.raw' });
  const names = Array.from({ length: OBJECTS }, (_, index) => `00/${String(index).padStart(20, '0')}.checkpoint`);
  for (const name of names) assert.equal(await store.put(name, Buffer.from('1')), undefined);
  const listed = await store.list('00/');
  assert.ok(!(listed instanceof StoreFailure));
  assert.deepEqual(
    listed.map(({ key }) => key),
    names,
  );
});

test('wrong credentials, no such bucket, no such object: a code, the words of the store and a way out', async () => {
  const failures = await Promise.all([
    new ObjectStore({ ...server.store, secretAccessKey: 'wrong' }).list(''),
    new ObjectStore({ ...server.store, secretAccessKey: 'wrong' }).put('00/1', Buffer.from('1')),
    new ObjectStore({ ...server.store, accessKeyId: 'AKIANOBODY' }).list(''),
    new ObjectStore({ ...server.store, bucket: 'no-such-bucket' }).list(''),
    new ObjectStore(server.store).get('00/none', BYTES_MAX),
  ]);
  const told = failures.map((failure) => (failure instanceof StoreFailure ? `${failure.code}: ${failure.message}` : 'done'));
  for (const [index, expected] of [
    /^checkpoint_store_denied: cannot list .* SignatureDoesNotMatch/,
    /^checkpoint_store_denied: cannot put .* SignatureDoesNotMatch/,
    /^checkpoint_store_denied: .* InvalidAccessKeyId/,
    /^checkpoint_store_bucket_missing: .* NoSuchBucket/,
    /^checkpoint_store_refused: .* NoSuchKey/,
  ].entries()) {
    assert.match(told[index] ?? '', expected);
  }
});
