import type { Part } from '../part.js';
import { type AclRoutesOptions, aclRoutes } from './routes.js';

/** Rules about topics over the API. */
export function aclPart(options: AclRoutesOptions): Part {
  return { role: 'control', routes: aclRoutes(options) };
}
