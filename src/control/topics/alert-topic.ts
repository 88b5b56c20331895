import type { Alert } from '../alerts/alert.js';
import { alertRecord } from './alert-record.js';
import { PublishLoop } from './publish-loop.js';
import type { RecordFormat, TopicLag, TopicPort } from './topic-record.js';

const LOOK_MS = 100;
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
  readonly event: (level: 'info' | 'warn', name: string, fields: Record<string, string | number>) => void;
}

/** Publishes each change of an alert, in their order. One that was sent when a crash came is sent again. */
export class AlertTopic {
  readonly #options: AlertTopicOptions;
  readonly #loop: PublishLoop;

  constructor(options: AlertTopicOptions) {
    this.#options = options;
    const { topic, event } = options;
    this.#loop = new PublishLoop({ topic, lookMs: LOOK_MS, turn: (isStopped) => this.#turn(isStopped), event });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get lag(): TopicLag[] {
    const { topic, outbox } = this.#options;
    const [oldest] = outbox.unsent;
    const lagMs = oldest ? Math.max(0, Date.now() - (oldest.clearedMs ?? oldest.raisedMs)) : 0;
    return [{ topic, partition: undefined, publishedId: undefined, publishedOffset: undefined, waiting: outbox.unsent.length, lagMs }];
  }

  async #turn(isStopped: () => boolean): Promise<void> {
    const { outbox, port, format } = this.#options;
    while (outbox.unsent.length > 0 && !isStopped()) {
      const changes = outbox.unsent.slice(0, CHANGES_AT_A_TIME);
      await port.send(changes.map((change) => alertRecord(change, format)));
      outbox.sent(changes);
    }
  }
}
