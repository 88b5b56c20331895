import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import type { Producer, Watermarks } from '../../../src/kafka/client.js';
import { findEnds } from '../../../src/log/kafka/ends.js';

const UNKNOWN_TOPIC = 3;
const NOT_LEADER = 6;

/** Fails with one code after another, then answers. */
function clientOf(...codes: number[]): Producer {
  const queryWatermarkOffsets = (
    _topic: string,
    _partition: number,
    _ms: number,
    done: (error: Error | null, ends?: Watermarks) => void,
  ) => {
    const code = codes.shift();
    if (code === undefined) done(null, { lowOffset: 3, highOffset: 50 });
    else done(Object.assign(new Error(`broker: ${code}`), { code }));
  };
  return { queryWatermarkOffsets } as unknown as Producer;
}

function progressAt(committed: bigint): Progress {
  const progress = new Progress(Progress.memory(1));
  progress.set(0, ProgressWord.committed, committed);
  return progress;
}

test('a broker that does not know yet that it leads the partition is asked again', async () => {
  assert.deepEqual(await findEnds(clientOf(UNKNOWN_TOPIC, NOT_LEADER), 'telemetry.raw', 0, progressAt(50n)), { low: 3n, high: 50n });
});

test('a topic that ends before what the database has is refused', async () => {
  await assert.rejects(findEnds(clientOf(), 'telemetry.raw', 0, progressAt(51n)), { code: 'kafka_log_lost' });
});
