import { signal } from '@preact/signals';
import type { Answer, MessagePublished, Retained } from './answer.js';
import { CursorPages } from './cursor-pages.js';
import { PageModel } from './page-model.js';

export type RetainedMessage = Retained['retained'][number];

export interface MessageForm {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

const path = '/v1/retained';

/** The retained messages of a tenant, a page at a time. */
export class RetainedPages extends PageModel {
  /** Undefined before the first answer. */
  readonly messages = signal<readonly RetainedMessage[] | undefined>(undefined);
  /** A topic filter. */
  readonly filter = signal('');
  readonly pages = new CursorPages();

  narrow(filter: string): void {
    this.filter.value = filter;
    this.pages.reset();
    void this.load();
  }

  remove(topic: string): Promise<Answer<unknown>> {
    return this.change('DELETE', path, undefined, { tenant: this.tenant, topic });
  }

  publish(form: MessageForm): Promise<Answer<MessagePublished>> {
    return this.change('POST', '/v1/messages', { tenant: this.tenant, ...form });
  }

  protected sources() {
    const take = ({ retained, next }: Retained) => {
      this.messages.value = retained;
      this.pages.next.value = next;
    };
    return [this.source<Retained>(path, take, { filter: this.filter.peek() || undefined, cursor: this.pages.cursor })];
  }
}
