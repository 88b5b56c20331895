import type { Part } from '../part.js';
import { type ReadingRoutesOptions, readingRoutes } from './routes.js';

/** Stored readings over the API. */
export function readingsPart(options: ReadingRoutesOptions): Part {
  return { role: 'control', routes: readingRoutes(options) };
}
