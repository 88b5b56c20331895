import type { Appliance } from '../appliance.js';
import { until } from '../until.js';

/** The offsets in the log lines of one event, in the order of the lines. */
export function offsetsOf(process: Appliance, event: string): number[] {
  const lines = process.output().split('\n');
  return lines.filter((line) => line.includes(`"${event}"`)).map((line) => Number(/"offset":"(\d+)"/.exec(line)?.[1]));
}

/** Waits until the log has exactly `count` lines of the event; returns their offsets. */
export async function saysOffsets(process: Appliance, event: string, count: number): Promise<number[]> {
  await until(`it says ${event} ${count} times`, () => offsetsOf(process, event).length === count);
  return offsetsOf(process, event);
}
