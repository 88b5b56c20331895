import type { Segment } from './segment.js';

/**
 * How many of the oldest segments may go: those that lie wholly below `needed` and whose last
 * message is older than `beforeUs`. A segment's last message is older than the next one's first, so
 * that one's time is asked; this keeps a segment a little too long, never too short.
 *
 * Needed are what is not committed, and what state is rebuilt from. What a checkpoint knows is not needed any more
 * and still kept for a while, so that without any checkpoint state comes back over the whole deduplication window.
 */
export function removableSegments(segments: readonly Readonly<Segment>[], needed: bigint, beforeUs: bigint): number {
  let count = 0;
  for (;;) {
    const next = segments[count + 1];
    if (!next || next.base > needed || next.firstUs === undefined || next.firstUs >= beforeUs) return count;
    count++;
  }
}
