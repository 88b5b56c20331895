import { batch, signal } from '@preact/signals';
import type { Answer, Capture, Captured, CapturedMessages, Refusal } from './answer.js';
import type { Context } from './context.js';
import type { DebugRoute } from './route.js';

const path = '/v1/debug/captures';
/** Messages that the page keeps; the appliance keeps fewer. */
const shownMax = 500;

/** A capture of the messages of one device, or of clients that are not let in, as its page shows it. */
export class DebugCapture {
  /** Undefined until one was begun or found. */
  readonly capture = signal<Capture | undefined>(undefined);
  /** Newest first. */
  readonly captured = signal<readonly Captured[]>([]);
  readonly refusal = signal<Refusal | undefined>(undefined);
  /** Whether it is known if a capture runs. */
  readonly known = signal(false);
  readonly #ended = new AbortController();
  #next = 0;
  #reading = false;

  constructor(
    private readonly context: Context,
    private readonly route: DebugRoute,
  ) {
    void this.#find();
  }

  /** Once a second: what came since. */
  tick(): void {
    if (!this.known.peek()) void this.#find();
    else if (this.capture.peek()?.state === 'running') void this.#read();
  }

  /** The capture itself ends by its time, so that a page that is opened again finds it. */
  close(): void {
    this.#ended.abort();
  }

  async start(seconds: number): Promise<void> {
    const { tenant, device } = this.route;
    const target = device === undefined ? { unknown: true } : { tenant, device_id: device };
    const answer = await this.#ask<Capture>('POST', path, {}, { ...target, seconds, messages_max: 500 });
    if (answer?.ok) this.#show(answer.value);
  }

  async stop(): Promise<void> {
    const capture = this.capture.peek();
    if (!capture) return;
    await this.#ask('DELETE', `${path}/${capture.capture_id}`);
    await this.#read();
  }

  async #find(): Promise<void> {
    const answer = await this.#ask<{ captures: readonly Capture[] }>('GET', path);
    if (!answer?.ok) return;
    const { tenant, device } = this.route;
    const own = answer.value.captures.filter((capture) =>
      device === undefined ? capture.device_id === null : capture.device_id === device && capture.tenant === tenant,
    );
    this.known.value = true;
    const newest = own.at(-1);
    if (!newest) return;
    this.#show(newest);
    await this.#read();
  }

  #show(capture: Capture): void {
    this.#next = 0;
    batch(() => {
      this.capture.value = capture;
      this.captured.value = [];
      this.known.value = true;
    });
  }

  async #read(): Promise<void> {
    const capture = this.capture.peek();
    if (this.#reading || !capture) return;
    this.#reading = true;
    const answer = await this.#ask<CapturedMessages>('GET', `${path}/${capture.capture_id}`, { after: this.#next });
    this.#reading = false;
    if (!answer || this.capture.peek()?.capture_id !== capture.capture_id) return;
    if (!answer.ok) {
      // The process was started anew: what it had captured is gone.
      if (answer.refusal.code === 'capture_unknown') this.capture.value = { ...capture, state: 'ended' };
      return;
    }
    const { captured, next, ...rest } = answer.value;
    this.#next = next;
    batch(() => {
      this.capture.value = rest;
      if (captured.length > 0) this.captured.value = [...captured.toReversed(), ...this.captured.peek()].slice(0, shownMax);
    });
  }

  /** Undefined: the page is gone. */
  async #ask<T>(
    method: 'GET' | 'POST' | 'DELETE',
    at: string,
    query: Record<string, number> = {},
    body?: unknown,
  ): Promise<Answer<T> | undefined> {
    const answer = await this.context.api.call<T>(method, at, query, body, this.#ended.signal);
    if (this.#ended.signal.aborted) return undefined;
    this.refusal.value = answer.ok ? undefined : answer.refusal;
    return answer;
  }
}
