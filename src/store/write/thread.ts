import { setTimeout as delay } from 'node:timers/promises';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromStore, PipelineToStore, RowBatch, StoreStart, StoreToPipeline, ToStore } from '../../contract/threads/store.js';
import { Doorbell, pipelineDoorbell } from '../../host/doorbell.js';
import { Progress, ProgressWord } from '../../host/progress.js';
import { threadId } from '../../host/thread-id.js';
import { NoticeLog } from '../client/notices.js';
import { NOTHING_REFUSED, type RefusedRows } from '../refused/isolation.js';
import { MaintenanceJob } from '../schema/maintenance-job.js';
import { BatchWriter } from './batch-writer.js';
import { CommitQueue, type Writer } from './commit-queue.js';
import { Health } from './health.js';
import { TransactionGate } from './transaction-gate.js';

// The store thread. A batch's memory belongs to it from the message that brings the batch until the
// message that says it is committed. Pipelines are stopped before it, so that their last batches are
// on their ports when `stop` comes.

/** Transactions that may run side by side; each partition always uses the same queue. */
const QUEUES_MAX = 4;

const parent = parentPort;
if (!parent) throw new Error('src/store/write/thread.ts runs as a worker thread');
const settings = workerData as StoreStart;
const progress = new Progress(settings.shared.progress);
const doorbells = settings.pipelines.map((_, index) => new Doorbell(settings.shared.doorbells, pipelineDoorbell(index)));
const stopped = new AbortController();

const post = (message: FromStore) => parent.postMessage(message);
const health = new Health(post);
const gate = new TransactionGate();
const notices = new NoticeLog((level, name, fields) => post({ kind: 'event', level, name, fields }));

/** Throws batches away after they are counted, for benches without a database. */
const nullWriter: Writer = {
  traffic: 0,
  abandon: () => {},
  announce: async () => true,
  write: async () => NOTHING_REFUSED,
  close: async () => {},
};

function committed(batch: RowBatch, pipeline: number, refused: RefusedRows): void {
  progress.add(batch.partition, ProgressWord.rowsRefused, refused.rows);
  progress.add(batch.partition, ProgressWord.lettersRefused, refused.letters);
  progress.add(batch.partition, ProgressWord.committedRecords, batch.records);
  progress.set(batch.partition, ProgressWord.committedUs, BigInt(Math.round(batch.lastReceiveUs)));
  progress.set(batch.partition, ProgressWord.committed, batch.to);
  const answer: StoreToPipeline = { kind: 'committed', partition: batch.partition, slot: batch.slot };
  settings.pipelines[pipeline]?.postMessage(answer);
  doorbells[pipeline]?.ring();
}

/** By partition: resolves the wait for the main thread to publish its batch. */
const publishing = new Map<number, (trouble: string | undefined) => void>();

function publish(batch: RowBatch): Promise<string | undefined> {
  return new Promise((resolve) => {
    publishing.set(batch.partition, resolve);
    post({ kind: 'publish', batch });
  });
}

const queues = Array.from({ length: Math.min(QUEUES_MAX, settings.memories.length) }, () => {
  return new CommitQueue({
    writer:
      settings.databaseUrl === null
        ? nullWriter
        : new BatchWriter(settings.databaseUrl, settings.consumerGroup, settings.owner, notices.take),
    memory: (partition) => (settings.memories[partition] as WebAssembly.Memory).buffer,
    committed,
    ...(settings.publishes ? { publish } : {}),
    post,
    health,
    gate,
    wait: async (ms) => void (await delay(ms, undefined, { signal: stopped.signal }).catch(() => {})),
  });
});
const job = settings.databaseUrl === null ? undefined : new MaintenanceJob(settings.databaseUrl, post, health, notices);

/** What came before the database was admitted; undefined: it is. */
let held: { readonly batch: PipelineToStore; readonly pipeline: number }[] | undefined = settings.isHeld ? [] : undefined;

function take(batch: PipelineToStore, pipeline: number): void {
  if (held) held.push({ batch, pipeline });
  else queues[batch.partition % queues.length]?.push(batch, pipeline);
}

function drain(port: MessagePort, pipeline: number): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: PipelineToStore } | undefined;
    if (!received) return;
    take(received.message, pipeline);
  }
}

function admit(): void {
  const before = held ?? [];
  held = undefined;
  for (const { batch, pipeline } of before) take(batch, pipeline);
  job?.start();
}

async function stop(): Promise<void> {
  settings.pipelines.forEach(drain);
  stopped.abort();
  await Promise.all([job?.stop(), ...queues.map((queue) => queue.stop())]);
  // Ends this thread only. A connection that was being opened would keep it alive until the server gives up.
  process.exit();
}

settings.pipelines.forEach((port, pipeline) => {
  port.on('message', (batch: PipelineToStore) => take(batch, pipeline));
});
parent.on('message', (message: ToStore) => {
  if (message.kind === 'published') publishing.get(message.partition)?.(message.trouble);
  else if (message.kind === 'admit') admit();
  else void stop();
});
if (!settings.isHeld) job?.start();
post({ kind: 'ready', tid: threadId() });
