import type { Part } from '../part.js';
import type { AdminKeys } from './admin-keys.js';
import { keyRoutes } from './routes.js';

/** Admin keys over the API. */
export function keysPart(keys: AdminKeys): Part {
  return { role: 'control', routes: keyRoutes(keys) };
}
