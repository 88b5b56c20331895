import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { partitionOf } from '../contract/partition.js';
import type { FromPipeline, PipelineStart, StoreToPipeline, ToPipeline } from '../contract/threads.js';
import { Doorbell, pipelineDoorbell } from '../host/doorbell.js';
import { Progress } from '../host/progress.js';
import { RecordFeed } from '../host/record-ring.js';
import { threadId } from '../host/thread-id.js';
import { LogReader } from '../log/reader.js';
import { Partition } from './partition.js';

/** Live points are handed over at most this often while there is work, ms. */
const LIVE_MS = 10;
const WAIT_MS_MAX = 1000;
/**
 * Rounds with work begin at least this far apart. Under load the log rings for every commit; to run what
 * several of them brought in one go saves as many wake-ups, reads and cold caches.
 */
const ROUND_MS = 10;

/** The loop of a pipeline thread: it never blocks but on its doorbell, and runs whatever was rung for. */
class PipelineThread {
  readonly #start: PipelineStart;
  readonly #bell: Doorbell;
  readonly #partitions = new Map<number, Partition>();
  #caughtUp = false;
  #stopping = false;
  #livePostedMs = 0;
  readonly #partitionCount: number;

  constructor(start: PipelineStart) {
    this.#start = start;
    this.#bell = new Doorbell(start.shared.doorbells, pipelineDoorbell(start.index));
    const progress = new Progress(start.shared.progress);
    this.#partitionCount = progress.partitions;
    const log = start.feeds ? new RecordFeed(start.feeds) : new LogReader(start.logFolder);
    for (const { number, memory, committed } of start.partitions) {
      this.#partitions.set(
        number,
        new Partition(number, memory, committed, log, progress, {
          batch: (batch) => this.#start.store.postMessage(batch),
          unknownMetrics: (partition, names) => post({ kind: 'unknown-metrics', partition, names }),
          halted: (partition, message) => post({ kind: 'halted', partition, message }),
          gap: (partition, from, to) =>
            post({ kind: 'event', level: 'error', name: 'log_gap', fields: { partition, from: String(from), to: String(to) } }),
        }),
      );
    }
  }

  run(): void {
    for (;;) {
      const seen = this.#bell.seen();
      this.#receive();
      const nowMs = performance.now();
      let worked = false;
      for (const partition of this.#partitions.values()) worked = partition.step(nowMs) || worked;
      const waitMs = this.#sealAged(nowMs);
      if (!worked || nowMs - this.#livePostedMs >= LIVE_MS) this.#postLive(nowMs);
      this.#announceCatchUp();
      if (worked) {
        this.#rest(nowMs);
        continue;
      }
      if (this.#stopping && [...this.#partitions.values()].every((partition) => partition.drained)) return;
      this.#bell.wait(seen, Math.min(waitMs, WAIT_MS_MAX));
    }
  }

  #rest(roundMs: number): void {
    const restMs = roundMs + ROUND_MS - performance.now();
    if (restMs > 0 && !this.#stopping) Atomics.wait(asleep, 0, 0, restMs);
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
      case 'metrics-denied':
        this.#partitions.get(message.partition)?.metricsAnswered(true);
        return;
      case 'watch':
        this.#owner(message.device)?.watch(message.device, message.on);
        return;
      case 'latest': {
        const points = message.devices.map((device) => this.#owner(device)?.latest(device) ?? new Uint8Array());
        post({ kind: 'latest', token: message.token, points: Buffer.concat(points) });
        return;
      }
      case 'stop':
        this.#stopping = true;
    }
  }

  #owner(device: number): Partition | undefined {
    return this.#partitions.get(partitionOf(device, this.#partitionCount));
  }

  /** Hands aged batches to the store; answers how long the youngest may still wait, ms. */
  #sealAged(nowMs: number): number {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const { batches } of this.#partitions.values()) {
      if (!batches.pending) continue;
      const leftMs = this.#stopping ? 0 : batches.ageLeftMs(nowMs, this.#start.batchAgeMsMax);
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
    }
  }

  #announceCatchUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = [...this.#partitions.values()].every((partition) => partition.caughtUp);
    if (this.#caughtUp) post({ kind: 'caught-up' });
  }
}

const asleep = new Int32Array(new SharedArrayBuffer(4));
if (!parentPort) throw new Error('pipeline/thread is the entry of a worker thread');
const control = parentPort;

function post(message: FromPipeline): void {
  control.postMessage(message);
}

post({ kind: 'ready', tid: threadId() });
new PipelineThread(workerData as PipelineStart).run();
