import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READ_DAMAGED, READ_GAP, READ_NOTHING_YET } from '../../src/contract/block-source.js';
import { RecordRing, RecordRingReader } from '../../src/host/record-ring.js';
import { Random } from '../support/random.js';

const LIMIT = 1_000_000n;
const mark = { source: 7n, number: 1n };

function record(bytes: number | Uint8Array) {
  return { kind: 'block' as const, block: typeof bytes === 'number' ? new Uint8Array(bytes) : bytes, ...mark };
}

function open(bytes = 1024): { ring: RecordRing; feed: RecordRingReader } {
  const memory = RecordRing.memory(bytes);
  return { ring: new RecordRing(memory), feed: new RecordRingReader([memory]) };
}

test('records come out as they went in, through many turns of the ring', () => {
  const source = new Random();
  const random = () => source.word() / 2 ** 32;
  const { ring, feed } = open();
  const into = new Uint8Array(600);
  const sent: Uint8Array[] = [];
  let read = 0;
  while (read < 2000) {
    const block = new Uint8Array(1 + Math.floor(random() * 300)).fill(sent.length & 0xff);
    if (random() < 0.6 && ring.push(BigInt(sent.length), record(block))) sent.push(block);
    if (random() < 0.5) continue;
    let bytes = feed.read(0, BigInt(read), LIMIT, into);
    assert.ok(bytes >= 0);
    for (let at = 0; bytes > 0; read++) {
      const expected = sent[read] as Uint8Array;
      assert.deepEqual(into.subarray(at, at + expected.length), expected);
      assert.deepEqual(feed.front(0), { bytes: expected.length, ...mark });
      feed.pass(0);
      at += expected.length;
      bytes -= expected.length;
    }
  }
  assert.ok(sent.length >= 2000);
});

test('a full ring takes nothing, and takes again what was refused once there is room', () => {
  const { ring, feed } = open(512);
  assert.ok(ring.push(0n, record(100)));
  assert.ok(ring.push(1n, record(100)));
  assert.ok(ring.push(2n, record(100)));
  assert.ok(!ring.push(3n, record(100)));
  assert.equal(feed.read(0, 0n, 1n, new Uint8Array(1000)), 100);
  assert.ok(ring.push(3n, record(100)));
  assert.equal(feed.read(0, 1n, LIMIT, new Uint8Array(1000)), 300);
});

test('no record beyond the limit is read, and nothing is there yet is no end', () => {
  const { ring, feed } = open();
  assert.equal(feed.read(0, 0n, LIMIT, new Uint8Array(100)), READ_NOTHING_YET);
  for (let offset = 0n; offset < 3n; offset++) ring.push(offset, record(10));
  assert.equal(feed.read(0, 0n, 2n, new Uint8Array(100)), 20);
  assert.equal(feed.read(0, 2n, 2n, new Uint8Array(100)), READ_NOTHING_YET);
  assert.equal(feed.read(0, 2n, 3n, new Uint8Array(100)), 10);
});

test('a record that no longer exists is a gap, and a record that is no block is damaged', () => {
  const { ring, feed } = open();
  const into = new Uint8Array(100);
  ring.push(1n, record(5));
  ring.push(9n, { kind: 'gap' });
  ring.push(9n, record(6));
  ring.push(10n, { kind: 'damaged' });
  assert.equal(feed.read(0, 1n, LIMIT, into), 5);
  assert.equal(feed.read(0, 2n, LIMIT, into), READ_GAP);
  assert.equal(feed.resume(0, 2n, 5n), 5n);
  assert.equal(feed.resume(0, 2n, LIMIT), 9n);
  assert.equal(feed.read(0, 9n, LIMIT, into), 6);
  assert.equal(feed.read(0, 10n, LIMIT, into), READ_DAMAGED);
});

test('the reader says where it begins, offset 0 too', () => {
  const { ring, feed } = open();
  assert.equal(ring.begin, undefined);
  feed.begin(0, 0n);
  assert.equal(ring.begin, 0n);
});
