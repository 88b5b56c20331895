import { signal } from '@preact/signals';
import type { Audit } from './answer.js';
import type { Context } from './context.js';
import { CursorPages } from './cursor-pages.js';
import { PageModel } from './page-model.js';
import type { AuditFilter } from './route.js';

export type AuditEntry = Audit['entries'][number];

const pageEntries = 100;

/** What operators changed, newest first, a page at a time. */
export class AuditPages extends PageModel {
  /** Undefined before the first answer. */
  readonly entries = signal<readonly AuditEntry[] | undefined>(undefined);
  readonly pages = new CursorPages();
  readonly filter = signal<AuditFilter>({});

  constructor(context: Context, tenant: string, filter: AuditFilter) {
    super(context, tenant);
    this.filter.value = filter;
  }

  narrow(filter: AuditFilter): void {
    this.filter.value = filter;
    this.pages.reset();
    this.entries.value = undefined;
    void this.load();
  }

  protected sources() {
    const { from, to, ...rest } = this.filter.peek();
    const times = { ...(from && { from: isoOf(from) }), ...(to && { to: isoOf(to) }) };
    const take = ({ entries, next }: Audit) => {
      this.entries.value = entries;
      this.pages.next.value = next;
    };
    // Of all tenants: changes of keys and settings are of none.
    return [{ path: '/v1/audit', query: { limit: pageEntries, cursor: this.pages.cursor, ...rest, ...times }, take }];
  }
}

/** A moment of a field, in the time zone of the browser. */
function isoOf(local: string): string {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? local : new Date(ms).toISOString();
}
