import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointStart, FromCheckpoint, PipelineToCheckpoint, ToCheckpoint } from '../../contract/threads/checkpoint.js';
import { Doorbell, pipelineDoorbell } from '../../host/doorbell.js';
import { Progress } from '../../host/progress.js';
import { threadId } from '../../host/thread-id.js';
import { nodeDisk } from '../../log/file/disk.js';
import { ObjectStore } from '../../object-store/client.js';
import type { Report } from '../../telemetry/report.js';
import { CheckpointFolder } from './folder.js';
import { takeUp } from './object-store/take-up.js';
import { CheckpointUploads } from './object-store/uploads.js';
import { CheckpointWriter } from './writer.js';

// The checkpoint thread: what takes as long as a disk or an object store takes happens here, so that neither the pipelines
// nor the main thread wait for it. An image belongs to it from the request to write it until its answer.

/** How long the end waits for the object store, ms; src/plane/pipelines.ts gives the thread a little more. */
const FINISH_MS_MAX = 5000;

const parent = parentPort;
if (!parent) throw new Error('src/pipeline/checkpoints/thread.ts runs as a worker thread');
const settings = workerData as CheckpointStart;
const post = (message: FromCheckpoint) => parent.postMessage(message);
const report: Report = (level, name, fields) => post({ kind: 'event', level, name, fields });
const folder = new CheckpointFolder(nodeDisk, settings.folder);
const writer = new CheckpointWriter(folder, report);
const uploads = settings.store && (await openStore(new ObjectStore(settings.store)));

settings.pipelines.forEach((port, pipeline) => {
  const bell = new Doorbell(settings.shared.doorbells, pipelineDoorbell(pipeline));
  port.on('message', (request: PipelineToCheckpoint) => {
    const answer = writer.obey(request);
    port.postMessage(answer);
    bell.ring();
    if (request.kind === 'publish' && answer.kind === 'published') uploads?.add(request.partition, request.offset);
  });
});
parent.on('message', (message: ToCheckpoint) => {
  // The pipelines have ended before, so nothing is asked for any more.
  if (message.kind === 'stop') void end();
});
post({ kind: 'ready', tid: threadId() });

async function openStore(store: ObjectStore): Promise<CheckpointUploads> {
  const progress = new Progress(settings.shared.progress);
  const { partitions } = settings;
  const found = await takeUp(store, folder, partitions, progress, report);
  const uploads = new CheckpointUploads(store, folder, progress, report);
  const committed = new Map(partitions.map(({ number, committed }) => [number, committed]));
  if (found) uploads.begin(found, (partition) => committed.get(partition) ?? 0n);
  return uploads;
}

async function end(): Promise<void> {
  await uploads?.finish(FINISH_MS_MAX);
  process.exit();
}
