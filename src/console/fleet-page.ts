import { openAddDevice } from './add-device.js';
import type { Refusal } from './answer.js';
import { element, setHidden, setText } from './element.js';
import { FleetFilterBar } from './fleet-filter.js';
import { FleetRow } from './fleet-row.js';
import { type FleetFilter, type FleetPage as Found, isFiltered, scanFleet } from './fleet-scan.js';
import { formatCount } from './format.js';
import { frameWork } from './frame.js';
import { addCommand, commandLine, emptyState, mqttCommand, tokenPlaceholder } from './guide.js';
import type { LiveReading } from './live.js';
import type { Context, Page } from './page.js';

const rowsMax = 100;
const refreshMs = 3000;
/** The rest of the time between refreshes is the server's: a refresh that took long comes less often. */
const refreshShare = 20;
/** Nobody reads a value that changes faster. */
const paintGapMs = 200;

/** The list of devices: status, connection, last message and latest values, live. */
export class FleetPage implements Page {
  readonly title = 'Devices';
  readonly root: HTMLElement;
  readonly #rows = Array.from({ length: rowsMax }, () => new FleetRow());
  readonly #byId = new Map<string, FleetRow>();
  readonly #dirty = new Set<FleetRow>();
  readonly #filterBar: FleetFilterBar;
  readonly #notice = element('p', { class: 'refusal', role: 'alert', hidden: true });
  readonly #table: HTMLElement;
  readonly #empty = element('div');
  readonly #position = element('span', { class: 'position', role: 'status' }, 'Loading devices …');
  readonly #previous = element('button', { type: 'button', disabled: true }, 'Previous');
  readonly #next = element('button', { type: 'button', disabled: true }, 'Next');
  readonly #pager = element('div', { class: 'pager' });
  /** Where each page up to this one starts; the last is the one shown. */
  #starts: (string | undefined)[] = [undefined];
  #firstIndex = [0];
  #found: Found | undefined;
  #filter: FleetFilter = { text: '', status: '', connection: '' };
  #call: AbortController | undefined;
  #refreshAtMs = Number.POSITIVE_INFINITY;
  #unwatch = () => {};
  readonly #stopReadings: () => void;
  readonly #stopReturn: () => void;
  readonly #paint = frameWork(() => this.#paintDirty(), paintGapMs);

