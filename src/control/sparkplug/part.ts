import type { EdgePort } from '../../contract/edge-signal.js';
import { counter } from '../../telemetry/metric.js';
import type { Part } from '../part.js';
import { Rebirths, type RebirthsOptions } from './rebirths.js';

/** What edge nodes of Sparkplug are asked for. */
export function sparkplugPart(options: RebirthsOptions & { readonly plane: EdgePort }): Part {
  const rebirths = new Rebirths(options);
  return {
    metrics: [
      counter('spillway_sparkplug_rebirths_asked_total', 'Commands for a rebirth that an edge node got', () => rebirths.asked),
      counter(
        'spillway_sparkplug_rebirths_unheard_total',
        'Commands for a rebirth to whose topic no client had subscribed',
        () => rebirths.unheard,
      ),
    ],
    open: async () => options.plane.onEdgeSignal((signal) => rebirths.take(signal)),
    close: () => rebirths.settled(),
  };
}
