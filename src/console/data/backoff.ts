const delayFirstMs = 500;
const delayMaxMs = 10_000;

/**
 * How long to wait before reconnection `attempt` (0 is the first), in ms: doubling, and the upper half of it at random, so that
 * a room full of open consoles does not come back in one instant. `random` is in [0, 1).
 */
export function reconnectDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(delayMaxMs, delayFirstMs * 2 ** Math.min(attempt, 16));
  return ceiling / 2 + (ceiling / 2) * random;
}
