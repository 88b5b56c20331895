import { FaultFinder } from '../letters/fault-finder.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import { influxRoutes } from './influx/routes.js';
import { Intake, type IntakeOptions } from './intake.js';
import { ingestMetrics } from './metrics.js';
import { NamedDevices } from './named-devices.js';
import { type OtlpOptions, otlpRoutes, PointCounts } from './otlp/routes.js';
import { type IngestOptions, ingestRoutes } from './routes.js';
import { TokenDevices } from './token-device.js';

export type IngestPartOptions = Omit<IngestOptions, 'intake' | 'faults'> &
  IntakeOptions & { readonly registry: Pick<Registry, 'children'> } & Pick<OtlpOptions, 'metricNames' | 'stated'>;

/** Messages of devices over HTTP. */
export function ingestPart(options: IngestPartOptions): Part {
  const { registry, ledger, subdevices } = options;
  const intake = new Intake(options);
  const faults = new FaultFinder();
  const tokens = new TokenDevices(registry, ledger, options.acl);
  const named = new NamedDevices(registry, subdevices);
  const points = new PointCounts();
  const routes = [
    ...ingestRoutes({ ...options, intake, faults }),
    ...influxRoutes({ intake, faults, tokens, named }),
    ...otlpRoutes({ ...options, intake, tokens, named, counts: points }),
  ];
  return { role: 'gateway', routes, metrics: ingestMetrics(intake, points) };
}
