import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutText, Frames } from '../../../src/control/deployment/frames.js';

const LONG = JSON.stringify({ text: 'äöü€😀'.repeat(4000), end: true });

function joined(frames: readonly string[], into = new Frames()): string | undefined {
  return frames.map((frame) => into.join(frame, 0)?.text).find((text) => text !== undefined);
}

test('a text goes in as few frames as it needs, each one short enough, and comes out as it was, in whatever order', () => {
  assert.deepEqual(cutText('a', 7, '{"a":1}'), ['a 7 0 1 {"a":1}']);
  const frames = cutText('a', 8, LONG) as string[];
  assert.ok(frames.length > 1);
  for (const frame of frames) assert.ok(Buffer.byteLength(frame) < 8000);
  assert.deepEqual(JSON.parse(joined(frames) as string), JSON.parse(LONG));
  assert.deepEqual(JSON.parse(joined(frames.toReversed()) as string), JSON.parse(LONG));
  assert.equal(joined(frames.slice(1)), undefined);
  const into = new Frames();
  assert.equal(joined([...frames.slice(1), ...frames.slice(1)], into), undefined, 'a frame that comes twice counts once');
  assert.deepEqual(JSON.parse(joined(frames.slice(0, 1), into) as string), JSON.parse(LONG));
});

test('what is too long is not sent, and what is no frame is left out', () => {
  assert.equal(cutText('a', 1, 'x'.repeat(5_000_000)), undefined);
  const into = new Frames();
  for (const frame of [
    '',
    'x',
    '{}',
    'a 1 0 0 x',
    'a 1 1 1 x',
    'a 1 0 999 x',
    'A 1 0 1 x',
    'a -1 0 1 x',
    'a 1 0 1',
    `${'a'.repeat(40)} 1 0 1 x`,
  ]) {
    assert.equal(into.join(frame, 0), undefined, frame);
  }
  assert.deepEqual(into.join('a 1 0 1 x', 0), { from: 'a', text: 'x' });
});

test('texts whose rest never comes are forgotten: by time, and the oldest when there are many', () => {
  const into = new Frames();
  into.join('a 1 0 2 x', 0);
  into.join('a 2 0 2 x', 20_000);
  assert.equal(into.join('a 1 1 2 y', 20_000), undefined);
  for (let number = 10; number < 100; number++) into.join(`b ${number} 0 2 x`, 20_000);
  assert.equal(into.join('b 10 1 2 y', 20_000), undefined);
  assert.equal(into.join('b 99 1 2 y', 20_000)?.text, 'xy');
});
