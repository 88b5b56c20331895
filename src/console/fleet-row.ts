import type { Device, Reading } from './answer.js';
import { element, setAttribute, setHidden, setText } from './element.js';
import { formatAge, formatMoment, formatValue } from './format.js';
import { formatRoute } from './route.js';

const metricsShown = 3;

/** One line of the fleet list. It is made once and shows whichever device its place on the page holds. */
export class FleetRow {
  readonly root: HTMLTableRowElement;
  device: Device | undefined;
  #seenMs = Number.NaN;
  readonly #dot = element('span', { class: 'dot', role: 'img' });
  readonly #link = element('a', { class: 'id' });
  readonly #about = element('span', { class: 'about' });
  readonly #status = element('span', { class: 'tag' });
  readonly #seen = element('td', { class: 'seen' });
  readonly #more = element('span', { class: 'more' });
  readonly #latest = new Map<string, Reading>();
  readonly #metrics = Array.from({ length: metricsShown }, () => {
    const name = element('span', { class: 'metric-name' });
    const value = element('span', { class: 'metric-value' });
    return { root: element('span', { class: 'metric' }, name, value), name, value };
  });

  constructor() {
    this.root = element(
      'tr',
      { hidden: true },
      element('td', { class: 'device' }, this.#dot, this.#link, this.#about),
      element('td', { class: 'status' }, this.#status),
      this.#seen,
      element('td', { class: 'latest' }, ...this.#metrics.map((metric) => metric.root), this.#more),
    );
  }

  show(device: Device | undefined, nowMs: number): void {
    setHidden(this.root, device === undefined);
    if (!device) {
      this.device = undefined;
      return;
    }
    if (this.device?.device_id !== device.device_id) {
      this.#latest.clear();
      this.#seenMs = Number.NaN;
    }
    this.device = device;
    setText(this.#link, device.device_id);
    setAttribute(this.#link, 'href', formatRoute({ page: 'device', tenant: device.tenant, device: device.device_id, metrics: [] }));
    setText(this.#about, [device.device_class, device.via && `via ${device.via}`].filter(Boolean).join(' · '));
    setText(this.#status, device.status);
    setAttribute(this.#status, 'data-status', device.status);
    this.#showConnected(device.connected);
    for (const [metric, reading] of Object.entries(device.latest)) this.#keep(metric, reading);
    const seenMs = device.last_seen_at === null ? Number.NaN : Date.parse(device.last_seen_at);
    if (!(this.#seenMs > seenMs)) this.#seenMs = seenMs;
    this.tick(nowMs);
    this.paint();
  }

  /** Takes a live reading; `paint` shows it. */
  take(metric: string, reading: Reading, receivedMs: number): void {
    this.#keep(metric, reading);
    if (!(this.#seenMs > receivedMs)) this.#seenMs = receivedMs;
  }

  tick(nowMs: number): void {
    setText(this.#seen, formatAge(this.#seenMs, nowMs));
    setAttribute(this.#seen, 'title', formatMoment(this.#seenMs));
  }

  paint(): void {
    const names = this.#latest.keys();
    for (const metric of this.#metrics) {
      const name = names.next().value;
      setHidden(metric.root, name === undefined);
      if (name === undefined) continue;
      setText(metric.name, name);
      setText(metric.value, formatValue(this.#latest.get(name)!.value));
    }
    const rest = this.#latest.size - metricsShown;
    setText(this.#more, rest > 0 ? `+${rest}` : this.#latest.size === 0 ? 'no data yet' : '');
  }

  /** The poll and the live stream race; the newer device time wins. */
  #keep(metric: string, reading: Reading): void {
    const held = this.#latest.get(metric);
    if (!held || Date.parse(reading.ts) >= Date.parse(held.ts)) this.#latest.set(metric, reading);
  }

  #showConnected(connected: boolean): void {
    setAttribute(this.#dot, 'data-connected', String(connected));
    setAttribute(this.#dot, 'aria-label', connected ? 'connected' : 'not connected');
    setAttribute(this.#dot, 'title', connected ? 'Connected over MQTT' : 'No MQTT connection of its own');
  }
}
