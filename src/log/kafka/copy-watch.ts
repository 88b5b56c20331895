import { type Acknowledgement, fewCopies } from '../../contract/acknowledgement.js';
import type { PartitionMetadata } from '../../kafka/client.js';
import type { Report } from '../../telemetry/report.js';
import type { kafkaLogEvents } from './events.js';

const LOOK_MS = 15_000;
/** The setting of the topic changes when an operator changes it. */
const LOOKS_A_SETTING = 4;
const ADVICE = 'keep three replicas on three brokers, and set min.insync.replicas=2 on the topic (kafka-configs.sh --alter)';

export interface CopyWatchOptions {
  readonly topic: string;
  readonly report: Report<keyof typeof kafkaLogEvents>;
  /** Resolves to undefined while the topic is not known. */
  readPartitions(): Promise<readonly PartitionMetadata[] | undefined>;
  /** `min.insync.replicas` of the topic; rejects where this user may not ask. */
  readMinimum(): Promise<number | undefined>;
  found(acknowledgement: Acknowledgement): void;
}

/**
 * Watches how many copies a message has when it is acknowledged. The brokers acknowledge once the replicas that are in sync have it,
 * which may be one, and a minimum in the brokers' own settings need not hold for the topic.
 */
export class CopyWatch {
  readonly #options: CopyWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #minimum: number | undefined;
  #trouble: string | undefined;
  #unread = '';

  constructor(options: CopyWatchOptions, everyMs = LOOK_MS) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks now. While the brokers do not answer, what was found last is left as it is. */
  async look(): Promise<void> {
    const { topic, readPartitions, found } = this.#options;
    if (this.#looks++ % LOOKS_A_SETTING === 0) await this.#readMinimum();
    const partitions = await readPartitions().catch(() => undefined);
    if (!partitions || partitions.length === 0) return;
    const acknowledgement: Acknowledgement = {
      log: 'kafka',
      topic,
      copies: Math.min(...partitions.map(({ isrs }) => isrs.length)),
      copiesConfigured: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      copiesMin: this.#minimum,
    };
    this.#judge(acknowledgement);
    found(acknowledgement);
  }

  async #readMinimum(): Promise<void> {
    const { topic, report, readMinimum } = this.#options;
    try {
      this.#minimum = await readMinimum();
      this.#unread = '';
    } catch (error) {
      const { message: cause } = error as Error;
      if (cause !== this.#unread) report('info', 'kafka-topic-settings-unread', { topic, cause });
      this.#unread = cause;
    }
  }

  #judge(acknowledgement: Acknowledgement): void {
    const { topic, report } = this.#options;
    const trouble = fewCopies(acknowledgement);
    if (trouble === this.#trouble) return;
    const { copies, copiesConfigured, copiesMin = 'unknown' } = acknowledgement;
    const fields = { topic, copies, copiesConfigured, copiesMin };
    if (trouble !== undefined) report('warn', 'kafka-few-copies', { ...fields, cause: trouble, advice: ADVICE });
    else report('info', 'kafka-copies-restored', fields);
    this.#trouble = trouble;
  }
}
