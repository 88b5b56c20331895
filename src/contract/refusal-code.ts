/** One reason for which Spillway refuses a message, a connection or a request. */
export interface RefusalCode {
  /** The number that kernels and counters use. */
  readonly number: number;
  /** The stable name that operators, metrics, dead letters and API answers show. */
  readonly name: string;
  readonly cause: string;
  readonly wayOut: string;
}
