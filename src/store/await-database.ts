import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../contract/backoff.js';
import { DatabaseUnavailable } from '../contract/database.js';
import { sessionFault } from './client/session-fault.js';

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5000;

export interface AwaitOptions {
  /** Called with each new cause, the first one included; the next attempt waits until it has settled. */
  waiting(cause: string): Promise<void>;
  /** Ends the waiting: the last failure is thrown. */
  readonly signal: AbortSignal;
}

/** Tries again for as long as the database is away, silent or read-only; throws what no waiting mends, as a wrong password. */
export async function awaitDatabase<Result>(attempt: () => Promise<Result>, { waiting, signal }: AwaitOptions): Promise<Result> {
  const backoff = new Backoff(RETRY_MS_MIN, RETRY_MS_MAX);
  let told: string | undefined;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isOutage(error)) throw error;
      const { message } = error as Error;
      if (message !== told) await waiting(message);
      told = message;
    }
    await delay(backoff.next(), undefined, { signal }).catch(() => {});
  }
}

/** Whether the error says that the database is away, silent or read-only, which waiting may mend. */
export function isOutage(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || sessionFault((error as Error).cause ?? error) !== undefined;
}
