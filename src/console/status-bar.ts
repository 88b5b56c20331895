import type { Lag } from './answer.js';
import { element, setAttribute, setHidden, setText } from './element.js';
import { formatBytes, formatCount, formatRate, formatSpan } from './format.js';
import type { Rates } from './live.js';
import type { Context } from './page.js';
import { formatRoute, type Route } from './route.js';
import { Sparkline } from './sparkline.js';
import type { Health } from './status.js';
import { onPaletteChange } from './theme.js';

/** A rate older than this no longer says how things are. */
const ratesMsMax = 3000;

/** The top of every page: where to go, what flows in, how far behind the store is, and whether this page is up to date at all. */
export class StatusBar {
  readonly root: HTMLElement;
  readonly #links = { fleet: element('a', {}, 'Devices'), 'dead-letters': element('a', {}, 'Dead letters') };
  readonly #messages = stat('messages', 'Messages/s', 'Messages accepted per second, from all protocols');
  readonly #readings = stat('readings', 'Readings/s', 'Readings decoded per second');
  readonly #connections = stat('connections', 'Connections', 'Open device connections');
  readonly #lag = stat('lag', 'Lag', 'How far the database is behind what is durable in the log');
  readonly #ready = element('span', { class: 'state', 'data-state': 'unknown', role: 'status' }, 'Checking');
  readonly #away = element('div', { class: 'away', hidden: true });
  readonly #awayText = element('span', { role: 'status' });
  // Apart from the text, or a screen reader would read the whole line each second.
  readonly #awayWhen = element('span', { 'aria-hidden': 'true' });
  readonly #retry = element('button', { type: 'button' }, 'Try now');
  readonly #sparkline = new Sparkline();
  readonly #stop: (() => void)[];
  #ratesMs = 0;

  constructor(
    private readonly context: Context,
    onSignOut: () => void,
  ) {
    const signOut = element('button', { type: 'button', class: 'quiet' }, 'Sign out');
    signOut.addEventListener('click', onSignOut);
    this.#retry.addEventListener('click', () => context.live.retryNow());
    this.#away.append(this.#awayText, this.#awayWhen, this.#retry);
    const brand = element(
      'a',
      { class: 'brand', href: '#/devices' },
      element('img', { src: '/favicon.svg', alt: '', width: 20, height: 20 }),
      'Spillway',
    );
    const flow = element('div', { class: 'flow' }, this.#sparkline.root, this.#messages.root, this.#readings.root);
    const facts = element('div', { class: 'stats' }, flow, this.#connections.root, this.#lag.root);
    const nav = element('nav', { 'aria-label': 'Pages' }, ...Object.values(this.#links));
    this.root = element(
      'header',
      { class: 'bar' },
      element('div', { class: 'bar-row' }, brand, nav, facts, this.#ready, signOut),
      this.#away,
    );
    this.#stop = [
      context.live.onRates((rates) => this.#showRates(rates)),
      context.live.onState(() => this.#showConnection(Date.now())),
      context.status.onChange((health) => this.#showHealth(health)),
      onPaletteChange(() => this.#sparkline.draw()),
    ];
  }

  show(route: Route): void {
    const section = route.page === 'dead-letters' ? 'dead-letters' : 'fleet';
    for (const [page, link] of Object.entries(this.#links) as ['fleet' | 'dead-letters', HTMLAnchorElement][]) {
      setAttribute(link, 'href', formatRoute({ page, tenant: route.tenant }));
      if (page === section) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  tick(nowMs: number): void {
    this.#showConnection(nowMs);
    if (nowMs - this.#ratesMs <= ratesMsMax) return;
    this.#sparkline.push(Number.NaN);
    for (const stat of [this.#messages, this.#readings, this.#connections]) setText(stat.value, '–');
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }

  #showRates(rates: Rates): void {
    this.#ratesMs = Date.now();
    setText(this.#messages.value, formatRate(rates.messages_per_second));
    setText(this.#readings.value, formatRate(rates.readings_per_second));
    setText(this.#connections.value, formatCount(rates.connections));
    this.#sparkline.push(rates.messages_per_second);
  }

  #showHealth({ state, reason, lag }: Health): void {
    setAttribute(this.#ready, 'data-state', state);
    setText(this.#ready, state === 'ready' ? 'Ready' : state === 'away' ? 'Unreachable' : 'Not ready');
    setAttribute(this.#ready, 'title', reason);
    setText(this.#lag.value, formatSpan(lag?.lag_ms));
    if (lag)
      setAttribute(this.#lag.root, 'title', `${this.#lag.about}: ${formatSpan(lag.lag_ms)}, ${formatBytes(lag.lag_bytes)}${catchUp(lag)}`);
  }

  #showConnection(nowMs: number): void {
    const { state, lost, retryAtMs } = this.context.live;
    setAttribute(this.root, 'data-live', state);
    const { state: health, reason } = this.context.status.health;
    setHidden(this.#away, !lost && health !== 'not ready');
    setHidden(this.#retry, !lost);
    setAttribute(this.#away, 'data-kind', lost ? 'lost' : 'not-ready');
    setText(this.#awayText, lost ? 'Connection lost: what you see is not up to date.' : `Spillway is not ready: ${reason}.`);
    const seconds = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
    setText(this.#awayWhen, !lost ? '' : state === 'waiting' ? `Trying again in ${seconds} s.` : 'Trying now …');
  }
}

/** Nothing while the store keeps up. */
function catchUp({ catch_up_seconds: seconds, committed_messages_per_second: rate }: Lag): string {
  if (seconds === 0) return '';
  const committed = `${formatRate(rate)} messages/s are stored`;
  return seconds === null ? `; ${committed}, and it grows` : `; ${committed}, caught up in ${formatSpan(seconds * 1000)}`;
}

function stat(name: string, label: string, about: string): { root: HTMLElement; value: HTMLElement; about: string } {
  const value = element('span', { class: 'stat-value', 'data-stat': name }, '–');
  return { root: element('div', { class: 'stat', title: about }, value, element('span', { class: 'stat-label' }, label)), value, about };
}
