import type { Part } from '../part.js';
import { type ShadowRoutesOptions, shadowRoutes } from './routes.js';
import { ShadowRuns, type ShadowRunsOptions } from './shadow-runs.js';

export type ShadowPartOptions = ShadowRoutesOptions & Pick<ShadowRunsOptions, 'log' | 'event'>;

/** Shadow runs over the API. */
export function shadowPart(options: ShadowPartOptions): Part {
  const runs = new ShadowRuns(options);
  return { role: 'control', routes: shadowRoutes(runs, options), close: () => runs.close() };
}
