import type { Reading, Refusal } from './answer.js';
import { DeviceFacts } from './device-facts.js';
import { DeviceLedger } from './device-ledger.js';
import { element, setHidden, setText } from './element.js';
import { frameWork } from './frame.js';
import { addCommand, commandLine, emptyState, httpCommand, mqttCommand, tokenPlaceholder } from './guide.js';
import type { LiveReading } from './live.js';
import { MetricPanels } from './metric-panels.js';
import { MetricTable } from './metric-table.js';
import type { Context, Page } from './page.js';
import { formatRoute, type Route } from './route.js';
import { TimeControls } from './time-controls.js';

/** Text comes with this poll only: the live stream carries numbers. */
const refreshMs = 3000;
/** A page that fell behind is left out of some live messages; this fills what it missed. */
const rereadMs = 60_000;
/** Charts that a device opens with when the address names none. */
const chartsFirst = 4;

type DeviceRoute = Extract<Route, { page: 'device' }>;

/** One device: what it is, its latest values, and charts that move with each reading. */
export class DevicePage implements Page {
  readonly title: string;
  readonly root: HTMLElement;
  readonly #facts: DeviceFacts;
  readonly #ledger = new DeviceLedger();
  readonly #table: MetricTable;
  readonly #panels: MetricPanels;
  readonly #time: TimeControls;
  readonly #message = element('div', { class: 'device-message' });
  readonly #body: HTMLElement;
  readonly #ended = new AbortController();
  readonly #draw = frameWork(() => this.#panels.drawDirty());
  readonly #stops: (() => void)[];
  /** Until somebody picks, the first metrics that are numbers are charted. */
  #picked: boolean;
  #refreshAtMs = 0;
  #rereadAtMs = Date.now() + rereadMs;
  #unwatch: () => void;

