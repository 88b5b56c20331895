import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import { timeZoneRoutes } from './routes.js';
import type { TimeZones } from './time-zones.js';

/** Time zones of tenants over the API. */
export function timeZonesPart(timeZones: TimeZones, keys: KeyCheck): Part {
  return { role: 'control', routes: timeZoneRoutes(timeZones, keys) };
}
