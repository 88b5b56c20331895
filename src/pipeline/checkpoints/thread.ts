import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointStart, FromCheckpoint, PipelineToCheckpoint, ToCheckpoint } from '../../contract/threads.js';
import { Doorbell, pipelineDoorbell } from '../../host/doorbell.js';
import { threadId } from '../../host/thread-id.js';
import { nodeDisk } from '../../log/disk.js';
import { CheckpointFolder } from './folder.js';
import { CheckpointWriter } from './writer.js';

// The checkpoint thread: what takes as long as a disk takes happens here, so that neither the pipelines nor
// the main thread wait for it. An image belongs to it from the request to write it until its answer.

const parent = parentPort;
if (!parent) throw new Error('src/pipeline/checkpoints/thread.ts runs as a worker thread');
const settings = workerData as CheckpointStart;
const post = (message: FromCheckpoint) => parent.postMessage(message);
const writer = new CheckpointWriter(new CheckpointFolder(nodeDisk, settings.folder), (level, name, fields) =>
  post({ kind: 'event', level, name, fields }),
);

settings.pipelines.forEach((port, pipeline) => {
  const bell = new Doorbell(settings.shared.doorbells, pipelineDoorbell(pipeline));
  port.on('message', (request: PipelineToCheckpoint) => {
    port.postMessage(writer.obey(request));
    bell.ring();
  });
});
parent.on('message', (message: ToCheckpoint) => {
  // The pipelines have ended before, so nothing is asked for any more.
  if (message.kind === 'stop') process.exit();
});
post({ kind: 'ready', tid: threadId() });
