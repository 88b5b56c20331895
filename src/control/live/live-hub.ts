import type { DataPlane, DeviceViews, Point } from '../../contract/data-plane.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { type CatchUp, CatchUpMeter } from './catch-up-meter.js';
import { NO_RATES, RateMeter, type Rates, sumRates } from './rate-meter.js';

/** A watcher of devices: one WebSocket. */
export interface LiveClient {
  /** false: the client is slow, and this message was left out. */
  send(text: string): boolean;
  /** Whether the rates, which are those of all tenants, are not for it. */
  readonly isOfOneTenant?: boolean;
}

export interface LiveHubOptions {
  readonly plane: Pick<DataPlane, 'counters' | 'lag'>;
  readonly views: Pick<DeviceViews, 'watch' | 'onLive'>;
  readonly registry: Pick<Registry, 'byNumber'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
  /** Of the deployment's other processes, as they said last; absent: there are none. */
  readonly othersRates?: (() => Rates) | undefined;
  /** Devices that all clients together may watch; absent: any number. */
  readonly watchedMax?: number | undefined;
  readonly nowMs?: () => number;
}

/** Devices one client may watch. */
export const SUBSCRIPTIONS_MAX = 1000;
/** Readings that wait for the end of a turn, a client; more of them are skipped and counted. */
const PENDING_MAX = 5000;
const RATES_EVERY_MS = 1000;

interface Subscriber {
  readonly devices: Set<number>;
  pending: string[];
}

/** Hands readings of watched devices to their watchers, and rates to all. A view may skip; it never queues without bound. */
export class LiveHub {
  readonly #plane: LiveHubOptions['plane'];
  readonly #views: LiveHubOptions['views'];
  readonly #watchedMax: number;
  readonly #othersRates: () => Rates;
  readonly #registry: LiveHubOptions['registry'];
  readonly #metricNames: LiveHubOptions['metricNames'];
  readonly #nowMs: () => number;
  readonly #meter = new RateMeter();
  readonly #catchUpMeter = new CatchUpMeter();
  readonly #clients = new Map<LiveClient, Subscriber>();
  readonly #watchers = new Map<number, Map<LiveClient, Subscriber>>();
  readonly #timer: NodeJS.Timeout;
  #flushing = false;
  /** Readings not shown because a client was slow. */
  skipped = 0;
  sent = 0;

  constructor({ plane, views, registry, metricNames, watchedMax, othersRates, nowMs = () => performance.now() }: LiveHubOptions) {
    this.#plane = plane;
    this.#views = views;
    this.#watchedMax = watchedMax ?? Number.POSITIVE_INFINITY;
    this.#othersRates = othersRates ?? (() => NO_RATES);
    this.#registry = registry;
    this.#metricNames = metricNames;
    this.#nowMs = nowMs;
    views.onLive((points) => this.#take(points));
    this.#timer = setInterval(() => this.tick(), RATES_EVERY_MS).unref();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Of the whole deployment. */
  get rates(): Rates {
    return sumRates([this.#meter.rates, this.othersRates]);
  }

  get othersRates(): Rates {
    return this.#othersRates();
  }

  get ownRates(): Rates {
    return this.#meter.rates;
  }

  get catchUp(): CatchUp {
    return this.#catchUpMeter.catchUp;
  }

  add(client: LiveClient): void {
    this.#clients.set(client, { devices: new Set(), pending: [] });
  }

  remove(client: LiveClient): void {
    const subscriber = this.#clients.get(client);
    if (!subscriber) return;
    for (const device of subscriber.devices) this.#unwatch(client, device);
    this.#clients.delete(client);
  }

  /** Undefined; or why not, and nothing changed: more devices would be watched than may be. */
  subscribe(client: LiveClient, devices: readonly Device[]): string | undefined {
    const subscriber = this.#subscriber(client);
    const fresh = new Set(devices.map((device) => device.number).filter((number) => !subscriber.devices.has(number)));
    if (subscriber.devices.size + fresh.size > SUBSCRIPTIONS_MAX) return `one socket watches ${SUBSCRIPTIONS_MAX} devices at most`;
    const unseen = [...fresh].filter((number) => !this.#watchers.has(number));
    if (this.#watchers.size + unseen.length > this.#watchedMax) return `all sockets together watch ${this.#watchedMax} devices at most`;
    for (const number of fresh) {
      subscriber.devices.add(number);
      const watchers = this.#watchers.get(number);
      if (watchers) {
        watchers.set(client, subscriber);
        continue;
      }
      this.#watchers.set(number, new Map([[client, subscriber]]));
      this.#views.watch(number, true);
    }
    return undefined;
  }

  unsubscribe(client: LiveClient, devices: readonly Device[]): void {
    const subscriber = this.#subscriber(client);
    for (const { number } of devices) if (subscriber.devices.delete(number)) this.#unwatch(client, number);
  }

  /** Looks at the counters and tells the rates; the hub's own timer calls it each second. */
  tick(): void {
    this.#meter.sample(this.#plane.counters(), this.#nowMs());
    this.#catchUpMeter.sample(this.#plane.lag(), this.#nowMs());
    if (this.#clients.size === 0) return;
    const { messagesPerSecond, readingsPerSecond, connections } = this.rates;
    const text = JSON.stringify({
      type: 'rates',
      messages_per_second: messagesPerSecond,
      readings_per_second: readingsPerSecond,
      connections,
    });
    for (const client of this.#clients.keys()) if (!client.isOfOneTenant) client.send(text);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const client of [...this.#clients.keys()]) this.remove(client);
  }

  #subscriber(client: LiveClient): Subscriber {
    const subscriber = this.#clients.get(client);
    if (!subscriber) throw new Error('the client was not added to the hub');
    return subscriber;
  }

  #unwatch(client: LiveClient, device: number): void {
    const watchers = this.#watchers.get(device);
    if (!watchers?.delete(client) || watchers.size > 0) return;
    this.#watchers.delete(device);
    this.#views.watch(device, false);
  }

  #take(points: readonly Point[]): void {
    for (const point of points) {
      const watchers = this.#watchers.get(point.device);
      const text = watchers && this.#format(point);
      if (!watchers || text === undefined) continue;
      for (const subscriber of watchers.values()) {
        if (subscriber.pending.length < PENDING_MAX) subscriber.pending.push(text);
        else this.skipped++;
      }
    }
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    for (const [client, subscriber] of this.#clients) {
      if (subscriber.pending.length === 0) continue;
      const readings = subscriber.pending;
      subscriber.pending = [];
      if (client.send(`{"type":"readings","readings":[${readings.join(',')}]}`)) this.sent += readings.length;
      else this.skipped += readings.length;
    }
  }

  #format(point: Point): string | undefined {
    const device = this.#registry.byNumber(point.device);
    const metric = this.#metricNames.name(point.metric);
    if (!device || metric === undefined) return undefined;
    return JSON.stringify({
      device_id: device.id,
      tenant: device.tenant,
      metric,
      ts: new Date(point.tsMs).toISOString(),
      value: point.value,
      received_at: new Date(point.receivedMs).toISOString(),
    });
  }
}
