import { z } from 'zod';
import type { Report } from '../../telemetry/report.js';
import type { Alert } from './alert.js';
import type { alertsEvents } from './events.js';

/** Changes that may wait for the topic; beyond them the oldest go. */
const UNSENT_MAX = 1000;

/** Where the book is kept between two lives of the process. `write` replaces the whole text or throws. */
export interface AlertKeeper {
  read(): string | undefined;
  write(text: string): void;
}

export interface AlertBookOptions {
  readonly keeper: AlertKeeper;
  /** Whether there is a topic that changes wait for. */
  readonly isPublished: boolean;
  readonly event: Report<keyof typeof alertsEvents>;
}

const alertSchema = z.object({
  id: z.string(),
  rule: z.string(),
  // Files of builds before this one have neither a subject nor a link.
  subject: z.string().nullable().default(null),
  severity: z.enum(['warning', 'critical']),
  node: z.string(),
  message: z.string(),
  link: z.string().nullable().default(null),
  raisedMs: z.number(),
  clearedMs: z.number().nullable(),
});
const bookSchema = z.object({ open: z.array(alertSchema), unsent: z.array(alertSchema) });

/** Alerts that hold, and changes that are not in the topic yet. A crash forgets neither, so every raised alert is cleared some day. */
export class AlertBook {
  readonly #options: AlertBookOptions;
  #open: readonly Alert[] = [];
  #unsent: readonly Alert[] = [];
  #isKept = true;

  constructor(options: AlertBookOptions) {
    this.#options = options;
    this.#read();
  }

  /** Oldest first. */
  get open(): readonly Alert[] {
    return this.#open;
  }

  /** Alerts as they were after each change that waits for the topic, oldest first. */
  get unsent(): readonly Alert[] {
    return this.#unsent;
  }

  raise(alert: Alert): void {
    const { id, rule, subject, message } = alert;
    const fields = { id, rule, ...(subject !== null && { subject }), message };
    this.#options.event(alert.severity === 'critical' ? 'error' : 'warn', 'alert-raised', fields);
    this.#put([...this.#open, alert], alert);
  }

  clear(alert: Alert, clearedMs: number): void {
    const { id, rule, subject } = alert;
    const seconds = Math.round((clearedMs - alert.raisedMs) / 1000);
    this.#options.event('info', 'alert-cleared', { id, rule, ...(subject !== null && { subject }), seconds });
    const others = this.#open.filter((one) => one.id !== id);
    this.#put(others, { ...alert, clearedMs });
  }

  /** These, the oldest ones, are in the topic. */
  sent(changes: readonly Alert[]): void {
    const sent = new Set(changes);
    this.#unsent = this.#unsent.filter((change) => !sent.has(change));
    this.#keep();
  }

  #put(open: readonly Alert[], change: Alert): void {
    this.#open = open;
    if (this.#options.isPublished) this.#unsent = [...this.#unsent, change];
    const over = this.#unsent.length - UNSENT_MAX;
    if (over > 0) {
      this.#unsent = this.#unsent.slice(over);
      this.#options.event('error', 'alerts-not-published', { changes: over, cause: `${UNSENT_MAX} later ones wait for the topic` });
    }
    this.#keep();
  }

  #read(): void {
    try {
      const text = this.#options.keeper.read();
      if (text === undefined) return;
      const { open, unsent } = bookSchema.parse(JSON.parse(text));
      this.#open = open;
      this.#unsent = this.#options.isPublished ? unsent : [];
    } catch (error) {
      this.#options.event('error', 'alerts-forgotten', { cause: (error as Error).message });
    }
  }

  /** On a full disk, which is one thing to alert of, alerts go on from memory. */
  #keep(): void {
    try {
      this.#options.keeper.write(JSON.stringify({ open: this.#open, unsent: this.#unsent }));
      this.#isKept = true;
    } catch (error) {
      if (this.#isKept) this.#options.event('warn', 'alerts-not-kept', { cause: (error as Error).message });
      this.#isKept = false;
    }
  }
}
