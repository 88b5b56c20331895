/** One row of a batch, a reading or a text: numbers as the registry has them. */
export interface BatchRow {
  readonly device: number;
  readonly metric: number;
  /** Event time, µs of the Unix epoch: a whole number below 2^53. */
  readonly tsUs: number;
  readonly value: number | string;
}
