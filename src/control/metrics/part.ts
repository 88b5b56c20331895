import type { Part } from '../part.js';
import { NameWatch, type NameWatchOptions } from './name-watch.js';
import { type MetricNameRoutesOptions, metricNameRoutes } from './routes.js';

/** Names of metrics: who brings them, and what happens at a limit. */
export function metricNamesPart(options: MetricNameRoutesOptions & NameWatchOptions): Part {
  const watch = new NameWatch(options);
  return { routes: metricNameRoutes(options), metrics: watch.metrics, rules: [watch.rule] };
}
