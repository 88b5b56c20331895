import type { Alert } from '../alerts/alert.js';
import { alertRecord } from './alert-record.js';
import type { TopicSource } from './publish-loop.js';
import type { RecordFormat, TopicLag, TopicPort } from './topic-record.js';

const CHANGES_AT_A_TIME = 100;

/** Changes that wait, oldest first. */
export interface AlertOutbox {
  readonly unsent: readonly Alert[];
  sent(changes: readonly Alert[]): void;
}

export interface AlertTopicOptions {
  readonly topic: string;
  readonly outbox: AlertOutbox;
  readonly port: TopicPort;
  readonly format: RecordFormat;
}

/** Publishes each change of an alert, in their order. One that was sent when a crash came is sent again. */
export class AlertTopic implements TopicSource {
  readonly lookMs = 100;
  readonly #options: AlertTopicOptions;

  constructor(options: AlertTopicOptions) {
    this.#options = options;
  }

  get topic(): string {
    return this.#options.topic;
  }

  get lag(): TopicLag[] {
    const { topic, outbox } = this.#options;
    const [oldest] = outbox.unsent;
    const lagMs = oldest ? Math.max(0, Date.now() - (oldest.clearedMs ?? oldest.raisedMs)) : 0;
    return [{ topic, partition: undefined, publishedId: undefined, publishedOffset: undefined, waiting: outbox.unsent.length, lagMs }];
  }

  async publish(isStopped: () => boolean): Promise<void> {
    const { outbox, port, format } = this.#options;
    while (outbox.unsent.length > 0 && !isStopped()) {
      const changes = outbox.unsent.slice(0, CHANGES_AT_A_TIME);
      await port.send(changes.map((change) => alertRecord(change, format)));
      outbox.sent(changes);
    }
  }
}
