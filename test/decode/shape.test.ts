import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX, TEXT_BYTES_MAX } from '../../assembly/abi/limits.js';
import { SHAPES_MAX } from '../../assembly/abi/pipeline.js';
import { payloadCases, RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { Decoder } from './decoder.js';

// What is decoded by shape must be what the same payload gives when it is decoded in full. What is not decoded by shape is
// decoded in full anyway, so these tests let the shape refuse as it likes, but for payloads that differ in their values alone.

const good = payloadCases.filter(({ code, payload }) => code === CODE_NONE && payload.length <= 600);
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '0',
  '9',
  '-',
  '.',
  'e',
  ' ',
  '\n',
  '\0',
  '\x80',
  'n',
  't',
  'null',
  '"a":1,',
  '1e999',
  '\ud800',
];

/** Answers whether the shape took it. */
function compare(decoder: Decoder, payload: Uint8Array, what: string, after?: Uint8Array): boolean {
  const shaped = decoder.decodeByShape(payload, RECEIVE_US, after);
  if (shaped === undefined) return false;
  assert.deepEqual(shaped, decoder.decode(payload, RECEIVE_US, after), what);
  return true;
}

test('a payload has the shape that was learned from it, unless it holds too much', () => {
  const decoder = new Decoder();
  let learned = 0;
  for (const { name, payload } of good) {
    if (!decoder.learnShape(payload, RECEIVE_US)) continue;
    learned++;
    assert.ok(compare(decoder, payload, name), name);
  }
  assert.ok(learned > good.length / 2, `${learned} of ${good.length} payloads have a shape`);
});

test('payloads that differ in their values alone have one shape', () => {
  const decoder = new Decoder();
  const payload = (ts: string, a: string, b: string, seq: string) =>
    Buffer.from(`{"fw":"1.2", "ts":${ts},"metrics":{"a":${a} ,"b":${b}},"seq":${seq}}\n`);
  assert.ok(decoder.learnShape(payload('1700000000123', '1', '2', '3'), RECEIVE_US));
  const times = ['1700000000', '1600000000123', '"2023-11-14T22:13:20.5Z"', 'null', '1.7e9'];
  const values = ['0', '-0.5', '123456789.25', '1e-7', '12345678901234567890123', '"open"', '"\u00e9\\n"', 'true', 'false', 'null', '-1'];
  const numbers = ['0', '9007199254740991', 'null', '1e3'];
  for (const ts of times)
    for (const a of values)
      for (const b of values)
        for (const seq of numbers) {
          const bytes = payload(ts, a, b, seq);
          assert.ok(compare(decoder, bytes, bytes.toString()), bytes.toString());
        }
});

test('a bad value, a value of another metric, and a payload too long are not taken', () => {
  const decoder = new Decoder();
  const payload = (value: string, name = 'a') => Buffer.from(`{"metrics":{"${name}":${value}}}`);
  assert.ok(decoder.learnShape(payload('1'), RECEIVE_US));
  for (const bad of ['', '01', '1e999', '--1', '"', '"\u0000"', '[1]', '{}', 'nul', 'True', '1 ', `"${'x'.repeat(TEXT_BYTES_MAX + 1)}"`]) {
    assert.equal(decoder.decodeByShape(payload(bad), RECEIVE_US), undefined, bad);
  }
  assert.equal(decoder.decodeByShape(payload('1', 'b'), RECEIVE_US), undefined);
  assert.equal(decoder.decodeByShape(Buffer.concat([payload('1'), Buffer.from(' ')]), RECEIVE_US), undefined);
  assert.equal(decoder.decodeByShape(payload('1'.repeat(PAYLOAD_BYTES_MAX)), RECEIVE_US), undefined);
});

test('cut at every byte, with the rest of the payload after the cut', () => {
  const decoder = new Decoder();
  for (const { name, payload } of good) {
    if (!decoder.learnShape(payload, RECEIVE_US)) continue;
    for (let cut = 0; cut < payload.length; cut++)
      compare(decoder, payload.subarray(0, cut), `${name}, cut at ${cut}`, payload.subarray(cut));
  }
});

test('changed payloads: by shape or in full, the answer is the same', () => {
  const random = new Random();
  const decoder = new Decoder();
  let taken = 0;
  for (const { name, payload } of good) {
    if (!decoder.learnShape(payload, RECEIVE_US)) continue;
    for (let round = 0; round < 200 * fuzzScale; round++) {
      const at = random.below(payload.length);
      const cut = random.below(3);
      const changed = Buffer.concat([payload.subarray(0, at), Buffer.from(random.pick(PIECES), 'latin1'), payload.subarray(at + cut)]);
      if (compare(decoder, changed, `seed ${random.seed}: ${name}, ${changed.toString('latin1')}`)) taken++;
    }
  }
  assert.ok(taken > 100, `${taken} payloads were taken by shape`);
});

test('more shapes than there is room for: the oldest go, and none is mistaken for another', () => {
  const decoder = new Decoder();
  for (let i = 0; i < SHAPES_MAX * 2 + 10; i++) {
    const payload = Buffer.from(`{"v":${i},"metrics":{"a":${i}}}`);
    assert.ok(decoder.learnShape(payload, RECEIVE_US), `shape ${i}`);
    assert.ok(compare(decoder, payload, `shape ${i}`));
    assert.equal(decoder.decodeByShape(Buffer.from(`{"v":${i + 1},"metrics":{"a":${i}}}`), RECEIVE_US), undefined);
  }
});
