import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packMessages, unpackMessages } from '../../src/contract/threads/packed-messages.js';
import { HandedMessages } from '../../src/plane/handed-messages.js';

test('messages that were handed in together are answered together, in their order, whichever is answered first', async () => {
  const handed = new HandedMessages();
  const [first, second] = [handed.expect(10, 3), handed.expect(13, 1)];
  handed.settle(12, 0);
  handed.settle(13, 65);
  assert.deepEqual(await second, [65]);
  handed.settle(10, 64);
  // An answer that comes again, or that nobody waits for, changes nothing.
  for (const token of [10, 12, 99]) handed.settle(token, 66);
  handed.settle(11, 0);
  assert.deepEqual(await first, [64, 0, 0]);
  assert.deepEqual(await handed.expect(20, 0), []);
});

test('those that wait are all answered when the log takes nothing in', async () => {
  const handed = new HandedMessages();
  const [first, second] = [handed.expect(1, 2), handed.expect(3, 1)];
  handed.settle(1, 0);
  handed.settleAll(70);
  assert.deepEqual(await Promise.all([first, second]), [[0, 70], [70]]);
});

test('packed messages are unpacked as they were', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const bytes = fc.uint8Array({ maxLength: 40 });
  const message = fc.record(
    { token: word, body: word, device: word, flags: word, format: word, context: bytes, payload: bytes },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      assert.deepEqual([...unpackMessages(packMessages(messages))], messages);
    }),
  );
});
