import type { Segment } from './segment.js';

/**
 * How many of the oldest segments may go: those that lie wholly below `committed` and whose last
 * message is older than `beforeUs`. A segment's last message is older than the next one's first, so
 * that one's time is asked; this keeps a segment a little too long, never too short.
 *
 * Committed is not enough by itself: state is rebuilt from the log over the whole deduplication window.
 */
export function removableSegments(segments: readonly Readonly<Segment>[], committed: bigint, beforeUs: bigint): number {
  let count = 0;
  for (;;) {
    const next = segments[count + 1];
    if (!next || next.base > committed || next.firstUs === undefined || next.firstUs >= beforeUs) return count;
    count++;
  }
}
