import type { Part } from '../part.js';
import { type ShadowRoutesOptions, shadowRoutes } from './routes.js';
import type { ShadowRuns } from './shadow-runs.js';

export interface ShadowPartOptions extends ShadowRoutesOptions {
  readonly runs: ShadowRuns;
}

/** Shadow runs over the API. */
export function shadowPart({ runs, ...options }: ShadowPartOptions): Part {
  return { role: 'control', routes: shadowRoutes(runs, options), close: () => runs.close() };
}
