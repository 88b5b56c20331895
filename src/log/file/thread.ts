import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromLog, LogStart, ToLog } from '../../contract/threads/log.js';
import { BlockRing } from '../../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL, PIPELINES_MAX, pipelineDoorbell } from '../../host/doorbell.js';
import { Progress, ProgressWord } from '../../host/progress.js';
import { threadId } from '../../host/thread-id.js';
import type { Report } from '../../telemetry/report.js';
import { Backlog } from '../backlog.js';
import { AppendRetry, type LogTrouble } from './append-retry.js';
import { BlockAppender } from './block-appender.js';
import { FileLog } from './file-log.js';
import { Retention } from './retention.js';

// The log thread. It is synchronous from end to end: whoever sends it `stop` rings LOG_DOORBELL after
// that, or waits up to IDLE_MS_MAX. Before it starts, Progress.committed holds what the store has.

const IDLE_MS_MAX = 1000;
const RETENTION_EVERY_MS = 60_000;
/** While the backlog is full, the store commits without ringing this thread's doorbell. */
const BACKLOG_LOOK_MS = 5;
/**
 * An append costs its syncs, however little it brings. Under load appends begin at least this far apart, so that one
 * brings as much as several would. An append of less than RESTS_FROM_BYTES is for a few clients that wait for it; one of
 * RESTS_BELOW_BYTES is worth its syncs.
 */
const APPEND_EVERY_MS = 8;
const RESTS_FROM_BYTES = 16_384;
const RESTS_BELOW_BYTES = 1_048_576;

const port = parentPort;
if (!port) throw new Error('src/log/file/thread.ts runs as a worker thread');
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

function ring(appender: BlockAppender): void {
  gateways.forEach((gateway, index) => {
    if (appender.taken(index) > 0) gateway.ring();
  });
  for (const pipeline of pipelines) pipeline.ring();
}

function rest(appendMs: number, bytes: number): void {
  const restMs = appendMs + APPEND_EVERY_MS - performance.now();
  if (restMs > 0 && asked === 'nothing' && bytes >= RESTS_FROM_BYTES && bytes < RESTS_BELOW_BYTES) Atomics.wait(asleep, 0, 0, restMs);
}

function run(): void {
  const floors = Array.from({ length: settings.partitions }, (_, partition) => progress.get(partition, ProgressWord.committed));
  const log = FileLog.open({ folder: settings.folder, partitions: settings.partitions, floors, report });
  const sources = settings.gateways.map(({ memory, ring }) => ({ bytes: new Uint8Array(memory.buffer), ring: new BlockRing(ring) }));
  const appender = new BlockAppender(log, sources, progress);
  // What waits for the store cannot be removed: a budget smaller than the backlog bounds that too.
  const backlog = new Backlog(progress, Math.min(settings.backlogBytesMax, settings.retentionBytesMax), report);
  const limits = { hours: settings.retentionHours, bytesMax: settings.retentionBytesMax };
  const retention = new Retention(log, progress, limits, report);
  const tell = (trouble: LogTrouble | undefined) =>
    post({ kind: 'health', log: trouble ? 'failing' : 'up', code: trouble?.code ?? '', message: trouble?.message ?? '' });
  const appends = new AppendRetry({ log, appender, report, tell });
  post({ kind: 'ready', tid: threadId() });
  let retentionMs = 0;
  for (;;) {
    const seen = doorbell.seen();
    listen();
    if (Date.now() - retentionMs >= RETENTION_EVERY_MS) {
      retentionMs = Date.now();
      retention.run(BigInt(Date.now()) * 1000n);
    }
    if (asked === 'nothing' && backlog.isFull()) {
      doorbell.wait(seen, BACKLOG_LOOK_MS);
      continue;
    }
    const appendMs = performance.now();
    const blocks = appends.run();
    if (appends.isFailing && asked !== 'stop') {
      Atomics.wait(asleep, 0, 0, appends.retryMs);
      continue;
    }
    if (blocks > 0) {
      ring(appender);
      rest(appendMs, appender.bytes);
      continue;
    }
    if (asked === 'stop') break;
    doorbell.wait(seen, IDLE_MS_MAX);
  }
  if (appends.isFailing) report('error', 'log-stopped-failing', { blocks: sources.reduce((sum, source) => sum + source.ring.length, 0) });
  log.close();
}

// Node 24 and 26 abort the process when a thread is terminated whose module, or one that it imports, awaits at its top level and is still being
// evaluated: the loop begins after that.
setImmediate(run);
