import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { FromStore } from '../../../src/contract/threads/store.js';
import { Health } from '../../../src/store/write/health.js';
import { SilenceWatch } from '../../../src/store/write/silence.js';

const limits = { lookEveryMs: 1000, reportedMs: 10_000, abandonedMs: 60_000, abandonedMsMax: 200_000 };
let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  mock.timers.enable({ apis: ['setInterval'] });
  mock.method(performance, 'now', () => nowMs);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function watch() {
  const writer = { traffic: 0, abandoned: 0, abandon: () => void writer.abandoned++ };
  const told: string[] = [];
  const watch = new SilenceWatch(
    writer,
    { silent: (ms) => told.push(`silent ${ms}`), abandoned: (ms) => told.push(`abandoned ${ms}`) },
    limits,
  );
  const pass = (seconds: number, traffic = 0) => {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1000;
      writer.traffic += traffic;
      mock.timers.tick(1000);
    }
  };
  return { writer, told, watch, pass };
}

test('work that takes long but moves is no silence', () => {
  const { watch: silence, told, pass } = watch();
  silence.begin();
  pass(300, 1);
  assert.deepEqual([told, silence.end(true)], [[], false]);
});

test('silence is reported once, and the connection is given up later each time until a batch is written', () => {
  const { watch: silence, writer, told, pass } = watch();
  silence.begin();
  pass(59);
  assert.deepEqual([told, writer.abandoned], [['silent 10000'], 0]);
  pass(1);
  assert.deepEqual([told.at(-1), writer.abandoned, silence.end(false)], ['abandoned 60000', 1, true]);
  for (const [seconds, count] of [
    [119, 1],
    [120, 2],
    [199, 2],
    [200, 3],
    [200, 4],
  ] as const) {
    silence.begin();
    pass(seconds);
    silence.end(false);
    assert.equal(writer.abandoned, count, `${seconds} s`);
  }
  silence.begin();
  silence.end(true);
  silence.begin();
  pass(60);
  assert.equal(writer.abandoned, 5);
  silence.end(false);
  pass(500);
  assert.equal(writer.abandoned, 5, 'nothing is watched between batches');
});

test('the database is up when nobody finds it down, and down with the newest cause; each change is posted once', () => {
  const posted: FromStore[] = [];
  const health = new Health((message) => posted.push(message));
  const [queue, other] = [{}, {}];
  health.up(queue);
  health.up(queue);
  health.down(queue, 'ECONNREFUSED');
  health.down(queue, 'ECONNREFUSED');
  health.down(other, 'it has not answered for 10 s');
  health.up(other);
  health.up(queue);
  assert.deepEqual(
    posted.map((message) => message.kind === 'health' && `${message.database} ${message.message}`),
    ['up ', 'down ECONNREFUSED', 'down it has not answered for 10 s', 'down ECONNREFUSED', 'up '],
  );
});
