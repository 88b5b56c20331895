import type { Device, Reading } from './answer.js';
import { DeviceFacts } from './device-facts.js';
import { element, setAttribute, setHidden, setText } from './element.js';
import { frameWork } from './frame.js';
import { addCommand, commandLine, emptyState, httpCommand, mqttCommand, tokenPlaceholder } from './guide.js';
import type { LiveReading } from './live.js';
import { MetricPanels } from './metric-panels.js';
import { MetricTable } from './metric-table.js';
import type { Context, Page } from './page.js';
import { formatRoute, type Route } from './route.js';
import { TimeControls } from './time-controls.js';

const refreshMs = 5000;
/** Charts that a device opens with when the address names none. */
const chartsFirst = 4;

type DeviceRoute = Extract<Route, { page: 'device' }>;

/** One device: what it is, its latest values, and charts that move with each reading. */
export class DevicePage implements Page {
  readonly title: string;
  readonly root: HTMLElement;
  readonly #facts: DeviceFacts;
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
    const side = element('div', { class: 'side' }, this.#table.root, this.#facts.details);
    this.#body = element('div', { class: 'device-body', hidden: true }, this.#panels.root, side);
    const head = element('div', { class: 'page-head' }, this.#facts.heading, this.#time.root);
    this.root = element('main', { id: 'content' }, head, this.#message, this.#body);
    this.#stops = [
      // The subscription comes before the history, so that nothing falls between them.
      context.live.onReadings((readings) => this.#take(readings)),
      context.live.watch(route.tenant, [route.device]),
      context.live.onReturn(() => {
        void this.#load();
        this.#panels.read();
      }),
    ];
    this.#time.root.hidden = true;
    this.#panels.select(route.metrics);
    void this.#load();
  }

  tick(nowMs: number): void {
    this.#table.tick(nowMs);
    this.#facts.tick(nowMs);
    this.#panels.tick(nowMs);
    if (nowMs >= this.#refreshAtMs) void this.#refresh();
  }

  close(): void {
    this.#ended.abort();
    for (const stop of this.#stops) stop();
    this.#draw.cancel();
    this.#panels.close();
  }

  /** At opening and after each reconnection. */
  async #load(): Promise<void> {
    await this.#refresh();
    const { tenant, device } = this.route;
    const answer = await this.context.api.latest(tenant, device, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    if (answer.ok) for (const [metric, reading] of Object.entries(answer.value.metrics)) this.#learn(metric, reading);
    this.#showBody();
    this.#table.tick(Date.now());
  }

  async #refresh(): Promise<void> {
    this.#refreshAtMs = Date.now() + refreshMs;
    const { tenant, device } = this.route;
    const answer = await this.context.api.device(tenant, device, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    if (answer.ok) {
      this.#facts.show(answer.value, Date.now());
      this.#showMessage(answer.value);
    } else if (answer.refusal.code === 'device_unknown') this.#showMessage(undefined);
  }

  #take(readings: readonly LiveReading[]): void {
    const { tenant, device } = this.route;
    let mine = false;
    for (const reading of readings) {
      if (reading.device_id !== device || reading.tenant !== tenant) continue;
      mine = true;
      this.#learn(reading.metric, reading);
      this.#panels.take(reading.metric, Date.parse(reading.ts), reading.value);
      this.#facts.seen(Date.parse(reading.received_at));
    }
    if (!mine) return;
    this.#showBody();
    this.#draw.request();
  }

  #learn(metric: string, reading: Reading): void {
    const fresh = this.#table.take(metric, reading);
    this.#panels.learnKind(metric, typeof reading.value === 'string' ? 'text' : 'chart');
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

  #showMessage(device: Device | undefined): void {
    const kind = device ? 'waiting' : 'unknown';
    if (!device) setText(this.#facts.state, 'not registered');
    if (this.#message.dataset.kind === kind) return;
    setAttribute(this.#message, 'data-kind', kind);
    this.#message.replaceChildren(device ? waiting(this.route) : unknown(this.route));
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
