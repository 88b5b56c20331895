import type { Message } from './message.js';
import { TopicTree } from './topic-tree.js';

/** The last message of a topic, which new subscribers get. */
export interface RetainedMessage {
  readonly topic: string;
  readonly message: Message;
  readonly qos: number;
}

/** Retained messages of a tenant, one a topic. */
export class Retained {
  readonly #tree = new TopicTree<RetainedMessage>();
  #bytes = 0;

  get count(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(topic: string): RetainedMessage | undefined {
    return this.#tree.get(topic);
  }

  set(retained: RetainedMessage): void {
    this.#bytes += retained.message.bytes;
    this.#tree.set(retained.topic, retained);
  }

  delete(topic: string): RetainedMessage | undefined {
    const there = this.#tree.get(topic);
    if (!there) return undefined;
    this.#bytes -= there.message.bytes;
    this.#tree.delete(topic);
    return there;
  }

  values(): Iterable<RetainedMessage> {
    return this.#tree.values();
  }

  find(filter: string): RetainedMessage[] {
    return this.#tree.find(filter);
  }
}
