/** What the pipeline made of a message. */
export interface Verdict {
  /** Of the dead letter that it became, or CODE_NONE. */
  readonly code: number;
  /** Its samples that were stored, and those that were there already. */
  readonly stored: number;
  readonly duplicate: number;
  /** Values of it that were left out, and the code for which the first was. */
  readonly skipped: number;
  readonly skippedCode: number;
}

/** A verdict with what tells whose it is. */
export interface MessageVerdict extends Verdict {
  readonly device: number;
  /** Of the payload. */
  readonly hash: bigint;
}

export interface AwaitedVerdict {
  /** Undefined: nobody waits for it any more, or the partition of the device is no longer run here. */
  readonly verdict: Promise<Verdict | undefined>;
  /** Waits no longer for a message that is durable. */
  giveUp(): void;
  /** Waits no longer for a message that was refused, and has no verdict. */
  withdraw(): void;
}

/** What other processes know of messages that were taken in here, and the other way round. */
export interface VerdictPort {
  /**
   * The listener is called with verdicts that nobody here waits for: of messages that another process took in. With a listener, verdicts on
   * messages of partitions that other processes run are waited for.
   */
  onStrayVerdicts(listener: (verdicts: readonly MessageVerdict[]) => void): void;
  /** Takes verdicts of another process. */
  deliverVerdicts(verdicts: readonly MessageVerdict[]): void;
}
