import type { Part } from '../part.js';
import { type IngestOptions, ingestRoutes } from './routes.js';

/** Messages of devices over HTTP. */
export function ingestPart(options: IngestOptions): Part {
  return { role: 'gateway', routes: ingestRoutes(options) };
}
