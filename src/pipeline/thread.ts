import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { partitionOf } from '../contract/partition.js';
import type { FromPipeline, PipelineStart, ToPipeline } from '../contract/threads/pipeline.js';
import type { StoreToPipeline } from '../contract/threads/store.js';
import { Doorbell, pipelineDoorbell } from '../host/doorbell.js';
import { takeEdgeSignals } from '../host/edge-signals.js';
import { takeFirmware } from '../host/firmware-reports.js';
import { Progress } from '../host/progress.js';
import { RecordRingReader } from '../host/record-ring.js';
import { threadId } from '../host/thread-id.js';
import { takeUnits } from '../host/unit-reports.js';
import { takeVerdicts } from '../host/verdicts.js';
import { nodeDisk } from '../log/file/disk.js';
import { LogReader } from '../log/file/reader.js';
import { CheckpointFolder } from './checkpoints/folder.js';
import { CheckpointSchedule } from './checkpoints/schedule.js';
import type { Gap } from './gaps.js';
import { Partition, type PartitionEvents, TURN_BYTES } from './partition.js';

/** Live points are handed over at most this often while there is work, ms. */
const LIVE_MS = 10;
const WAIT_MS_MAX = 1000;
/**
 * Rounds with work begin at least this far apart. Under load the log rings for every commit; to run what
 * several of them brought in one go saves as many wake-ups, reads and cold caches.
 */
const ROUND_MS = 10;
/** More than this of one partition is not waited on: a turn runs no more than TURN_BYTES. */
const REST_BELOW_BYTES = TURN_BYTES / 4;

/** The loop of a pipeline thread: it never blocks but on its doorbell, and runs whatever was rung for. */
class PipelineThread {
  readonly #start: PipelineStart;
  readonly #bell: Doorbell;
  readonly #partitions = new Map<number, Partition>();
  readonly #checkpoints: CheckpointSchedule;
  #caughtUp = false;
  #stopping = false;
  #livePostedMs = 0;
  readonly #partitionCount: number;

