import { batch, signal } from '@preact/signals';
import type { Device, LatestReading, Ledger, Refusal } from './answer.js';
import type { Context } from './context.js';
import { frameWork } from './frame.js';
import type { LiveReading } from './live.js';
import { MetricList } from './metric-list.js';
import { MetricPanels } from './metric-panels.js';
import { type DeviceRoute, formatRoute } from './route.js';
import { TimeWindow } from './time-window.js';

/** The registry's entry, the ledger and what the live stream left out come with this poll. */
const refreshMs = 3000;
/** A page that fell behind is left out of some live messages; this fills what it missed. */
const rereadMs = 60_000;
/** Charts that a device opens with when the address names none. */
const chartsFirst = 4;

/** One device as its page shows it: registry entry, ledger, latest values and charts, all kept up to date. */
export class WatchedDevice {
  readonly device = signal<Device | undefined>(undefined);
  readonly refusal = signal<Refusal | undefined>(undefined);
  /** Why the latest values cannot be had. */
  readonly latestRefusal = signal<Refusal | undefined>(undefined);
  readonly ledger = signal<Ledger | undefined>(undefined);
  /** When its last message came, ms of the Unix epoch; NaN: not known. */
  readonly seenMs = signal(Number.NaN);
  readonly metrics = new MetricList();
  readonly time = new TimeWindow();
  readonly panels: MetricPanels;
  readonly #ended = new AbortController();
  readonly #draw = frameWork(() => this.panels.drawDirty());
  readonly #stops: readonly (() => void)[];
  /** Until somebody picks, the first metrics that are numbers are charted. */
  #picked: boolean;
  /** Calls under way. */
  readonly #asking = new Set<string>();
  #refreshAtMs = 0;
  #rereadAtMs = Date.now() + rereadMs;
  #unwatch: () => void;

  constructor(
    private readonly context: Context,
    private readonly route: DeviceRoute,
  ) {
    this.#picked = route.metrics.length > 0;
    this.panels = new MetricPanels(context.api, route, this.time, this.#ended.signal);
    this.#stops = [
      // The subscription comes before the history, so that nothing falls between them.
      context.live.onReadings((readings) => this.#take(readings)),
      context.live.onReturn(() => {
        this.#refresh();
        this.panels.read();
      }),
    ];
    this.#unwatch = context.live.watch(route.tenant, [route.device]);
    this.panels.select(route.metrics);
    this.#refresh();
  }

  tick(nowMs: number): void {
    this.panels.tick(nowMs);
    if (nowMs >= this.#refreshAtMs && this.#asking.size === 0) this.#refresh();
    if (nowMs < this.#rereadAtMs) return;
    this.#rereadAtMs = nowMs + rereadMs;
    this.panels.read();
  }

  close(): void {
    this.#ended.abort();
    for (const stop of this.#stops) stop();
    this.#unwatch();
    this.#draw.cancel();
    this.panels.close();
  }

  /** Charts a metric, or no longer. */
  pick(metric: string, on: boolean): void {
    this.#picked = true;
    const others = this.panels.selected.peek().filter((name) => name !== metric);
    this.panels.select(on ? [...others, metric] : others);
    // The address names the charts, so a link shows what its sender saw.
    history.replaceState(null, '', formatRoute({ ...this.route, metrics: this.panels.selected.peek() }));
    this.panels.tick(Date.now());
  }

  showWindow(minutes: number): void {
    this.time.minutes.value = minutes;
    this.time.resume();
    this.panels.read();
    this.panels.drawAll();
  }

  freeze(fromMs: number, toMs: number): void {
    this.time.freeze(fromMs, toMs);
    this.panels.drawAll();
  }

  resume(): void {
    this.time.resume();
    this.panels.drawAll();
  }

  #refresh(): void {
    this.#refreshAtMs = Date.now() + refreshMs;
    const { tenant, device } = this.route;
    const { api } = this.context;
    // Apart from one another: a database that stands still holds up some of the answers only.
    void this.#ask('device', api.device(tenant, device, this.#ended.signal), (entry) => {
      if (entry.ok) this.#show(entry.value);
      else if (entry.refusal.code !== 'unreachable') this.refusal.value = entry.refusal;
    });
    void this.#ask('ledger', api.ledger(tenant, device, this.#ended.signal), (ledger) => {
      if (ledger.ok) this.ledger.value = ledger.value;
    });
    void this.#ask('latest', api.latest(tenant, device, this.#ended.signal), (latest) => {
      this.latestRefusal.value = latest.ok || latest.refusal.code === 'unreachable' ? undefined : latest.refusal;
      if (latest.ok) for (const [metric, reading] of Object.entries(latest.value.metrics)) this.#learn(metric, reading);
      this.#draw.request();
    });
  }

  async #ask<T>(name: string, answer: Promise<T>, take: (answer: T) => void): Promise<void> {
    this.#asking.add(name);
    const came = await answer;
    this.#asking.delete(name);
    if (!this.#ended.signal.aborted) batch(() => take(came));
  }

  #show(device: Device): void {
    if (this.refusal.peek()?.code === 'device_unknown') this.#watchAgain();
    this.refusal.value = undefined;
    this.device.value = device;
    if (device.last_seen_at !== null) this.#see(Date.parse(device.last_seen_at));
    for (const [metric, reading] of Object.entries(device.latest)) this.#learn(metric, reading);
  }

  /** The server forgets a subscription to a device that is not registered yet. */
  #watchAgain(): void {
    this.#unwatch();
    this.#unwatch = this.context.live.watch(this.route.tenant, [this.route.device]);
  }

  #take(readings: readonly LiveReading[]): void {
    const { tenant, device } = this.route;
    batch(() => {
      for (const reading of readings) {
        if (reading.device_id !== device || reading.tenant !== tenant) continue;
        this.#learn(reading.metric, reading);
        this.#see(Date.parse(reading.received_at));
        this.#draw.request();
      }
    });
  }

  #see(receivedMs: number): void {
    if (!(this.seenMs.peek() > receivedMs)) this.seenMs.value = receivedMs;
  }

  #learn(metric: string, reading: LatestReading): void {
    const fresh = this.metrics.take(metric, reading);
    this.panels.learnKind(metric, typeof reading.value === 'string' ? 'text' : 'chart');
    this.panels.take(metric, Date.parse(reading.ts), reading.value);
    const chosen = this.panels.selected.peek();
    if (!fresh || this.#picked || typeof reading.value === 'string' || chosen.length >= chartsFirst) return;
    this.panels.select([...chosen, metric].sort());
  }
}
