import { batch, signal } from '@preact/signals';
import type { DevicePage, Refusal } from './answer.js';
import type { Context } from './context.js';
import { everyDevice, type FleetFilter, queryOf } from './fleet-filter.js';
import { FleetRow } from './fleet-row.js';
import { frameWork } from './frame.js';
import type { LiveReading } from './live.js';

const rowsMax = 100;
const refreshMs = 3000;
/** The rest of the time between refreshes is the server's: a refresh that took long comes less often. */
const refreshShare = 20;
/** Nobody reads a value that changes faster. */
const paintGapMs = 200;

/** Where a page of the list starts: after this device (undefined: at the first), which is the `index`-th of all. */
interface Start {
  readonly after: string | undefined;
  readonly index: number;
}

/** One page of a tenant's devices, refreshed and live. */
export class Fleet {
  readonly rows = signal<readonly FleetRow[]>([]);
  /** The answer that the rows come from; undefined while the first of a page is under way. */
  readonly found = signal<DevicePage | undefined>(undefined);
  readonly filter = signal(everyDevice);
  readonly refusal = signal<Refusal | undefined>(undefined);
  /** Of each page up to this one; the last is the one shown. */
  readonly starts = signal<readonly Start[]>([{ after: undefined, index: 0 }]);
  /** A page or a filter was asked for that is not there yet. */
  readonly loading = signal(true);
  readonly #byId = new Map<string, FleetRow>();
  readonly #dirty = new Set<FleetRow>();
  #call: AbortController | undefined;
  #refreshAtMs = Number.POSITIVE_INFINITY;
  #unwatch = () => {};
  readonly #stops: readonly (() => void)[];
  readonly #paint = frameWork(() => this.#paintDirty(), paintGapMs);

  constructor(
    private readonly context: Context,
    private readonly tenant: string,
  ) {
    this.#stops = [context.live.onReadings((readings) => this.#take(readings)), context.live.onReturn(() => void this.load())];
    void this.load();
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#refreshAtMs) void this.load();
  }

  close(): void {
    this.#call?.abort();
    this.#unwatch();
    for (const stop of this.#stops) stop();
    this.#paint.cancel();
  }

  search(filter: FleetFilter): void {
    this.filter.value = filter;
    this.#turnTo([{ after: undefined, index: 0 }]);
  }

  next(): void {
    const found = this.found.peek();
    const starts = this.starts.peek();
    if (found?.next) this.#turnTo([...starts, { after: found.next, index: starts.at(-1)!.index + found.devices.length }]);
  }

  previous(): void {
    this.#turnTo(this.starts.peek().slice(0, -1));
  }

  #turnTo(starts: readonly Start[]): void {
    batch(() => {
      this.starts.value = starts;
      this.loading.value = true;
    });
    void this.load();
  }

  async load(): Promise<void> {
    this.#call?.abort();
    const call = new AbortController();
    this.#call = call;
    this.#refreshAtMs = Number.POSITIVE_INFINITY;
    const startedMs = Date.now();
    const { after } = this.starts.peek().at(-1)!;
    const answer = await this.context.api.devices(
      { tenant: this.tenant, limit: rowsMax, after, ...queryOf(this.filter.peek()) },
      call.signal,
    );
    if (call.signal.aborted) return;
    const nowMs = Date.now();
    this.#refreshAtMs = nowMs + Math.max(refreshMs, (nowMs - startedMs) * refreshShare);
    batch(() => {
      this.refusal.value = answer.ok ? undefined : answer.refusal;
      if (answer.ok) this.#show(answer.value);
      else if (this.loading.peek()) this.#clear();
      this.loading.value = false;
    });
  }

  /** What is shown answers another question than the one that was refused. */
  #clear(): void {
    this.rows.value = [];
    this.found.value = undefined;
    this.#watch([]);
  }

  #show(found: DevicePage): void {
    const rows = found.devices.map((device) => {
      const row = this.#byId.get(device.device_id);
      row?.show(device);
      return row ?? new FleetRow(device);
    });
    const before = this.rows.peek();
    if (rows.length !== before.length || rows.some((row, index) => row !== before[index])) {
      this.rows.value = rows;
      this.#watch(found.devices.map((device) => device.device_id));
    }
    this.found.value = found;
  }

  #watch(ids: readonly string[]): void {
    const unwatch = this.#unwatch;
    this.#unwatch = this.context.live.watch(this.tenant, ids);
    unwatch();
    this.#byId.clear();
    for (const [index, id] of ids.entries()) this.#byId.set(id, this.rows.peek()[index]!);
  }

  #take(readings: readonly LiveReading[]): void {
    for (const reading of readings) {
      if (reading.tenant !== this.tenant) continue;
      const row = this.#byId.get(reading.device_id);
      if (!row) continue;
      row.take(reading.metric, reading, Date.parse(reading.received_at));
      this.#dirty.add(row);
    }
    if (this.#dirty.size > 0) this.#paint.request();
  }

  #paintDirty(): void {
    batch(() => {
      for (const row of this.#dirty) row.paint();
    });
    this.#dirty.clear();
  }
}
