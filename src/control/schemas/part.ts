import type { DataPlane } from '../../contract/data-plane.js';
import type { Report } from '../../telemetry/report.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import type { schemasEvents } from './events.js';
import { FirmwareNotes } from './firmware-notes.js';
import { schemaMetrics } from './metrics.js';
import { pinRoutes } from './pin-routes.js';
import { type SchemaRoutesOptions, schemaRoutes } from './routes.js';
import { schemaTrialRoutes } from './trial-routes.js';

export interface SchemasPartOptions extends SchemaRoutesOptions {
  readonly registry: Registry;
  readonly plane: Pick<DataPlane, 'onFirmware'>;
  readonly event: Report<keyof typeof schemasEvents>;
}

/** Payload schemas over the API, and the firmware that devices report. */
export function schemasPart(options: SchemasPartOptions): Part {
  const { schemas, registry, plane, event } = options;
  const notes = new FirmwareNotes(registry, event);
  return {
    role: 'control',
    routes: [...schemaRoutes(options), ...pinRoutes(options), ...schemaTrialRoutes(options)],
    metrics: schemaMetrics(schemas, notes),
    open: async () => plane.onFirmware((device, version) => notes.add(device, version)),
    close: () => notes.settled(),
  };
}
