import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import { groupRoutes } from './routes.js';

/** Groups of devices over the API. */
export function groupsPart(registry: Registry, keys: KeyCheck): Part {
  return { role: 'control', routes: groupRoutes(registry, keys) };
}
