import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromLog, LogStart, ToLog } from '../contract/threads.js';
import { BlockRing } from '../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL, PIPELINES_MAX, pipelineDoorbell } from '../host/doorbell.js';
import { Progress, ProgressWord } from '../host/progress.js';
import { threadId } from '../host/thread-id.js';
import { Backlog } from './backlog.js';
import { FileLog } from './file-log.js';
import { Intake } from './intake.js';
import type { Report } from './recovery.js';
import { removableSegments } from './retention.js';

// The log thread. It is synchronous from end to end: whoever sends it `stop` rings LOG_DOORBELL after
// that, or waits up to IDLE_MS_MAX. Before it starts, Progress.committed holds what the store has.

const IDLE_MS_MAX = 1000;
const RETENTION_EVERY_MS = 60_000;
/** While the backlog is full the store moves on without a ring. */
const BACKLOG_LOOK_MS = 5;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
const HOUR_US = 3_600_000_000;
/**
 * A turn costs its syncs, whatever it brings (0.6 ms of CPU for four partitions). Under load turns begin at
 * least this far apart, so that one brings what several would. A turn of less than RESTS_FROM_BYTES is a few
 * clients that wait for it; one of RESTS_BELOW_BYTES is worth its syncs.
 */
const TURN_MS = 8;
const RESTS_FROM_BYTES = 16_384;
const RESTS_BELOW_BYTES = 1_048_576;

const port = parentPort;
if (!port) throw new Error('src/log/thread.ts runs as a worker thread');
const settings = workerData as LogStart;
const progress = new Progress(settings.shared.progress);
const doorbell = new Doorbell(settings.shared.doorbells, LOG_DOORBELL);
const gateways = settings.gateways.map((_, index) => new Doorbell(settings.shared.doorbells, gatewayDoorbell(index)));
// Which pipeline reads which partition is not the log's business; there are no more of them than partitions.
const pipelines = Array.from({ length: Math.min(settings.partitions, PIPELINES_MAX) }, (_, index) => {
  return new Doorbell(settings.shared.doorbells, pipelineDoorbell(index));
});
const asleep = new Int32Array(new SharedArrayBuffer(4));

const post = (message: FromLog) => port.postMessage(message);
const report: Report = (level, name, fields) => post({ kind: 'event', level, name, fields });

/** What the main thread asked for last. */
let asked: ToLog['kind'] | 'nothing' = 'nothing';

function listen(): void {
  for (;;) {
    const received = receiveMessageOnPort(port as NonNullable<typeof port>) as { message: ToLog } | undefined;
    if (!received) return;
    asked = received.message.kind;
  }
}

function ring(intake: Intake): void {
  gateways.forEach((gateway, index) => {
    if (intake.taken(index) > 0) gateway.ring();
  });
  for (const pipeline of pipelines) pipeline.ring();
}

function removeOld(log: FileLog): void {
  const beforeUs = BigInt(Math.round(Date.now() * 1000 - settings.retentionHours * HOUR_US));
  log.partitions.forEach((partition, number) => {
    const [committed, stateFloor] = [progress.get(number, ProgressWord.committed), progress.get(number, ProgressWord.stateFloor)];
    const count = removableSegments(partition.segments, committed < stateFloor ? committed : stateFloor, beforeUs);
    if (count === 0) return;
    const start = partition.segments[count]?.base ?? partition.start;
    // Readers learn of the new start before the bytes below it go.
    progress.set(number, ProgressWord.start, start);
    try {
      partition.removeOldest(count);
    } catch (error) {
      report('warn', 'log-segments-kept', { partition: number, message: (error as Error).message });
    }
    report('info', 'log-segments-removed', { partition: number, segments: count, start: String(start) });
  });
}

/** One turn. On failure nothing was released, so no device gets an answer until a later turn goes through. */
function tryTurn(log: FileLog, intake: Intake, failures: number): { blocks: number; failures: number } {
  try {
    if (failures > 0) log.rewind();
    const blocks = intake.turn();
    if (failures > 0) report('info', 'log-recovered', { failures });
    if (blocks > 0) ring(intake);
    return { blocks, failures: 0 };
  } catch (error) {
    const { code = 'unknown', message, syscall } = error as NodeJS.ErrnoException;
    // Only the disk is worth trying again; a broken invariant stops the process before it spreads.
    if (syscall === undefined) throw error;
    if (failures === 0) report('error', 'log-failing', { code, message });
    return { blocks: 0, failures: failures + 1 };
  }
}

function rest(turnMs: number, bytes: number): void {
  const restMs = turnMs + TURN_MS - performance.now();
  if (restMs > 0 && asked === 'nothing' && bytes >= RESTS_FROM_BYTES && bytes < RESTS_BELOW_BYTES) Atomics.wait(asleep, 0, 0, restMs);
}

function run(): void {
  const floors = Array.from({ length: settings.partitions }, (_, partition) => progress.get(partition, ProgressWord.committed));
  const log = FileLog.open({ folder: settings.folder, partitions: settings.partitions, floors, report });
  const sources = settings.gateways.map(({ memory, ring }) => ({ bytes: new Uint8Array(memory.buffer), ring: new BlockRing(ring) }));
  const intake = new Intake(log, sources, progress);
  const backlog = new Backlog(progress, settings.backlogBytesMax, report);
  post({ kind: 'ready', tid: threadId() });
  let failures = 0;
  let retentionMs = 0;
  for (;;) {
    const seen = doorbell.seen();
    listen();
    if (Date.now() - retentionMs >= RETENTION_EVERY_MS) {
      retentionMs = Date.now();
      removeOld(log);
    }
    if (asked === 'nothing' && backlog.isFull()) {
      doorbell.wait(seen, BACKLOG_LOOK_MS);
      continue;
    }
    const turnMs = performance.now();
    const turn = tryTurn(log, intake, failures);
    failures = turn.failures;
    if (failures > 0 && asked !== 'stop') {
      Atomics.wait(asleep, 0, 0, Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10)));
      continue;
    }
    if (turn.blocks > 0) {
      rest(turnMs, intake.bytes);
      continue;
    }
    if (asked === 'stop') break;
    doorbell.wait(seen, IDLE_MS_MAX);
  }
  if (failures > 0) report('error', 'log-stopped-failing', { blocks: sources.reduce((sum, source) => sum + source.ring.length, 0) });
  log.close();
}

run();
