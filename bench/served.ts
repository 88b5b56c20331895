import { Load, type LoadShape, type Target } from './load/load.js';
import { Sink } from './load/load-process.js';
import { rounded, roundedOrNull } from './median.js';
import { processCpuSeconds } from './process-cpu.js';

/** What one server did with a load; `null` where the platform or the QoS does not tell. */
export interface Served {
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly cpuUsPerMessage: number | null;
  readonly generatorCpuUsPerMessage: number | null;
  readonly ackMs: { readonly p50: number | null; readonly p99: number | null };
}

/** Loads a server that needs no registration, and counts the CPU of these processes. Throws when acknowledgements are missing. */
export async function loadServer(port: number, pids: readonly number[], shape: LoadShape): Promise<Served> {
  const load = await Load.open(targetAt(port), shape);
  try {
    const cpu = () => pids.reduce((sum, pid) => sum + (processCpuSeconds(pid) ?? Number.NaN), 0);
    const before = cpu();
    const done = await load.go();
    const seconds = (done.settledMs - done.firstSendMs) / 1000;
    if (done.messages === 0) throw new Error('cannot trust the run: nothing was sent');
    if (shape.qos > 0 && done.acked !== done.messages)
      throw new Error(`cannot trust the run: ${done.acked} of ${done.messages} messages were acknowledged`);
    return {
      messages: done.messages,
      messagesPerSecond: Math.round(done.messages / seconds),
      cpuUsPerMessage: roundedOrNull(((cpu() - before) * 1e6) / done.messages),
      generatorCpuUsPerMessage: rounded((done.cpuSeconds * 1e6) / done.messages),
      ackMs: { p50: roundedOrNull(done.latency.percentileMs(50)), p99: roundedOrNull(done.latency.percentileMs(99)) },
    };
  } finally {
    await load.end();
  }
}

/** Any name will do. */
export function targetAt(port: number): Target {
  return { host: '127.0.0.1', port, userName: 'bench', password: 'bench' };
}

/** Starts a bare sink for as long as the work takes. */
export async function withSink<T>(work: (sink: Sink) => Promise<T>, delayMs = 0): Promise<T> {
  const sink = await Sink.start(delayMs);
  try {
    return await work(sink);
  } finally {
    await sink.stop();
  }
}

/** How many times the first is of the second; null where either is unknown. */
export function ratioOf(first: number | null | undefined, second: number | null | undefined): number | null {
  return typeof first === 'number' && typeof second === 'number' && second > 0 ? rounded(first / second) : null;
}
