export type KafkaFailureCode =
  | 'kafka_addon_missing'
  | 'kafka_unreachable'
  | 'kafka_topic_mismatch'
  | 'kafka_topic_refused'
  | 'kafka_log_lost';

/** Why the Kafka log cannot be opened, and what an operator can do about it. */
export class KafkaFailure extends Error {
  readonly code: KafkaFailureCode;
  readonly wayOut: string;

  constructor(code: KafkaFailureCode, message: string, wayOut: string) {
    super(`${message} (${code})`);
    this.name = 'KafkaFailure';
    this.code = code;
    this.wayOut = wayOut;
  }
}
