/** How fast messages may come: `messagesPerSecond` on average, and `burst` at once. */
export interface Rate {
  /** 0: as many as come. */
  readonly messagesPerSecond: number;
  readonly burst: number;
}

/** A burst holds what comes in so many seconds at the rate, where nobody says otherwise. */
const BURST_SECONDS = 2;
/** A message may always come so much before its time: readers are resumed at intervals. */
const SLACK_MS_MIN = 100;

export function rateOf(messagesPerSecond: number, burst = Math.max(1, Math.ceil(messagesPerSecond * BURST_SECONDS))): Rate {
  return { messagesPerSecond, burst };
}

/** The rate of one that stands for `count` devices. */
export function times({ messagesPerSecond, burst }: Rate, count: number): Rate {
  return { messagesPerSecond: messagesPerSecond * count, burst: burst * count };
}

/** ms from one message to the next, and how many ms before its time one may come; of GCRA. */
export function pacingOf({ messagesPerSecond, burst }: Rate): { readonly intervalMs: number; readonly slackMs: number } {
  if (messagesPerSecond === 0) return { intervalMs: 0, slackMs: 0 };
  const intervalMs = 1000 / messagesPerSecond;
  // The last message of a burst is (burst - 1) intervals early. Half of one more keeps rounding from refusing it.
  return { intervalMs, slackMs: Math.max(SLACK_MS_MIN, (burst - 0.5) * intervalMs) };
}
