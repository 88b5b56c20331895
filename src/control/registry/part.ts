import type { Part } from '../part.js';
import { fleetRoutes } from './fleet-routes.js';
import { registryMetrics } from './metrics.js';
import { type DeviceRoutesOptions, deviceRoutes } from './routes.js';
import { tenantRoutes } from './tenant-routes.js';

/** Devices and their tenants over the API. */
export function registryPart(options: DeviceRoutesOptions): Part {
  const { registry, keys } = options;
  return {
    role: 'control',
    routes: [...deviceRoutes(options), ...fleetRoutes(registry, keys), ...tenantRoutes(registry, keys)],
    metrics: registryMetrics(registry),
  };
}