  constructor(start: PipelineStart) {
    this.#start = start;
    this.#bell = new Doorbell(start.shared.doorbells, pipelineDoorbell(start.index));
    const progress = new Progress(start.shared.progress);
    this.#partitionCount = progress.partitions;
    const log = start.recordRings ? new RecordRingReader(start.recordRings) : new LogReader(start.logFolder);
    for (const { number, memory, committed, announced, openedAt } of start.partitions) {
      const partition = new Partition(number, memory, committed, log, progress, this.#events(), announced);
      if (openedAt !== undefined) partition.countFrom(openedAt);
      this.#partitions.set(number, partition);
    }
    const partitions = [...this.#partitions.values()];
    for (const partition of partitions) {
      partition.loseDevices(start.lostDevices);
      this.#restore(partition, new CheckpointFolder(nodeDisk, start.checkpointFolder));
      if (log.unit === 'record') log.begin(partition.number, partition.position);
    }
    this.#checkpoints = new CheckpointSchedule(partitions, start.checkpoints, progress, start.checkpointEveryMs, performance.now());
  }

  run(): void {
    for (;;) {
      const seen = this.#bell.seen();
      this.#receive();
      const nowMs = performance.now();
      let worked = false;
      for (const partition of this.#partitions.values()) worked = partition.step(nowMs) || worked;
      const waitMs = this.#sealDue(nowMs);
      if (!worked || nowMs - this.#livePostedMs >= LIVE_MS) this.#postLive(nowMs);
      this.#announceCatchUp();
      this.#checkpoints.advance(nowMs, this.#stopping);
      if (worked) {
        this.#rest(nowMs);
        continue;
      }
      if (this.#stopping && this.#checkpoints.settled && [...this.#partitions.values()].every(({ drained }) => drained)) return;
      this.#bell.wait(seen, Math.min(waitMs, WAIT_MS_MAX));
    }
  }

  #events(): PartitionEvents {
    return {
      batch: (batch) => this.#start.store.postMessage(batch),
      unknownMetrics: (partition, device, names) => post({ kind: 'unknown-metrics', partition, device, names }),
      unknownSchemas: (partition, numbers) => post({ kind: 'unknown-schemas', partition, numbers }),
      halted: (partition, message) => post({ kind: 'halted', partition, message }),
      audited: (audit) => post({ kind: 'audited', audit }),
      missing: (partition, offset, blocks) =>
        post({ kind: 'event', level: 'error', name: 'log-blocks-missing', fields: { partition, offset: String(offset), blocks } }),
      gap: (partition, gap) => post(gapEvent(partition, gap)),
    };
  }

  #restore(partition: Partition, folder: CheckpointFolder): void {
    const { number } = partition;
    const startedMs = performance.now();
    const committed = this.#start.partitions.find((one) => one.number === number)?.committed ?? 0n;
    const restored = partition.restore(folder, (offset, code, cause) => {
      const message = `cannot use the checkpoint of partition ${number} at offset ${offset}: ${cause}`;
      post({
        kind: 'event',
        level: 'warn',
        name: 'checkpoint-refused',
        fields: { partition: number, offset: String(offset), code, message },
      });
    });
    const replayBytes = String(committed > partition.position ? committed - partition.position : 0n);
    const fields = { partition: number, offset: String(partition.position), replayBytes, ms: Math.round(performance.now() - startedMs) };
    // Without one and without a log there is nothing to tell.
    if (restored) post({ kind: 'event', level: 'info', name: 'checkpoint-loaded', fields: { ...fields, bytes: restored.bytes } });
    else if (replayBytes !== '0') post({ kind: 'event', level: 'info', name: 'checkpoint-missing', fields });
  }

  #rest(roundMs: number): void {
    const restMs = roundMs + ROUND_MS - performance.now();
    const isEnough = [...this.#partitions.values()].some(({ waitingBytes }) => waitingBytes > REST_BELOW_BYTES);
    if (restMs > 0 && !isEnough && !this.#stopping) Atomics.wait(asleep, 0, 0, restMs);
  }

  #receive(): void {
    for (let got = receiveMessageOnPort(this.#start.store); got; got = receiveMessageOnPort(this.#start.store)) {
      const { partition, slot } = got.message as StoreToPipeline;
      this.#partitions.get(partition)?.batches.release(slot);
    }
    for (let got = receiveMessageOnPort(control); got; got = receiveMessageOnPort(control)) this.#obey(got.message as ToPipeline);
  }

  #obey(message: ToPipeline): void {
    switch (message.kind) {
      case 'metrics':
        for (const partition of this.#partitions.values()) {
          for (const [name, number] of message.entries) partition.addMetric(name, number);
          partition.metricsAnswered(false);
        }
        return;
      case 'schemas':
        for (const partition of this.#partitions.values()) {
          for (const [name, number] of message.metrics) partition.addMetric(name, number);
          partition.laySchemas(message.images, message.codecs);
        }
        return;
      case 'metrics-denied':
        this.#partitions.get(message.partition)?.metricsAnswered(true);
        return;
      case 'watch':
        this.#owner(message.device)?.watch(message.device, message.on);
        return;
      case 'capture':
        this.#capture(message.device, message.on);
        return;
      case 'latest': {
        const points = message.devices.map((device) => this.#owner(device)?.latest(device) ?? new Uint8Array());
        post({ kind: 'latest', token: message.token, points: Buffer.concat(points) });
        return;
      }
      case 'account': {
        const statement = this.#owner(message.device)?.account(message.device) ?? new Uint8Array();
        post({ kind: 'account', token: message.token, statement });
        return;
      }
      case 'ends':
        for (const [number, offset] of message.ends) this.#partitions.get(number)?.endAt(offset);
        return;
      case 'stop':
        this.#stopping = true;
        for (const partition of this.#partitions.values()) partition.stop();
    }
  }

  #capture(device: number, on: boolean): void {
    const partition = this.#owner(device);
    if (!partition || partition.capture(device, on)) return;
    post({ kind: 'event', level: 'warn', name: 'device-not-captured', fields: { partition: partition.number, device } });
  }

  #owner(device: number): Partition | undefined {
    return this.#partitions.get(partitionOf(device, this.#partitionCount));
  }

  /** Hands batches that are due to the store; answers how long the next may still wait, ms. */
  #sealDue(nowMs: number): number {
    const everyMs = this.#start.batchAgeMsMax;
    let waitMs = Number.POSITIVE_INFINITY;
    for (const { number, batches } of this.#partitions.values()) {
      if (!batches.pending) continue;
      const leftMs = this.#stopping ? 0 : batches.dueInMs(nowMs, everyMs, (number / this.#partitionCount) * everyMs);
      if (leftMs === 0) this.#start.store.postMessage(batches.seal());
      else waitMs = Math.min(waitMs, leftMs);
    }
    return waitMs;
  }

  #postLive(nowMs: number): void {
    this.#livePostedMs = nowMs;
    for (const partition of this.#partitions.values()) {
      const points = partition.takeLive();
      if (points) post({ kind: 'live', points });
      const firmware = takeFirmware(partition.memory);
      if (firmware) post({ kind: 'firmware', reports: firmware });
      const units = takeUnits(partition.memory);
      if (units) post({ kind: 'units', reports: units });
      const signals = takeEdgeSignals(partition.memory);
      if (signals.length > 0) post({ kind: 'edge-signals', signals });
      const verdicts = takeVerdicts(partition.memory);
      if (verdicts) post({ kind: 'verdicts', verdicts });
      const runs = partition.takeCodecRuns();
      if (runs) post({ kind: 'codec-runs', runs });
      const captured = partition.takeCaptures();
      if (captured) post({ kind: 'captured', ...captured });
    }
  }

  #announceCatchUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = [...this.#partitions.values()].every((partition) => partition.caughtUp);
    if (this.#caughtUp) post({ kind: 'caught-up' });
  }
}

function gapEvent(partition: number, gap: Gap): FromPipeline {
  const { from, to, code } = gap;
  const fields = { partition, from: String(from), to: String(to), code };
  if (gap.kind === 'stored before') return { kind: 'event', level: 'warn', name: 'log-gap-already-stored', fields };
  if (gap.kind === 'held') return { kind: 'event', level: 'error', name: 'log-gap-held', fields: { ...fields, message: gap.cause } };
  const { messages, bytes, kept } = gap;
  return {
    kind: 'event',
    level: 'error',
    name: 'log-gap-skipped',
    fields: { ...fields, messagesAtLeast: messages, bytesKept: bytes, kept },
  };
}

const asleep = new Int32Array(new SharedArrayBuffer(4));
if (!parentPort) throw new Error('pipeline/thread is the entry of a worker thread');
const control = parentPort;

function post(message: FromPipeline): void {
  control.postMessage(message);
}

post({ kind: 'ready', tid: threadId() });
// The loop begins after the module was evaluated, for the reason that src/log/file/thread.ts gives.
setImmediate(() => new PipelineThread(workerData as PipelineStart).run());
