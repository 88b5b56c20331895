import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import { serviceRoutes } from './routes.js';
import type { ServiceClients } from './service-clients.js';

/** Service clients over the API. */
export function servicesPart(services: ServiceClients, keys: KeyCheck): Part {
  return { role: 'control', routes: serviceRoutes(services, keys) };
}
