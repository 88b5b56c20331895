import type { DeadLetter } from './answer.js';
import { DeadLetterRow } from './dead-letter-row.js';
import { element, setHidden, setText } from './element.js';
import { formatCount } from './format.js';
import { commandLine, emptyState } from './guide.js';
import type { Context, Page } from './page.js';

const lettersMax = 200;
/** The counters tell when there is something new; this is for a counter that was missed. */
const refreshMs = 15_000;
/** The counter moves when a message is judged, the row is there when its batch is committed. */
const commitMs = 1000;

/** Messages that were taken in but could not be decoded, and rows that the database refused, newest first. */
export class DeadLettersPage implements Page {
  readonly title = 'Dead letters';
  readonly root: HTMLElement;
  readonly #rows = new Map<string, DeadLetterRow>();
  readonly #list = element('div', { class: 'letters' });
  readonly #empty = element('div');
  readonly #notice = element('p', { class: 'refusal', role: 'alert', hidden: true });
  readonly #position = element('span', { class: 'position', role: 'status' }, 'Loading dead letters …');
  readonly #reason = element('select', { 'aria-label': 'Reason' }, element('option', { value: '' }, 'Any reason'));
  readonly #reasons = new Set<string>();
  readonly #ended = new AbortController();
  readonly #stops: (() => void)[];
  #dead = -1;
  #loadAtMs = Number.POSITIVE_INFINITY;
  #loading = false;

  constructor(private readonly context: Context) {
    const heading = element('h1', { tabindex: -1 }, 'Dead letters');
    const head = element('div', { class: 'page-head' }, heading, this.#reason, this.#position);
    const about = element(
      'p',
      { class: 'lead' },
      'Messages that Spillway took in and acknowledged but could not decode, and single rows that the database refused. Nothing is lost: they are kept here.',
    );
    this.root = element('main', { id: 'content' }, head, about, this.#notice, this.#list, this.#empty);
    this.#reason.addEventListener('change', () => this.#filter());
    this.#stops = [
      context.status.onChange(({ stats }) => {
        if (!stats) return;
        const dead = stats.counters.dead + stats.counters.rowsRefused;
        if (dead === this.#dead) return;
        this.#dead = dead;
        this.#loadAtMs = Date.now() + commitMs;
      }),
      context.live.onReturn(() => void this.#load()),
    ];
    void this.#load();
  }

  tick(nowMs: number): void {
    for (const row of this.#rows.values()) row.tick(nowMs);
    if (nowMs >= this.#loadAtMs) void this.#load();
  }

  close(): void {
    this.#ended.abort();
    for (const stop of this.#stops) stop();
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    this.#loadAtMs = Date.now() + refreshMs;
    const answer = await this.context.api.deadLetters(lettersMax, this.#ended.signal);
    this.#loading = false;
    if (this.#ended.signal.aborted) return;
    const refusal = answer.ok ? undefined : answer.refusal;
    setHidden(this.#notice, !refusal || refusal.code === 'unreachable');
    setText(this.#notice, refusal ? `${refusal.message} (${refusal.code})` : '');
    if (answer.ok) this.#show(answer.value.dead_letters);
  }

  /** Adds what is new on top and takes away what fell off the end; open rows stay open. */
  #show(letters: readonly DeadLetter[]): void {
    const wanted = new Set(letters.map((letter) => String(letter.id)));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.root.remove();
      this.#rows.delete(id);
    }
    let before: ChildNode | null = this.#list.firstChild;
    for (const letter of letters) {
      const held = this.#rows.get(String(letter.id));
      if (held) {
        before = held.root.nextSibling;
        continue;
      }
      const row = new DeadLetterRow(letter);
      this.#rows.set(String(letter.id), row);
      this.#list.insertBefore(row.root, before);
      this.#learnReason(letter.reason);
    }
    const nowMs = Date.now();
    for (const row of this.#rows.values()) row.tick(nowMs);
    this.#filter();
    if (this.#rows.size > 0) this.#empty.replaceChildren();
    else if (!this.#empty.hasChildNodes()) this.#empty.append(nothingDead());
  }

  #learnReason(reason: string): void {
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#reason.append(element('option', { value: reason }, reason));
  }

  #filter(): void {
    const reason = this.#reason.value;
    let shown = 0;
    for (const row of this.#rows.values()) {
      const hidden = reason !== '' && row.letter.reason !== reason;
      setHidden(row.root, hidden);
      if (!hidden) shown++;
    }
    const all = this.#rows.size === lettersMax ? `the newest ${formatCount(lettersMax)}` : `${formatCount(this.#rows.size)} in all`;
    setText(this.#position, this.#rows.size === 0 ? '' : reason === '' ? all : `${formatCount(shown)} of ${all}`);
  }
}

function nothingDead(): HTMLElement {
  return emptyState(
    'No dead letters',
    'Every message so far could be decoded and stored. A payload is a JSON object with "metrics", and optionally "ts" and "seq":',
    commandLine('Payload', '{"ts": "2026-01-31T12:00:00Z", "metrics": {"temperature": 21.5, "door": "open"}, "seq": 42}'),
  );
}
