import type { Device } from './answer.js';
import { element, setAttribute, setHidden, setText } from './element.js';
import { formatAge, formatMoment } from './format.js';
import { formatRoute, type Route } from './route.js';

/** What the registry knows of a device: the heading of its page and the list beside the charts. */
export class DeviceFacts {
  readonly heading: HTMLElement;
  readonly details: HTMLElement;
  readonly state = element('span', { class: 'tag', 'data-status': 'unknown' });
  readonly #dot = element('span', { class: 'dot', role: 'img', hidden: true });
  readonly #seen = element('span', { class: 'seen' });
  readonly #list = element('dl');
  #seenMs = Number.NaN;
  #shown = '';

  constructor(route: Extract<Route, { page: 'device' }>) {
    const back = element('a', { class: 'back', href: formatRoute({ page: 'fleet', tenant: route.tenant }) }, 'Devices');
    const name = element('h1', { tabindex: -1, class: 'id' }, route.device);
    const crumbs = element('nav', { 'aria-label': 'Path' }, back, element('span', { class: 'slash', 'aria-hidden': 'true' }, '/'));
    this.heading = element('div', { class: 'device-heading' }, crumbs, this.#dot, name, this.state, this.#seen);
    this.details = element('section', { class: 'panel', 'aria-label': 'Registry entry' }, this.#list);
  }

  show(device: Device, nowMs: number): void {
    setText(this.state, device.status);
    setAttribute(this.state, 'data-status', device.status);
    setHidden(this.#dot, false);
    setAttribute(this.#dot, 'data-connected', String(device.connected));
    setAttribute(this.#dot, 'aria-label', device.connected ? 'connected' : 'not connected');
    if (device.last_seen_at !== null) this.seen(Date.parse(device.last_seen_at));
    this.tick(nowMs);
    const facts: [string, string][] = [
      ['Tenant', device.tenant],
      ['Gateway', device.via ?? 'none, connects itself'],
      ['Class', device.device_class ?? '–'],
      ['Registered', formatMoment(Date.parse(device.registered_at))],
    ];
    const metadata = JSON.stringify(device.metadata ?? {});
    if (metadata !== '{}') facts.push(['Metadata', metadata]);
    const shown = JSON.stringify(facts);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...facts.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
  }

  seen(receivedMs: number): void {
    if (!(this.#seenMs > receivedMs)) this.#seenMs = receivedMs;
  }

  tick(nowMs: number): void {
    setText(this.#seen, Number.isNaN(this.#seenMs) ? '' : `last message ${formatAge(this.#seenMs, nowMs)}`);
    setAttribute(this.#seen, 'title', formatMoment(this.#seenMs));
  }
}
