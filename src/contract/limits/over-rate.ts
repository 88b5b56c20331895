/** A device that had a message over a rate. */
export interface OverRate {
  /** Its number. */
  readonly device: number;
  /** Over which: CODE_DEVICE_OVER_RATE or CODE_TENANT_OVER_RATE. */
  readonly code: number;
  /** When a message may come again, ms of the Unix epoch. */
  readonly untilMs: number;
}
