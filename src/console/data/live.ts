import { batch, signal } from '@preact/signals';
import type { Value } from './answer.js';
import { reconnectDelayMs } from './backoff.js';

export interface LiveReading {
  readonly device_id: string;
  readonly tenant: string;
  readonly metric: string;
  readonly ts: string;
  readonly value: Value;
  readonly received_at: string;
}

export interface Rates {
  readonly messages_per_second: number;
  readonly readings_per_second: number;
  readonly connections: number;
}

/** `open` only after the key is accepted and all watched devices are subscribed again. */
export type LiveState = 'connecting' | 'open' | 'waiting' | 'refused';

type Message =
  | { readonly type: 'authenticated' | 'subscribed' | 'error' }
  | { readonly type: 'readings'; readonly readings: readonly LiveReading[] }
  | ({ readonly type: 'rates' } & Rates);

const closeKeyRefused = 4401;
/** The server sends rates each second, so a silence this long is a dead connection that TCP has not noticed. */
const silenceMsMax = 6000;

/** The one WebSocket of the page. It comes back by itself and subscribes again to what is watched. */
export class Live {
  readonly state = signal<LiveState>('connecting');
  /** True from the loss of a connection until the next one is open. */
  readonly lost = signal(false);
  readonly retryAtMs = signal(0);
  /** The rates that came last, and when; undefined before the first. */
  readonly rates = signal<(Rates & { readonly receivedMs: number }) | undefined>(undefined);
  #socket: WebSocket | undefined;
  #attempt = 0;
  #heardMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Tenant -> device -> how many parts of the page watch it. */
  readonly #watched = new Map<string, Map<string, number>>();
  readonly #onReturn = new Set<() => void>();
  readonly #onReadings = new Set<(readings: readonly LiveReading[]) => void>();

  constructor(readonly key: string) {
    this.#connect();
  }

  /** Open again after a loss: readings of the meantime must be read from the database. */
  onReturn(listener: () => void): () => void {
    return added(this.#onReturn, listener);
  }

  onReadings(listener: (readings: readonly LiveReading[]) => void): () => void {
    return added(this.#onReadings, listener);
  }

  /** Asks for the readings of these devices until the returned function is called. */
  watch(tenant: string, devices: readonly string[]): () => void {
    const counts = this.#watched.get(tenant) ?? new Map<string, number>();
    this.#watched.set(tenant, counts);
    const fresh = devices.filter((device) => !counts.has(device));
    for (const device of devices) counts.set(device, (counts.get(device) ?? 0) + 1);
    this.#ask('subscribe', tenant, fresh);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(tenant, devices);
    };
  }

  retryNow(): void {
    if (this.state.peek() === 'waiting') this.#connect();
  }

  /** Once a second: notices a connection that went silent. */
  tick(nowMs: number): void {
    const state = this.state.peek();
    if ((state === 'open' || state === 'connecting') && nowMs - this.#heardMs > silenceMsMax) this.#lose();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#detach();
  }

  #release(tenant: string, devices: readonly string[]): void {
    const counts = this.#watched.get(tenant);
    const gone = devices.filter((device) => {
      const count = (counts?.get(device) ?? 0) - 1;
      if (count > 0) counts?.set(device, count);
      else counts?.delete(device);
      return count <= 0;
    });
    this.#ask('unsubscribe', tenant, gone);
  }

  #ask(type: 'subscribe' | 'unsubscribe', tenant: string, devices: readonly string[]): void {
    if (this.state.peek() === 'open' && devices.length > 0) this.#socket?.send(JSON.stringify({ type, tenant, devices }));
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#detach();
    this.#heardMs = Date.now();
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/live`);
    this.#socket = socket;
    this.state.value = 'connecting';
    socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', key: this.key }));
    socket.onmessage = (event) => this.#take(JSON.parse(event.data as string) as Message);
    socket.onclose = (event) => {
      if (event.code !== closeKeyRefused) return this.#lose();
      this.#detach();
      this.state.value = 'refused';
    };
  }

  #take(message: Message): void {
    this.#heardMs = Date.now();
    if (message.type === 'readings') for (const listener of this.#onReadings) listener(message.readings);
    else if (message.type === 'rates') this.rates.value = { ...message, receivedMs: this.#heardMs };
    else if (message.type === 'authenticated') {
      this.#attempt = 0;
      const returned = this.lost.peek();
      batch(() => {
        this.lost.value = false;
        this.state.value = 'open';
        for (const [tenant, devices] of this.#watched) this.#ask('subscribe', tenant, [...devices.keys()]);
      });
      if (returned) for (const listener of this.#onReturn) listener();
    }
  }

  #lose(): void {
    this.#detach();
    const delayMs = reconnectDelayMs(this.#attempt++, Math.random());
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    batch(() => {
      this.lost.value = true;
      this.retryAtMs.value = Date.now() + delayMs;
      this.state.value = 'waiting';
    });
  }

  /** Lets go of the socket without hearing from it again: closing one on a dead network can take minutes. */
  #detach(): void {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = undefined;
  }
}

function added<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