  constructor(
    private readonly context: Context,
    private readonly route: DeviceRoute,
  ) {
    this.title = route.device;
    this.#picked = route.metrics.length > 0;
    this.#facts = new DeviceFacts(route);
    this.#table = new MetricTable((metric, on) => this.#pick(metric, on));
    this.#time = new TimeControls((changed) => {
      if (changed === 'window') this.#panels.read();
      this.#panels.drawAll();
    });
    this.#panels = new MetricPanels(context.api, route, this.#time, this.#ended.signal, (metric) => this.#pick(metric, false));
    const side = element('div', { class: 'side' }, this.#table.root, this.#facts.details, this.#ledger.root);
    this.#body = element('div', { class: 'device-body', hidden: true }, this.#panels.root, side);
    const head = element('div', { class: 'page-head' }, this.#facts.heading, this.#time.root);
    this.root = element('main', { id: 'content' }, head, this.#message, this.#body);
    this.#stops = [
      // The subscription comes before the history, so that nothing falls between them.
      context.live.onReadings((readings) => this.#take(readings)),
      context.live.onReturn(() => {
        void this.#refresh();
        this.#panels.read();
      }),
    ];
    this.#unwatch = context.live.watch(route.tenant, [route.device]);
    this.#time.root.hidden = true;
    this.#panels.select(route.metrics);
    void this.#refresh();
  }

  tick(nowMs: number): void {
    this.#table.tick(nowMs);
    this.#facts.tick(nowMs);
    this.#panels.tick(nowMs);
    if (nowMs >= this.#refreshAtMs) void this.#refresh();
    if (nowMs < this.#rereadAtMs) return;
    this.#rereadAtMs = nowMs + rereadMs;
    this.#panels.read();
  }

  close(): void {
    this.#ended.abort();
    for (const stop of this.#stops) stop();
    this.#unwatch();
    this.#draw.cancel();
    this.#panels.close();
  }

  async #refresh(): Promise<void> {
    this.#refreshAtMs = Date.now() + refreshMs;
    const { tenant, device } = this.route;
    const { api } = this.context;
    const [entry, latest, ledger] = await Promise.all([
      api.device(tenant, device, this.#ended.signal),
      api.latest(tenant, device, this.#ended.signal),
      api.ledger(tenant, device, this.#ended.signal),
    ]);
    if (this.#ended.signal.aborted) return;
    if (entry.ok) {
      if (this.#message.dataset.kind === 'unknown') this.#watchAgain();
      this.#facts.show(entry.value, Date.now());
      this.#showMessage('waiting', () => waiting(this.route));
    } else if (entry.refusal.code !== 'unreachable') this.#showRefusal(entry.refusal);
    if (ledger.ok) this.#ledger.show(ledger.value);
    if (!latest.ok) return;
    for (const [metric, reading] of Object.entries(latest.value.metrics)) this.#learn(metric, reading);
    this.#showBody();
    this.#table.tick(Date.now());
    this.#draw.request();
  }

  /** The server forgets a subscription to a device that is not registered yet. */
  #watchAgain(): void {
    this.#unwatch();
    this.#unwatch = this.context.live.watch(this.route.tenant, [this.route.device]);
  }

  #take(readings: readonly LiveReading[]): void {
    const { tenant, device } = this.route;
    let mine = false;
    for (const reading of readings) {
      if (reading.device_id !== device || reading.tenant !== tenant) continue;
      mine = true;
      this.#learn(reading.metric, reading);
      this.#facts.seen(Date.parse(reading.received_at));
    }
    if (!mine) return;
    this.#showBody();
    this.#draw.request();
  }

  #learn(metric: string, reading: Reading): void {
    const fresh = this.#table.take(metric, reading);
    this.#panels.learnKind(metric, typeof reading.value === 'string' ? 'text' : 'chart');
    this.#panels.take(metric, Date.parse(reading.ts), reading.value);
    if (!fresh) return;
    const chosen = this.#panels.selected;
    if (!this.#picked && typeof reading.value !== 'string' && chosen.length < chartsFirst) this.#panels.select([...chosen, metric].sort());
    this.#table.pick(this.#panels.selected);
  }

  #pick(metric: string, on: boolean): void {
    this.#picked = true;
    const others = this.#panels.selected.filter((name) => name !== metric);
    this.#panels.select(on ? [...others, metric] : others);
    this.#table.pick(this.#panels.selected);
    // The address names the charts, so a link shows what its sender saw.
    history.replaceState(null, '', formatRoute({ ...this.route, metrics: this.#panels.selected }));
    this.#panels.tick(Date.now());
  }

  #showBody(): void {
    if (this.#table.names.length === 0) return;
    setHidden(this.#body, false);
    setHidden(this.#time.root, false);
    setHidden(this.#message, true);
  }

  #showRefusal(refusal: Refusal): void {
    const known = refusal.code === 'device_unknown';
    setText(this.#facts.state, known ? 'not registered' : refusal.code);
    if (known) this.#showMessage('unknown', () => unknown(this.route));
    else this.#showMessage(refusal.code, () => emptyState('This device cannot be shown', `${refusal.message}. ${refusal.wayOut}`));
  }

  #showMessage(kind: string, make: () => HTMLElement): void {
    if (this.#message.dataset.kind === kind) return;
    this.#message.dataset.kind = kind;
    this.#message.replaceChildren(make());
  }
}

function waiting({ tenant, device }: DeviceRoute): HTMLElement {
  return emptyState(
    'Waiting for data',
    'Nothing has come from this device yet. The first reading shows up here within a moment of being published.',
    commandLine('Publish over MQTT', mqttCommand(tenant, device, tokenPlaceholder)),
    commandLine('or over HTTP', httpCommand(tenant, device, tokenPlaceholder)),
    element(
      'p',
      { class: 'hint' },
      'TOKEN is what registering the device printed. What Spillway refuses or cannot read is counted and kept: see Dead letters.',
    ),
  );
}

function unknown({ tenant, device }: DeviceRoute): HTMLElement {
  return emptyState(
    'This device is not registered',
    `The registry of tenant ${tenant} holds no device of this id. Add it, and this page comes to life by itself.`,
    commandLine('Add it', addCommand(tenant, device)),
  );
}
