import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopyRows } from '../../../src/store/write/copy-rows.js';
import { copyStream, int32 } from '../../support/copy-stream.js';
import { Random } from '../../support/random.js';

const rows = [[int32(1), Buffer.from('grün')], [int32(2), null], [int32(3), Buffer.alloc(0)], []];

test('a stream is cut at its rows, and the pieces are streams', () => {
  const read = new CopyRows(copyStream(rows), rows.length);
  assert.equal(read.count, 4);
  for (let from = 0; from <= 4; from++)
    for (let to = from; to <= 4; to++) assert.deepEqual(Buffer.concat(read.cut(from, to)), copyStream(rows.slice(from, to)));
  assert.deepEqual(
    read.fields(0).map((field) => field && Buffer.from(field)),
    rows[0],
  );
  assert.deepEqual(read.fields(1)[1], undefined);
  assert.deepEqual([read.fields(2)[1]?.length, read.fields(3)], [0, []]);
});

test('the hours of the rows, each once; what is no time is left out', () => {
  const at = (us: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(us - 946_684_800_000_000n);
    return [int32(1), null, bytes];
  };
  const hour = 3_600_000_000n;
  const times = [5n * hour, 0n, 2n * hour + 7n, 3n * hour - 1n, -1n, 2n ** 62n].map(at);
  assert.deepEqual(new CopyRows(copyStream(times), times.length).hoursUs(), [0n, 2n * hour, 5n * hour]);
});

test('a header with an extension is kept', () => {
  const plain = copyStream(rows);
  const header = Buffer.from(plain.subarray(0, 19));
  header.writeInt32BE(5, 15);
  const extended = Buffer.concat([header, Buffer.alloc(5, 7), plain.subarray(19)]);
  const piece = Buffer.concat(new CopyRows(extended, 4).cut(1, 2));
  assert.deepEqual(piece.subarray(0, 24), extended.subarray(0, 24));
});

test('what is no stream of so many rows is refused, cut at every byte and mutated', () => {
  const whole = copyStream(rows);
  for (let end = 0; end < whole.length; end++) assert.throws(() => new CopyRows(whole.subarray(0, end), 4), Error, `cut at ${end}`);
  for (const wrong of [0, 3, 5]) assert.throws(() => new CopyRows(whole, wrong));
  const random = new Random();
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(whole);
    bytes[random.below(bytes.length)] = random.below(256);
    try {
      const read = new CopyRows(bytes, 4);
      for (let row = 0; row < 4; row++) read.fields(row);
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError || error instanceof RangeError, `${error}; SEED=${random.seed}, round ${round}`);
    }
  }
});