  constructor(
    private readonly context: Context,
    private readonly tenant: string,
  ) {
    this.#filterBar = new FleetFilterBar(tenant, (filter) => {
      this.#filter = filter;
      this.#turnTo([undefined], [0]);
    });
    const add = element('button', { type: 'button', class: 'primary' }, 'Add device');
    add.addEventListener('click', () => openAddDevice(context.api, tenant, () => this.#load()));
    this.#previous.addEventListener('click', () => this.#turnTo(this.#starts.slice(0, -1), this.#firstIndex.slice(0, -1)));
    this.#next.addEventListener('click', () => this.#turnForward());
    const body = element('tbody', {}, ...this.#rows.map((row) => row.root));
    const heads = ['Device', 'Status', 'Last seen', 'Latest values'].map((name) => element('th', { scope: 'col' }, name));
    this.#table = element('table', { class: 'fleet', hidden: true }, element('thead', {}, element('tr', {}, ...heads)), body);
    this.#pager.append(this.#position, this.#previous, this.#next);
    const head = element('div', { class: 'page-head' }, element('h1', { tabindex: -1 }, 'Devices'), this.#filterBar.root, add);
    this.root = element('main', { id: 'content' }, head, this.#notice, this.#table, this.#empty, this.#pager);
    this.#stopReadings = context.live.onReadings((readings) => this.#take(readings));
    this.#stopReturn = context.live.onReturn(() => void this.#load());
    void this.#load();
  }

  tick(nowMs: number): void {
    for (const row of this.#byId.values()) row.tick(nowMs);
    if (nowMs >= this.#refreshAtMs) void this.#load();
  }

  close(): void {
    this.#call?.abort();
    this.#unwatch();
    this.#stopReadings();
    this.#stopReturn();
    this.#paint.cancel();
  }

  #turnForward(): void {
    const next = this.#found?.next;
    if (!next) return;
    this.#turnTo([...this.#starts, next], [...this.#firstIndex, this.#firstIndex.at(-1)! + this.#found!.devices.length]);
    this.root.scrollIntoView();
  }

  #turnTo(starts: (string | undefined)[], firstIndex: number[]): void {
    this.#starts = starts;
    this.#firstIndex = firstIndex;
    setText(this.#position, isFiltered(this.#filter) ? 'Searching …' : 'Loading devices …');
    void this.#load();
  }

  async #load(): Promise<void> {
    this.#call?.abort();
    const call = new AbortController();
    this.#call = call;
    this.#refreshAtMs = Number.POSITIVE_INFINITY;
    const startedMs = Date.now();
    const answer = await scanFleet(
      (after, limit) => this.context.api.devices({ tenant: this.tenant, limit, after }, call.signal),
      this.#filter,
      rowsMax,
      this.#starts.at(-1),
    );
    if (call.signal.aborted) return;
    const nowMs = Date.now();
    this.#refreshAtMs = nowMs + Math.max(refreshMs, (nowMs - startedMs) * refreshShare);
    this.#showRefusal(answer.ok ? undefined : answer.refusal);
    if (answer.ok) this.#show(answer.value, nowMs);
  }

  #show(found: Found, nowMs: number): void {
    this.#found = found;
    const ids = found.devices.map((device) => device.device_id);
    const moved = ids.length !== this.#byId.size || ids.some((id, index) => this.#rows[index]!.device?.device_id !== id);
    for (const [index, row] of this.#rows.entries()) row.show(found.devices[index], nowMs);
    if (moved) this.#watch(ids);
    const first = this.#firstIndex.at(-1)!;
    const many = found.devices.length;
    setHidden(this.#table, many === 0);
    setText(this.#position, positionText(found, first, isFiltered(this.#filter)));
    this.#previous.disabled = this.#starts.length === 1;
    this.#next.disabled = found.next === null;
    setText(this.#next, many === 0 && found.next !== null ? 'Search on' : 'Next');
    const empty = many === 0 && found.next === null && this.#starts.length === 1;
    setHidden(this.#pager, empty && !isFiltered(this.#filter));
    this.#showEmpty(empty);
  }

  #watch(ids: readonly string[]): void {
    const unwatch = this.#unwatch;
    this.#unwatch = this.context.live.watch(this.tenant, ids);
    unwatch();
    this.#byId.clear();
    for (const [index, id] of ids.entries()) this.#byId.set(id, this.#rows[index]!);
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
    for (const row of this.#dirty) row.paint();
    this.#dirty.clear();
  }

  #showRefusal(refusal: Refusal | undefined): void {
    // A lost connection has its own line at the top.
    setHidden(this.#notice, !refusal || refusal.code === 'unreachable');
    setText(this.#notice, refusal ? `${refusal.message} (${refusal.code})` : '');
  }

  #showEmpty(empty: boolean): void {
    const kind = empty ? (isFiltered(this.#filter) ? 'search' : 'fleet') : '';
    if (this.#empty.dataset.kind === kind) return;
    this.#empty.dataset.kind = kind;
    if (kind === '') this.#empty.replaceChildren();
    else if (kind === 'search')
      this.#empty.replaceChildren(emptyState('No device matches', 'Try a shorter part of the id, or clear the filters.'));
    else this.#empty.replaceChildren(firstSteps(this.tenant));
  }
}

function positionText(found: Found, first: number, filtered: boolean): string {
  const total = formatCount(found.total);
  const many = found.devices.length;
  if (filtered) {
    const range = many === 0 ? 'No match' : `Matches ${formatCount(first + 1)}–${formatCount(first + many)}`;
    return found.next === null ? `${range}, all of ${total} devices searched` : `${range} so far, of ${total} devices`;
  }
  return many === 0 ? '' : `${formatCount(first + 1)}–${formatCount(first + many)} of ${total} devices`;
}

function firstSteps(tenant: string): HTMLElement {
  return emptyState(
    'No devices yet',
    'Each device has an id and a token. Add one with the button above or from a shell, then let it publish; it shows up here by itself.',
    commandLine('1. Add a device', addCommand(tenant, 'dev-000001')),
    commandLine('2. Publish with the token it printed', mqttCommand(tenant, 'dev-000001', tokenPlaceholder)),
    element(
      'p',
      { class: 'hint' },
      'For a fleet to look at at once, stop Spillway and run npm run demo: 100 simulated devices over real MQTT.',
    ),
  );
}
