import { DatabaseUnavailable } from '../../contract/database.js';
import type { Part } from '../part.js';
import { type KeyRoutesOptions, keyRoutes } from './routes.js';

/** Nobody needs to know to the second when a key was used last. */
const NOTE_USES_MS = 60_000;

/** Keys of operators over the API. */
export function keysPart(options: KeyRoutesOptions): Part {
  const { keys } = options;
  const note = () =>
    keys.noteUses().catch((error: Error) => {
      // The next time says the same or later, and the outage has an event of its own.
      if (!(error instanceof DatabaseUnavailable)) throw error;
    });
  let timer: NodeJS.Timeout | undefined;
  return {
    role: 'control',
    routes: keyRoutes(options),
    open: async () => {
      timer = setInterval(() => void note(), NOTE_USES_MS).unref();
    },
    close: async () => {
      clearInterval(timer);
      await note();
    },
  };
}
