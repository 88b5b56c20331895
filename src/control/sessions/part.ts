import type { DataPlane } from '../../contract/data-plane.js';
import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import { sessionMetrics } from './metrics.js';
import { publishRoutes } from './publish-routes.js';
import { retainedRoutes } from './retained-routes.js';
import { sessionRoutes } from './routes.js';

export interface SessionsPartOptions {
  readonly plane: Pick<DataPlane, 'askBroker' | 'brokerCounts' | 'counters'>;
  readonly keys: KeyCheck;
}

/** MQTT sessions over the API, of every process: one with gateways answers for its own, and others say that they have none. */
export function sessionsPart({ plane, keys }: SessionsPartOptions): Part {
  const routes = [sessionRoutes, retainedRoutes, publishRoutes].flatMap((routesOf) => routesOf(plane, keys));
  return { routes, metrics: sessionMetrics(plane) };
}
