import { signal } from '@preact/signals';
import type { Answer, Session, Sessions } from './answer.js';
import { CursorPages } from './cursor-pages.js';
import { PageModel } from './page-model.js';

export type SessionEntry = Sessions['sessions'][number];

const path = '/v1/sessions';

/** The MQTT sessions of a tenant, a page at a time. */
export class SessionPages extends PageModel {
  /** Undefined before the first answer. */
  readonly sessions = signal<readonly SessionEntry[] | undefined>(undefined);
  readonly client = signal('');
  readonly pages = new CursorPages();

  narrow(client: string): void {
    this.client.value = client;
    this.pages.reset();
    void this.load();
  }

  /** One with its subscriptions. */
  read(key: string): Promise<Answer<Session>> {
    return this.call('GET', `${path}/${encodeURIComponent(key)}`, undefined, { tenant: this.tenant });
  }

  end(key: string): Promise<Answer<unknown>> {
    return this.change('DELETE', `${path}/${encodeURIComponent(key)}`, undefined, { tenant: this.tenant });
  }

  protected sources() {
    const take = ({ sessions, next }: Sessions) => {
      this.sessions.value = sessions;
      this.pages.next.value = next;
    };
    return [this.source<Sessions>(path, take, { client: this.client.peek() || undefined, cursor: this.pages.cursor })];
  }
}
