import type { Part } from '../part.js';
import { Intake, type IntakeOptions } from './intake.js';
import { ingestMetrics } from './metrics.js';
import { type IngestOptions, ingestRoutes } from './routes.js';

export type IngestPartOptions = Omit<IngestOptions, 'intake'> & IntakeOptions;

/** Messages of devices over HTTP. */
export function ingestPart(options: IngestPartOptions): Part {
  const intake = new Intake(options);
  return { role: 'gateway', routes: ingestRoutes({ ...options, intake }), metrics: ingestMetrics(intake) };
}
