import { counter, type Metric } from '../../telemetry/metric.js';
import type { Intake } from './intake.js';
import type { PointCounts } from './otlp/routes.js';

export function ingestMetrics(intake: Pick<Intake, 'messages' | 'verdicts'>, points: PointCounts): Metric[] {
  return [
    counter('spillway_http_messages_total', 'Messages of HTTP bodies that became durable; a body of several items is several', () => {
      return intake.messages;
    }),
    {
      kind: 'counter',
      name: 'spillway_http_verdicts_total',
      help: 'Messages of HTTP bodies whose senders waited for the pipeline, by what became of them',
      label: 'result',
      values: () => Object.entries(intake.verdicts),
    },
    {
      kind: 'counter',
      name: 'spillway_otlp_points_total',
      help: 'Data points of OTLP by what became of them: durable, or not kept and said so in the answer',
      label: 'result',
      values: () => Object.entries(points),
    },
  ];
}
