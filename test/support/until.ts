import { setTimeout as delay } from 'node:timers/promises';

/** What takes long is asked for less often, so that asking does not slow it down. */
const POLL_MS_MAX = 20;

/** TEST_SLOWNESS=4 gives every wait of the tests four times as long, on a machine that is short of processor time. */
export const SLOWNESS = Number(process.env.TEST_SLOWNESS ?? 1);

/** How long a test waits for an event before it fails. It bounds how long a failed test takes, and is no measure of speed. */
export const DEADLINE_MS = 60_000 * SLOWNESS;

/** Calls `probe` until it answers something other than undefined or false, and answers that; rejects with `what` at the deadline. */
export async function until<Value>(what: string, probe: () => Value | Promise<Value>): Promise<Exclude<Awaited<Value>, undefined | false>> {
  const endMs = performance.now() + DEADLINE_MS;
  for (let pollMs = 1; ; pollMs = Math.min(2 * pollMs, POLL_MS_MAX)) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as Exclude<Awaited<Value>, undefined | false>;
    if (performance.now() > endMs) throw new Error(`cannot wait any longer for: ${what} (${DEADLINE_MS} ms)`);
    await delay(pollMs);
  }
}
