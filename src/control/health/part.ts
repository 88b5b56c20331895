import type { Part } from '../part.js';
import { refusalRoutes } from './refusal-routes.js';
import { type HealthOptions, healthRoutes } from './routes.js';

export function healthPart(options: HealthOptions): Part {
  return { routes: [...healthRoutes(options), ...refusalRoutes()] };
}
