import type { DataPlane } from '../../contract/data-plane.js';
import type { Part } from '../part.js';
import { csvRoutes } from './csv-routes.js';
import { fleetRoutes } from './fleet-routes.js';
import { registryMetrics } from './metrics.js';
import { type DeviceRoutesOptions, deviceRoutes } from './routes.js';
import type { Subdevices } from './subdevices.js';
import { tenantRoutes } from './tenant-routes.js';

export interface RegistryPartOptions extends DeviceRoutesOptions {
  readonly plane: Pick<DataPlane, 'isConnected' | 'onSubdevice' | 'overRate' | 'seenMs'>;
  readonly subdevices: Subdevices;
}

/** Devices and their tenants over the API. */
export function registryPart(options: RegistryPartOptions): Part {
  const { registry, keys, plane, subdevices } = options;
  return {
    role: 'control',
    routes: [...deviceRoutes(options), ...fleetRoutes(registry, keys), ...csvRoutes(registry, keys), ...tenantRoutes(registry, keys)],
    metrics: registryMetrics(registry),
    open: async () => plane.onSubdevice((gateway, id) => void subdevices.add(gateway, id)),
  };
}
