import type { DataPlane } from '../../contract/data-plane.js';
import type { Part } from '../part.js';
import { planeRules } from './alerts.js';
import { planeMetrics } from './metrics.js';
import { type PlaneRoutesOptions, planeRoutes } from './routes.js';

export interface PlanePartOptions extends PlaneRoutesOptions {
  readonly plane: DataPlane;
}

/** The data plane as its operator sees it. */
export function planePart(options: PlanePartOptions): Part {
  const { plane } = options;
  return { routes: planeRoutes(options), metrics: planeMetrics(options), rules: planeRules(plane) };
}
