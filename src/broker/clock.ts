/**
 * Two clocks: intervals that run are measured on the monotonic one, which nobody sets; what has to outlive the process is written down
 * in the time of the wall.
 */
export interface Clock {
  /** ms of the Unix epoch. */
  wallMs(): number;
  /** ms since some start. */
  steadyMs(): number;
}

export const systemClock: Clock = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/** What is left of an interval that began at `fromMs` of the wall. A clock that was set back cannot make it longer. */
export function secondsLeft(clock: Clock, fromMs: number, seconds: number): number {
  return Math.min(seconds, Math.max(0, seconds - (clock.wallMs() - fromMs) / 1000));
}
