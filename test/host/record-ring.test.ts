import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READ_NOTHING_YET, READ_SKIPPED } from '../../src/contract/block-source.js';
import { RecordFeed, RecordRing } from '../../src/host/record-ring.js';
import { READ_DAMAGED, READ_GAP } from '../../src/log/reader.js';
import { Random } from '../support/random.js';

const LIMIT = 1_000_000n;
const NOTHING = new Uint8Array();

function open(bytes = 1024): { ring: RecordRing; feed: RecordFeed } {
  const memory = RecordRing.memory(bytes);
  return { ring: new RecordRing(memory), feed: new RecordFeed([memory]) };
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
    if (random() < 0.6 && ring.push(BigInt(sent.length), 'block', block)) sent.push(block);
    if (random() < 0.5) continue;
    let bytes = feed.read(0, BigInt(read), LIMIT, into);
    assert.ok(bytes >= 0);
    for (let at = 0; bytes > 0; read++) {
      const expected = sent[read] as Uint8Array;
      assert.deepEqual(into.subarray(at, at + expected.length), expected);
      at += expected.length;
      bytes -= expected.length;
    }
  }
  assert.ok(sent.length >= 2000);
});

test('a full ring takes nothing, and takes again what was refused once there is room', () => {
  const { ring, feed } = open(256);
  const block = new Uint8Array(100);
  assert.ok(ring.push(0n, 'block', block));
  assert.ok(ring.push(1n, 'block', block));
  assert.ok(!ring.push(2n, 'block', block));
  assert.equal(feed.read(0, 0n, 1n, new Uint8Array(1000)), 100);
  assert.ok(ring.push(2n, 'block', block));
  assert.equal(feed.read(0, 1n, LIMIT, new Uint8Array(1000)), 200);
});

test('no record beyond the limit is read, and nothing is there yet is no end', () => {
  const { ring, feed } = open();
  assert.equal(feed.read(0, 0n, LIMIT, new Uint8Array(100)), READ_NOTHING_YET);
  for (let offset = 0n; offset < 3n; offset++) ring.push(offset, 'block', new Uint8Array(10));
  assert.equal(feed.read(0, 0n, 2n, new Uint8Array(100)), 20);
  assert.equal(feed.read(0, 2n, 2n, new Uint8Array(100)), READ_NOTHING_YET);
  assert.equal(feed.read(0, 2n, 3n, new Uint8Array(100)), 10);
});

test('what was seen before is skipped, what is gone is a gap, what is no block is damaged', () => {
  const { ring, feed } = open();
  const into = new Uint8Array(100);
  ring.push(0n, 'skip', NOTHING);
  ring.push(1n, 'block', new Uint8Array(5));
  ring.push(9n, 'gap', NOTHING);
  ring.push(9n, 'block', new Uint8Array(6));
  ring.push(10n, 'damaged', NOTHING);
  assert.equal(feed.read(0, 0n, LIMIT, into), READ_SKIPPED);
  assert.equal(feed.resume(0, 0n, LIMIT), 1n);
  assert.equal(feed.read(0, 1n, LIMIT, into), 5);
  assert.equal(feed.read(0, 2n, LIMIT, into), READ_GAP);
  assert.equal(feed.resume(0, 2n, 5n), 5n);
  assert.equal(feed.resume(0, 2n, LIMIT), 9n);
  assert.equal(feed.read(0, 9n, LIMIT, into), 6);
  assert.equal(feed.read(0, 10n, LIMIT, into), READ_DAMAGED);
});
