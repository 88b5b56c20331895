import type { Report } from '../../telemetry/report.js';
/** What the client makes of a NoticeResponse. PostgreSQL documentation, "Error and Notice Message Fields". */
export type Notice = Readonly<Record<string, string | undefined>>;

export type NoticeEvent = Report<'database-notice' | 'database-notices-omitted'>;

/** The same text is reported once in this time: a server may send it with every batch. */
const REPEAT_MS = 600_000;
/** Different texts in this time; a trigger may write a new one for each row. */
const TEXTS_MAX = 50;
const MESSAGE_CHARS_MAX = 1000;

/** Brings notices and warnings of the server's into the log: some of what it does otherwise than asked it says nowhere else. */
export class NoticeLog {
  readonly #event: NoticeEvent;
  readonly #nowMs: () => number;
  readonly #texts = new Set<string>();
  #sinceMs = Number.NEGATIVE_INFINITY;
  #omitted = 0;

  constructor(event: NoticeEvent, nowMs: () => number = () => performance.now()) {
    this.#event = event;
    this.#nowMs = nowMs;
  }

  readonly take = ({ severity = 'NOTICE', code = '', message = '', hint = '' }: Notice): void => {
    // "… already exists, skipping", as every start that finds its tables.
    if (severity !== 'WARNING' && code.startsWith('42')) return;
    this.#beginAnew();
    const text = `${code} ${message}`;
    if (this.#texts.has(text)) return;
    if (this.#texts.size === TEXTS_MAX) {
      this.#omitted++;
      return;
    }
    this.#texts.add(text);
    const fields = { severity, sqlstate: code, message: message.slice(0, MESSAGE_CHARS_MAX), ...(hint === '' ? {} : { hint }) };
    this.#event(severity === 'WARNING' ? 'warn' : 'info', 'database-notice', fields);
  };

  #beginAnew(): void {
    if (this.#nowMs() - this.#sinceMs < REPEAT_MS) return;
    if (this.#omitted > 0) this.#event('warn', 'database-notices-omitted', { notices: this.#omitted });
    this.#sinceMs = this.#nowMs();
    this.#omitted = 0;
    this.#texts.clear();
  }
}
