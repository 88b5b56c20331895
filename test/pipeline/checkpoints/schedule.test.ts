import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { CheckpointToPipeline, PipelineToCheckpoint } from '../../../src/contract/threads/checkpoint.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { CheckpointSchedule, type CheckpointSource } from '../../../src/pipeline/checkpoints/schedule.js';

const EVERY_MS = 1000;

/** A partition whose state is as large as it is told, and which is within a block when it is told so. */
class Source implements CheckpointSource {
  position = 0n;
  drained = true;
  restoredFrom: readonly bigint[] = [];
  bytes = 100;
  isWithinBlock = false;

  constructor(readonly number: number) {}

  takeCheckpoint(_: number, room: (bytes: number) => Uint8Array | undefined) {
    return this.isWithinBlock ? 'no state' : (room(this.bytes) ?? 'no room');
  }
}

let schedule: CheckpointSchedule;
let sources: [Source, Source];
let progress: Progress;
let ports: { port1: MessagePort; port2: MessagePort };
let nowMs = 0;

function begin(restoredFrom: readonly bigint[] = []): void {
  sources = [new Source(0), new Source(1)];
  for (const source of sources) {
    source.restoredFrom = restoredFrom;
    source.position = restoredFrom.at(-1) ?? 0n;
  }
  ports = new MessageChannel();
  progress = new Progress(Progress.memory(2));
  nowMs = 0;
  schedule = new CheckpointSchedule(sources, ports.port1, progress, EVERY_MS, nowMs);
}

beforeEach(() => begin());
afterEach(() => ports.port1.close());

/** A round of the thread; answers what it asked the checkpoint thread for. Room is given at once, unless there is to be none. */
function turn({ stopping = false, room = true } = {}): PipelineToCheckpoint[] {
  schedule.advance(nowMs, stopping);
  const asked: PipelineToCheckpoint[] = [];
  for (let got = receiveMessageOnPort(ports.port2); got; got = receiveMessageOnPort(ports.port2)) asked.push(got.message);
  const [first] = asked;
  if (first?.kind !== 'make-room' || !room) return asked;
  answer({ kind: 'room', image: new SharedArrayBuffer(first.bytes) });
  return turn({ stopping });
}

function answer(message: CheckpointToPipeline): void {
  ports.port2.postMessage(message);
}

function move(partition: 0 | 1, position: bigint, committed = position): void {
  sources[partition].position = position;
  progress.set(partition, ProgressWord.committed, committed);
}

const brief = (asked: PipelineToCheckpoint[]) =>
  asked.map((one) => (one.kind === 'make-room' ? [one.kind] : [one.kind, one.partition, one.offset]));
const floor = (partition: number) => progress.get(partition, ProgressWord.stateFloor);

test('a partition is due when its share of the interval is over and something was run', () => {
  move(0, 10n);
  assert.deepEqual(turn(), []);
  nowMs = EVERY_MS / 2;
  const [write] = turn();
  assert.deepEqual(brief([write ?? assert.fail()]), [['write', 0, 10n]]);
  nowMs = EVERY_MS;
  move(1, 7n);
  assert.deepEqual(turn(), [], 'the image is at the checkpoint thread');
  answer({ kind: 'written', partition: 0 });
  assert.deepEqual(brief(turn()), [
    ['publish', 0, 10n],
    ['write', 1, 7n],
  ]);
  answer({ kind: 'published', partition: 0 });
  answer({ kind: 'written', partition: 1 });
  assert.deepEqual(brief(turn()), [['publish', 1, 7n]]);
  nowMs = 10 * EVERY_MS;
  assert.deepEqual(turn(), [], 'nothing was run since');
  assert.deepEqual([progress.get(0, ProgressWord.checkpoint), floor(0)], [10n, 10n]);
  assert.ok(progress.get(0, ProgressWord.checkpointMs) > 0n);
});

test('what the database has not committed is held back, and no other takes its place meanwhile', () => {
  move(0, 10n, 9n);
  nowMs = EVERY_MS;
  assert.equal(turn().length, 1);
  answer({ kind: 'written', partition: 0 });
  assert.deepEqual(turn(), []);
  nowMs = 20 * EVERY_MS;
  move(0, 500n, 9n);
  move(1, 3n);
  assert.deepEqual(brief(turn()), [['write', 1, 3n]], 'the other partition does not wait for it');
  move(0, 500n, 10n);
  assert.deepEqual(brief(turn()), [['publish', 0, 10n]]);
});

test('a partition that stands within a block or has halted holds up no other', () => {
  sources[0].isWithinBlock = true;
  move(0, 10n);
  move(1, 20n);
  nowMs = EVERY_MS;
  assert.deepEqual(brief(turn()), [['write', 1, 20n]]);
  answer({ kind: 'written', partition: 1 });
  sources[0].isWithinBlock = false;
  assert.deepEqual(brief(turn()), [
    ['publish', 1, 20n],
    ['write', 0, 10n],
  ]);
});

test('room for a larger state is made elsewhere, once', () => {
  move(0, 10n);
  nowMs = EVERY_MS;
  assert.deepEqual(brief(turn({ room: false })), [['make-room']]);
  assert.deepEqual(turn(), []);
  answer({ kind: 'room', image: new SharedArrayBuffer(1000) });
  assert.deepEqual(brief(turn()), [['write', 0, 10n]]);
  answer({ kind: 'written', partition: 0 });
  sources[1].bytes = 900;
  move(1, 5n);
  assert.deepEqual(brief(turn()), [
    ['publish', 0, 10n],
    ['write', 1, 5n],
  ]);
});

test('the log is needed from the older checkpoint on, or not for state at all where none can be written', () => {
  begin([30n, 40n]);
  turn();
  assert.equal(floor(0), 30n);
  move(0, 50n);
  nowMs = EVERY_MS;
  turn();
  answer({ kind: 'written', partition: 0 });
  turn();
  assert.equal(floor(0), 30n, 'until it is published');
  answer({ kind: 'published', partition: 0 });
  turn();
  assert.equal(floor(0), 40n);
  move(0, 60n);
  nowMs = 3 * EVERY_MS;
  turn();
  answer({ kind: 'failed', partition: 0 });
  turn();
  assert.equal(floor(0), 60n);
  assert.equal(progress.get(0, ProgressWord.checkpoint), 50n);
});

test('at a stop each partition that is drained gets its last one, and nothing is waited for in vain', () => {
  move(0, 10n);
  move(1, 20n);
  sources[1].drained = false;
  assert.deepEqual(brief(turn({ stopping: true })), [['write', 0, 10n]]);
  assert.ok(!schedule.settled);
  answer({ kind: 'written', partition: 0 });
  turn({ stopping: true });
  answer({ kind: 'published', partition: 0 });
  sources[1].drained = true;
  assert.deepEqual(brief(turn({ stopping: true })), [['write', 1, 20n]]);
  assert.ok(!schedule.settled);
  answer({ kind: 'failed', partition: 1 });
  assert.deepEqual(turn({ stopping: true }), [], 'it is not tried again');
  assert.ok(schedule.settled);
});
