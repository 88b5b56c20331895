import type { DataPlane } from '../../contract/data-plane.js';
import type { Database } from '../../contract/database.js';
import type { Report } from '../../telemetry/report.js';
import type { Part } from '../part.js';
import type { letterEvents } from './events.js';
import { replayRoutes } from './replay-routes.js';
import { ReplayableLetters } from './replayable-letters.js';
import { Replays } from './replays.js';
import { type DeadLetterRoutesOptions, deadLetterRoutes } from './routes.js';

export interface LettersPartOptions extends DeadLetterRoutesOptions {
  readonly database: Database;
  readonly plane: Pick<DataPlane, 'ingest' | 'intake'>;
  readonly event: Report<keyof typeof letterEvents>;
}

/** Dead letters over the API, of every process: whoever runs a pipeline asks for them, and whoever runs gateways tries them again. */
export function lettersPart(options: LettersPartOptions): Part {
  const { database, plane, keys, event } = options;
  const replays = new Replays({ letters: new ReplayableLetters(database), plane, event });
  return {
    routes: [...deadLetterRoutes(options), ...replayRoutes({ replays, plane, keys })],
    close: () => replays.close(),
  };
}
