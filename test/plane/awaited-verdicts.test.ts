import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERDICT_AT_CODE, VERDICT_AT_DEVICE, VERDICT_AT_HASH, VERDICT_BYTES } from '../../assembly/abi/verdicts.js';
import { messageHash, readVerdicts } from '../../src/host/verdicts.js';
import { AwaitedVerdicts } from '../../src/plane/awaited-verdicts.js';

const bytes = Buffer.from('{"v":1}');

function verdict(device: number, payload: Buffer, code: number): Uint8Array {
  const entry = Buffer.alloc(VERDICT_BYTES);
  entry.writeBigUInt64LE(messageHash(device, payload), VERDICT_AT_HASH);
  entry.writeUInt32LE(device, VERDICT_AT_DEVICE);
  entry.writeUInt32LE(code, VERDICT_AT_CODE);
  return entry;
}

test('messages of the same bytes get their verdicts in their order, those of other devices their own', async () => {
  const verdicts = new AwaitedVerdicts();
  const [first, second, other] = [verdicts.expect(1, bytes), verdicts.expect(1, bytes), verdicts.expect(2, bytes)];
  verdicts.deliver(
    readVerdicts(Buffer.concat([verdict(1, bytes, 64), verdict(2, bytes, 66), verdict(1, bytes, 65), verdict(1, bytes, 67)])),
  );
  const codes = await Promise.all([first, second, other].map(async (awaited) => (await awaited.verdict)?.code));
  assert.deepEqual(codes, [64, 65, 66]);
});

test('who gives up keeps the place of a durable message, and a refused one has none', async () => {
  const verdicts = new AwaitedVerdicts();
  const [late, refused, next] = [verdicts.expect(1, bytes), verdicts.expect(1, bytes), verdicts.expect(1, bytes)];
  late.giveUp();
  refused.withdraw();
  verdicts.deliver(readVerdicts(verdict(1, bytes, 64)));
  verdicts.deliver(readVerdicts(verdict(1, bytes, 65)));
  assert.deepEqual([await late.verdict, await refused.verdict, (await next.verdict)?.code], [undefined, undefined, 65]);
});

test('a verdict that has not come long after its sender gave up is taken for lost, and nothing is left of ended pipelines', async () => {
  const verdicts = new AwaitedVerdicts();
  verdicts.expect(1, bytes).giveUp();
  const next = verdicts.expect(1, bytes, performance.now() + 601_000);
  verdicts.deliver(readVerdicts(verdict(1, bytes, 64)));
  assert.equal((await next.verdict)?.code, 64);
  const last = verdicts.expect(1, bytes);
  verdicts.giveUpAll();
  assert.equal(await last.verdict, undefined);
});

test('verdicts that nobody waits for are answered', () => {
  const verdicts = new AwaitedVerdicts();
  verdicts.expect(1, bytes);
  const stray = verdicts.deliver(readVerdicts(Buffer.concat([verdict(1, bytes, 64), verdict(1, bytes, 65), verdict(2, bytes, 66)])));
  assert.deepEqual(
    stray.map(({ device, code }) => [device, code]),
    [
      [1, 65],
      [2, 66],
    ],
  );
});
