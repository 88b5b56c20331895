import type { Part } from '../part.js';
import { type DeadLetterRoutesOptions, deadLetterRoutes } from './dead-letter-routes.js';
import { type ReadingRoutesOptions, readingRoutes } from './routes.js';

/** Stored readings over the API. */
export function readingsPart(options: ReadingRoutesOptions): Part {
  return { role: 'control', routes: readingRoutes(options) };
}

/** Stored dead letters over the API, of every process: whoever runs a pipeline asks for them. */
export function deadLettersPart(options: DeadLetterRoutesOptions): Part {
  return { routes: deadLetterRoutes(options) };
}
