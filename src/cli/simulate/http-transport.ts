import { Agent, request } from 'node:http';
import { backoffMs, type Transport, type TransportPlan } from './transport.js';

const socketsMax = 64;
const attemptsMax = 6;

/** POST /v1/ingest for each message, over kept connections that all devices share. */
export function openHttpTransport(plan: TransportPlan): Transport {
  return new HttpTransport(plan);
}

class HttpTransport implements Transport {
  lastTrouble: string | undefined;
  readonly #plan: TransportPlan;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: socketsMax });
  readonly #timers = new Set<NodeJS.Timeout>();
  #reachable = true;
  #closing = false;

  constructor(plan: TransportPlan) {
    this.#plan = plan;
  }

  get connected(): number {
    return this.#reachable ? this.#plan.devices.length : 0;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  publish(device: number, payload: string, done: (refusal?: string) => void): void {
    this.#attempt(device, payload, done, 1);
  }

  close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#agent.destroy();
    return Promise.resolve();
  }

  #attempt(device: number, payload: string, done: (refusal?: string) => void, attempt: number): void {
    const { host, port, tenant, token, devices } = this.#plan;
    const path = `/v1/ingest/${encodeURIComponent(devices[device] ?? '')}?tenant=${encodeURIComponent(tenant)}`;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    };
    // A connection may break while the answer is read: both ends of the exchange then report it.
    let over = false;
    const finish = (refusal?: string) => {
      if (!over) done(refusal);
      over = true;
    };
    const retry = (trouble: string) => {
      if (over) return;
      this.lastTrouble = trouble;
      if (this.#closing || attempt >= attemptsMax) return finish(trouble);
      over = true;
      this.#later(backoffMs(attempt - 1), () => this.#attempt(device, payload, done, attempt + 1));
    };
    const broken = (error: NodeJS.ErrnoException) => {
      this.#reachable = false;
      retry(error.message || error.code || error.name);
    };
    const sent = request({ agent: this.#agent, host, port, method: 'POST', path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('error', broken);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        this.#reachable = true;
        const status = answer.statusCode ?? 0;
        if (status < 300) finish();
        else if (status === 429 || status >= 500) retry(`HTTP ${status}`);
        else finish(refusalOf(status, Buffer.concat(chunks).toString()));
      });
    });
    sent.on('error', broken);
    sent.end(payload);
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

function refusalOf(status: number, body: string): string {
  try {
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    return `${error.code}: ${error.message}`;
  } catch {
    return `HTTP ${status}`;
  }
}
