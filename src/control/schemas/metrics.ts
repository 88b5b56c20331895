import { counter, gauge, type Metric } from '../../telemetry/metric.js';
import type { FirmwareNotes } from './firmware-notes.js';
import type { Schemas } from './schemas.js';

export function schemaMetrics(schemas: Pick<Schemas, 'counts'>, notes: Pick<FirmwareNotes, 'noted'>): Metric[] {
  return [
    gauge('spillway_schemas', 'Payload schemas in use', () => schemas.counts.schemas),
    gauge('spillway_schema_versions', 'Versions of payload schemas, those of retired schemas included', () => schemas.counts.versions),
    counter('spillway_firmware_changes_total', 'Devices that said another firmware version than before', () => notes.noted),
  ];
}
