import type { DataPlane } from '../../contract/data-plane.js';
import type { Report } from '../../telemetry/report.js';
import type { Part } from '../part.js';
import type { codecsEvents } from './events.js';
import { codecMetrics } from './metrics.js';
import { type CodecRoutesOptions, codecRoutes } from './routes.js';
import { RunCounts } from './run-counts.js';

export interface CodecsPartOptions extends CodecRoutesOptions {
  readonly plane: Pick<DataPlane, 'onCodecRuns'>;
  readonly event: Report<keyof typeof codecsEvents>;
}

/** Codecs of tenants over the API, and what they do in partitions. */
export function codecsPart(options: CodecsPartOptions): Part {
  const counts = new RunCounts(options.event);
  return {
    role: 'control',
    routes: codecRoutes(options),
    metrics: codecMetrics(counts),
    open: async () => options.plane.onCodecRuns((runs) => counts.add(runs, performance.now())),
  };
}
