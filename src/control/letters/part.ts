import type { DataPlane } from '../../contract/data-plane.js';
import type { Database } from '../../contract/database.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { Report } from '../../telemetry/report.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import type { Schemas } from '../schemas/schemas.js';
import { depthMetrics } from './depth.js';
import { depthRoutes } from './depth-routes.js';
import type { letterEvents } from './events.js';
import { LetterWatch } from './letter-watch.js';
import { replayRoutes } from './replay-routes.js';
import { ReplayableLetters } from './replayable-letters.js';
import { Replays } from './replays.js';
import { rerouteBy } from './reroute.js';
import type { LetterLimits } from './retention.js';
import { type DeadLetterRoutesOptions, deadLetterRoutes } from './routes.js';

export interface LettersPartOptions extends DeadLetterRoutesOptions {
  readonly database: Database;
  readonly plane: Pick<DataPlane, 'ingest' | 'intake' | 'lag'>;
  /** Say what a topic means that was not taken. */
  readonly rules: TenantRules;
  readonly registry: Pick<Registry, 'byNumber' | 'count' | 'get'>;
  readonly schemas: Pick<Schemas, 'planOf' | 'usedVersion'>;
  readonly limits: LetterLimits;
  /** The topic that letters are published in; undefined: none. */
  readonly topic?: string | undefined;
  readonly event: Report<keyof typeof letterEvents>;
}

/** Dead letters over the API, of every process: whoever runs a pipeline asks for them, and whoever runs gateways tries them again. */
export function lettersPart(options: LettersPartOptions): Part {
  const { database, plane, keys, limits, topic, event } = options;
  const reroute = rerouteBy(options.registry, options.rules);
  const usedVersion = (number: number) => options.schemas.usedVersion(number);
  const replays = new Replays({ letters: new ReplayableLetters(database), plane, reroute, usedVersion, event });
  const partitions = () => plane.lag().flatMap(({ partition, isHere }) => (isHere ? [partition] : []));
  const watch = new LetterWatch({ database, limits, topic, partitions, event });
  return {
    routes: [...deadLetterRoutes(options), ...depthRoutes({ watch, limits, keys }), ...replayRoutes({ replays, plane, keys })],
    rules: [watch.failing.rule],
    metrics: depthMetrics(() => watch.tallies),
    open: async () => watch.start(),
    close: async () => {
      await Promise.all([replays.close(), watch.close()]);
    },
  };
}
