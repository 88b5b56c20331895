import { counter, type Metric } from '../../telemetry/metric.js';
import type { Intake } from './intake.js';

export function ingestMetrics(intake: Pick<Intake, 'messages' | 'verdicts'>): Metric[] {
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
  ];
}
