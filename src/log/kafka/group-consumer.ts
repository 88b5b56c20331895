import type { Consumer, Rebalanced } from '../../kafka/client.js';
import type { Report } from '../../telemetry/report.js';
import type { kafkaLogEvents } from './events.js';
import type { Membership } from './membership.js';
import type { RecordDispatcher } from './record-dispatcher.js';

/** How long the next consumer waits to be made: the first time, and at most when one after another fails. */
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 30_000;
/** A consumer that lived so long did not fail because of the one before it. */
const CALM_MS = 120_000;

export interface GroupConsumerOptions {
  /** Connects a consumer whose group speaks to `rebalanced`; rejects when no broker answers. */
  readonly connect: (rebalanced: Rebalanced) => Promise<Consumer>;
  readonly close: (consumer: Consumer) => Promise<void>;
  readonly membership: Membership;
  readonly dispatcher: RecordDispatcher;
  readonly report: Report<keyof typeof kafkaLogEvents>;
}

/**
 * The consumer of this process. The client library gives one up for good when the group has another member of its name, which a
 * broker that restarts makes of the member itself. It is then replaced: its partitions are revoked with all that was read of them
 * committed, and the next consumer takes them up again where they are.
 */
export class GroupConsumer {
  readonly #options: GroupConsumerOptions;
  #consumer: Consumer | undefined;
  #retryMs = RETRY_MS_MIN;
  #connectedMs = 0;
  #isStopping = false;
  #wake: () => void = () => {};

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
  }

  /** Connects the first consumer; rejects when no broker answers. */
  async open(): Promise<void> {
    this.#consumer = await this.#connect();
  }

  /** Joins the group and reads until `stop`. */
  async run(): Promise<void> {
    const { membership, dispatcher } = this.#options;
    while (this.#consumer && !this.#isStopping) {
      membership.join(this.#consumer);
      const failure = await dispatcher.run(this.#consumer);
      if (failure && !this.#isStopping) await this.#replace(this.#consumer, failure);
    }
  }

  /** Ends `run`, also while there is no consumer. */
  stop(): void {
    this.#isStopping = true;
    this.#options.dispatcher.stop();
    this.#wake();
  }

  async close(): Promise<void> {
    if (this.#consumer) await this.#options.close(this.#consumer);
  }

  async #replace(former: Consumer, { message, code }: Error & { readonly code?: number }): Promise<void> {
    const { report, membership, close } = this.#options;
    report('error', 'kafka-consumer-replaced', { cause: message, code: code ?? 'none' });
    if (performance.now() - this.#connectedMs > CALM_MS) this.#retryMs = RETRY_MS_MIN;
    this.#consumer = undefined;
    await membership.abandon();
    await close(former);
    while (!this.#isStopping) {
      await this.#pause(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      if (this.#isStopping) return;
      try {
        this.#consumer = await this.#connect();
        return;
      } catch (error) {
        report('warn', 'kafka-consumer-not-replaced', { cause: (error as Error).message });
      }
    }
  }

  async #connect(): Promise<Consumer> {
    const { connect, membership } = this.#options;
    // The group announces nothing to a consumer that has not joined it.
    const consumer: Consumer = await connect((error, places) => membership.rebalanced(consumer, error, places));
    this.#connectedMs = performance.now();
    return consumer;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
