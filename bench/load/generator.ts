import { setTimeout as delay } from 'node:timers/promises';
import { AckLatency } from './ack-latency.js';
import { type ConnectionPlan, LoadConnection } from './connection.js';

/** What the bench tells a generator process; it answers `ready`, then `done` after `go`, and ends after `end`. */
export type ToGenerator =
  | { readonly kind: 'open'; readonly connections: readonly ConnectionPlan[]; readonly deviceIds: readonly string[] }
  | { readonly kind: 'go'; readonly seconds: number; readonly messagesPerSecond: number | undefined }
  | { readonly kind: 'end' };
export type FromGenerator = { readonly kind: 'ready' } | ({ readonly kind: 'done' } & GeneratorResult);

export interface GeneratorResult {
  /** Messages sent, by connection. */
  readonly sent: readonly { readonly connection: number; readonly messages: number }[];
  readonly acked: number;
  /** Unix time in ms, with a fraction. */
  readonly firstSendMs: number;
  readonly lastSendMs: number;
  readonly ackBuckets: readonly number[];
  readonly cpuSeconds: number;
}

const settleMsMax = 60_000;

class Generator {
  readonly #latency = new AckLatency();
  readonly #waiting = new Set<LoadConnection>();
  #connections: LoadConnection[] = [];
  #wake = () => {};

  async open(plans: readonly ConnectionPlan[], deviceIds: readonly string[]): Promise<void> {
    for (const plan of plans) {
      const connection: LoadConnection = await LoadConnection.open(plan, deviceIds, this.#latency, () => {
        if (this.#waiting.delete(connection)) this.#wake();
      });
      this.#connections.push(connection);
    }
  }

  /** Sends as fast as sockets and windows take it, or at a given rate over all connections. */
  async go(seconds: number, messagesPerSecond: number | undefined): Promise<GeneratorResult> {
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    const endMs = startMs + seconds * 1000;
    while (performance.now() < endMs) {
      const elapsedMs = performance.now() - startMs;
      const share = messagesPerSecond === undefined ? undefined : (messagesPerSecond * elapsedMs) / 1000 / this.#connections.length;
      const moved = this.#round(share);
      if (!moved) await this.#ready(share === undefined ? endMs - performance.now() : 1);
      else await new Promise(setImmediate);
    }
    const lastMs = performance.now();
    const deadline = lastMs + settleMsMax;
    while (!this.#connections.every((connection) => connection.settled)) {
      if (performance.now() > deadline) throw new Error('cannot end the load: messages are unacknowledged');
      await delay(1);
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      sent: this.#connections.map(({ plan, sent }) => ({ connection: plan.connection, messages: sent })),
      acked: this.#connections.reduce((sum, { acked }) => sum + acked, 0),
      firstSendMs: performance.timeOrigin + startMs,
      lastSendMs: performance.timeOrigin + lastMs,
      ackBuckets: [...this.#latency.buckets],
      cpuSeconds: (user + system) / 1e6,
    };
  }

  end(): void {
    for (const connection of this.#connections) connection.close();
  }

  #round(share: number | undefined): boolean {
    let moved = false;
    for (const connection of this.#connections) {
      if (this.#waiting.has(connection)) continue;
      const before = connection.sent;
      const more = connection.pump(share === undefined ? undefined : Math.floor(share));
      if (connection.sent > before) moved = true;
      // At a given rate a connection that has sent its share waits for time, not for room.
      if (!more && share === undefined) this.#waiting.add(connection);
    }
    return moved;
  }

  #ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, timeoutMs));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const generator = new Generator();
process.on('message', async (message: ToGenerator) => {
  if (message.kind === 'open') {
    await generator.open(message.connections, message.deviceIds);
    tell({ kind: 'ready' });
  } else if (message.kind === 'go') {
    tell({ kind: 'done', ...(await generator.go(message.seconds, message.messagesPerSecond)) });
  } else {
    generator.end();
    process.disconnect();
  }
});
process.on('disconnect', () => generator.end());

function tell(message: FromGenerator): void {
  process.send?.(message);
}
